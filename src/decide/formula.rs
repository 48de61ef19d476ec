//! What a goal comes down to once the data have been asked: other goals, and what is known of them.

/// How much is known to be so. The order is that of `or` (the greater) and `and` (the lesser).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    No,
    Undecided,
    Yes,
}

impl Truth {
    pub(super) fn negated(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Undecided => Truth::Undecided,
            Truth::Yes => Truth::No,
        }
    }
}

impl From<bool> for Truth {
    fn from(yes: bool) -> Truth {
        if yes { Truth::Yes } else { Truth::No }
    }
}

/// What a goal comes down to.
#[derive(Debug)]
pub(super) enum Formula {
    Known(Truth),
    /// The goal of this number
    Goal(u32),
    Any(Parts),
    All(Parts),
    ButNot(Box<[Formula; 2]>),
}

/// The parts of a union or an intersection that are not decided yet.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Not looked at
    pub(super) open: Vec<Formula>,
    /// Waiting for a cycle to close
    pub(super) waiting: Vec<Formula>,
    /// One of the parts that are gone was undecided
    pub(super) undecided: bool,
}
