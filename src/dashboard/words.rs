//! Text out of the database as it may be shown, and the small parts that pages are made of: links, lists, forms.
//!
//! Whatever stands in the file may have been written by anybody. maud escapes it; here it is kept apart from the text around it, so that
//! marks that turn the direction of writing end where the name ends, and what would not be seen is shown by its number.

use authz::rusqlite::types::Value;
use form_urlencoded::byte_serialize;
use maud::{Markup, Render, html};

use super::file::text;
use super::page::View;

/// How many rows a list shows at once.
pub(crate) const PAGE: usize = 50;

/// Whether a character acts without being seen: controls, and the marks that turn the direction or have no width.
fn acts_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

/// Text for where no markup can stand: a title, an option, a label.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match acts_unseen(c) {
            true => plain.push_str(&format!("⟨U+{:04X}⟩", u32::from(c))),
            false => plain.push(c),
        }
    }
    plain
}

/// Text as it stands in the file.
pub(crate) fn shown(text: &str) -> Markup {
    let parts = text.split_inclusive(acts_unseen).map(|part| match part.char_indices().next_back() {
        Some((at, last)) if acts_unseen(last) => (part.get(..at).unwrap_or_default(), Some(u32::from(last))),
        _ => (part, None),
    });
    html! {
        bdi {
            @for (words, mark) in parts {
                (words)
                @if let Some(mark) = mark { span.unseen-mark { "U+" (format!("{mark:04X}")) } }
            }
        }
    }
}

/// The URL of a page.
pub(crate) fn href(page: &str, parameters: &[(&str, &str)]) -> String {
    let mut url = page.to_owned();
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(name);
        url.push('=');
        url.extend(byte_serialize(value.as_bytes()));
    }
    url
}

/// A subject, `group:eng#member` and `user:*` too, as a link to its page.
pub(crate) fn subject(name: &str) -> Markup {
    let (kind, id) = name.split_once(':').unwrap_or(("", name));
    let of = name.split_once('#').map_or(name, |(of, _)| of);
    html! { a.subject href=(href("subject", &[("id", of)])) { span.kind { (shown(kind)) } (shown(id)) } }
}

/// The URL of a resource's page.
pub(crate) fn resource_href(resource_type: &str, id: &Value) -> String {
    href("resource", &[("type", resource_type), ("id", &text(id))])
}

/// A resource as a link to its page.
pub(crate) fn resource(resource_type: &str, id: &Value, name: Option<&str>) -> Markup {
    let id_text = text(id);
    html! {
        a.resource href=(resource_href(resource_type, id)) {
            span.kind { (shown(resource_type)) }
            (shown(name.unwrap_or(&id_text)))
            @if name.is_some_and(|name| name != id_text) { " " span.id { (shown(&id_text)) } }
        }
    }
}

/// A role as a link to its page; one of an organization with it.
pub(crate) fn role(slug: &str, organization: &Value) -> Markup {
    let of = text(organization);
    html! {
        a.role href=(href("role", &[("slug", slug), ("organization", &of)])) { (shown(slug)) }
        @if !of.is_empty() { " " span.id { "of " (shown(&of)) } }
    }
}

/// A permission as a link to its page.
pub(crate) fn permission(slug: &str) -> Markup {
    html! { a.permission href=(href("permission", &[("slug", slug)])) { (shown(slug)) } }
}

/// A time of the file: `2027-01-31T12:00:00.000Z` without what does not matter to people.
pub(crate) fn time(at: &str) -> Markup {
    let short = at.replacen('T', " ", 1);
    let short = short.split_once('.').map_or(short.as_str(), |(seconds, _)| seconds);
    html! { time datetime=(at) title=(format!("{} UTC", plain(at))) { (plain(short)) } }
}

/// An expiry: never, at a time, or over.
pub(crate) fn expiry(at: Option<&str>, now: &str) -> Markup {
    match at {
        None => html! { span.muted { "never" } },
        Some(at) if at <= now => html! { span.bad { "expired " (time(at)) } },
        Some(at) => time(at),
    }
}

/// Values that say where the next page begins, as one parameter. Ids have no white space, and an integer is no text.
pub(crate) fn cursor(values: &[&Value]) -> String {
    let mark = |value: &&Value| match value {
        Value::Integer(number) => format!("i{number}"),
        other => format!("t{}", text(other)),
    };
    values.iter().map(mark).collect::<Vec<_>>().join(" ")
}

/// Before every id: ids are integers and texts, and this is less than any of them.
pub(crate) const BEFORE_IDS: Value = Value::Real(f64::NEG_INFINITY);
/// Before every text that is not empty.
pub(crate) const BEFORE_TEXTS: Value = Value::Text(String::new());

