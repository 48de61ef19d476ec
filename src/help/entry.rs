//! What the help says about one name.

/// What a name is in SQL. In the order in which kinds are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Function,
    TableFunction,
    Table,
    View,
    Module,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Function => "function",
            Kind::TableFunction => "table function",
            Kind::Table => "table",
            Kind::View => "view",
            Kind::Module => "module",
        }
    }
}

/// One name.
pub(super) struct Entry {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// A function: whether it writes the file or changes what the connection keeps. A table or a view: whether plain SQL may write to it.
    pub(super) writes: bool,
    /// Names with types, optional ones in brackets.
    pub(super) arguments: &'static str,
    /// The type and what it means; of tables `rows (…)` with their columns.
    pub(super) result: &'static str,
    pub(super) about: &'static str,
    /// One SQL statement.
    pub(super) example: &'static str,
}

impl Entry {
    /// A function that reads.
    pub(super) const fn reads(
        name: &'static str,
        arguments: &'static str,
        result: &'static str,
        about: &'static str,
        example: &'static str,
    ) -> Entry {
        Entry { name, kind: Kind::Function, writes: false, arguments, result, about, example }
    }

    /// A function that writes.
    pub(super) const fn writes(
        name: &'static str,
        arguments: &'static str,
        result: &'static str,
        about: &'static str,
        example: &'static str,
    ) -> Entry {
        Entry { name, kind: Kind::Function, writes: true, arguments, result, about, example }
    }

    /// A table-valued function.
    pub(super) const fn rows(
        name: &'static str,
        arguments: &'static str,
        result: &'static str,
        about: &'static str,
        example: &'static str,
    ) -> Entry {
        Entry { name, kind: Kind::TableFunction, writes: false, arguments, result, about, example }
    }

    /// A table that plain SQL may write to.
    pub(super) const fn table(name: &'static str, result: &'static str, about: &'static str, example: &'static str) -> Entry {
        Entry { name, kind: Kind::Table, writes: true, arguments: "", result, about, example }
    }

    /// A view that plain SQL may write to.
    pub(super) const fn view(name: &'static str, result: &'static str, about: &'static str, example: &'static str) -> Entry {
        Entry { name, kind: Kind::View, writes: true, arguments: "", result, about, example }
    }

    /// The same, for reading only.
    pub(super) const fn read_only(self) -> Entry {
        Entry { writes: false, ..self }
    }
}