/// The values that [`cursor`] made one of; those of `start` where there are none.
pub(crate) fn uncursor<const N: usize>(given: Option<&str>, start: [Value; N]) -> [Value; N] {
    let parts: Vec<Value> = given
        .unwrap_or_default()
        .split(' ')
        .filter_map(|part| match (part.strip_prefix('i'), part.strip_prefix('t')) {
            (Some(number), _) => number.parse().ok().map(Value::Integer),
            (_, Some(text)) => Some(Value::Text(text.to_owned())),
            _ => None,
        })
        .collect();
    parts.try_into().unwrap_or(start)
}

/// Takes off the row that was read to see whether there are more.
pub(crate) fn cut<T>(rows: &mut Vec<T>) -> bool {
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    more
}

/// The links below a list: back to its beginning, and on.
pub(crate) fn pager(view: &View<'_>, page: &str, kept: &[&str], cursor_name: &str, next: Option<&str>) -> Markup {
    let here: Vec<(&str, &str)> = kept.iter().map(|name| (*name, view.text(name))).collect();
    let further = next.map(|next| href(page, &[here.as_slice(), &[(cursor_name, next)]].concat()));
    let is_first = view.get(cursor_name).is_none();
    html! {
        @if !is_first || further.is_some() {
            nav.pager aria-label="Pages" {
                @if !is_first { a href=(href(page, &here)) { "To the beginning" } }
                @if let Some(further) = further { a href=(further) rel="next" { "Next page" } }
            }
        }
    }
}

/// A button that changes something, with what it needs.
pub(crate) fn button(view: &View<'_>, action: &str, fields: &[(&str, &str)], words: impl Render, label: &str) -> Markup {
    html! {
        @if view.writable() {
            form.inline method="post" action=(action) {
                @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                (back(view))
                button.small type="submit" aria-label=(label) { (words) }
            }
        }
    }
}

/// The hidden field that says where to go afterwards: here again.
pub(crate) fn back(view: &View<'_>) -> Markup {
    html! { input type="hidden" name="back" value=(view.here); }
}

/// A field with its label.
pub(crate) fn field(label: &str, name: &str, value: &str, hint: &str) -> Markup {
    html! {
        label { span { (label) } input type="text" name=(name) value=(value) placeholder=(hint) autocomplete="off" spellcheck="false"; }
    }
}

/// A field that proposes some of what it may hold.
pub(crate) fn field_of(label: &str, name: &str, value: &str, hint: &str, list: &str) -> Markup {
    html! {
        label {
            span { (label) }
            input type="text" name=(name) value=(value) placeholder=(hint) list=(list) autocomplete="off" spellcheck="false";
        }
    }
}

/// A choice among slugs; the empty one first where `none` says what it means.
pub(crate) fn choice(label: &str, name: &str, chosen: &str, none: Option<&str>, all: &[String]) -> Markup {
    html! {
        label {
            span { (label) }
            select name=(name) {
                @if let Some(none) = none { option value="" selected[chosen.is_empty()] { (none) } }
                @for one in all { option value=(one) selected[one == chosen] { (plain(one)) } }
                @if !chosen.is_empty() && !all.iter().any(|one| one == chosen) { option value=(chosen) selected { (plain(chosen)) } }
            }
        }
    }
}

/// A part of a page that opens.
pub(crate) fn folded(title: &str, open: bool, body: Markup) -> Markup {
    html! { details.fold open[open] { summary { (title) } (body) } }
}

/// Said where a list is empty.
pub(crate) fn none(words: &str) -> Markup {
    html! { p.none { (words) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_unseen_is_shown_and_the_rest_escaped() {
        let markup = shown("<b>a\u{202e}b\u{1}\u{2067}").into_string();
        assert_eq!(
            markup,
            "<bdi>&lt;b&gt;a<span class=\"unseen-mark\">U+202E</span>b<span class=\"unseen-mark\">U+0001</span>\
             <span class=\"unseen-mark\">U+2067</span></bdi>"
        );
        assert_eq!(plain("a\u{200b}\"<"), "a⟨U+200B⟩\"<");
        assert_eq!(shown("").into_string(), "<bdi></bdi>");
    }

    #[test]
    fn a_url_says_what_it_was_made_of() {
        assert_eq!(href("resource", &[("type", "a b"), ("none", ""), ("id", "x&y=ü#+")]), "resource?type=a+b&id=x%26y%3D%C3%BC%23%2B");
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let values = [Value::Text("i7".into()), Value::Integer(-7), Value::Text("42".into())];
        let start = || [BEFORE_TEXTS, BEFORE_IDS, BEFORE_TEXTS];
        assert_eq!(uncursor(Some(&cursor(&values.iter().collect::<Vec<_>>())), start()), values);
        assert_eq!(uncursor(None, start()), start());
        assert_eq!(uncursor(Some("i1 t2"), start()), start());
    }
}
