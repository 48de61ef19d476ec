//! The language of claim templates: JSON with expressions in it, parsed once and rendered for each user.
//!
//! `{{ path }}` is the value that lies there, `{{ a || b || 'text' }}` the first that is not null. Outside quotation marks an expression is a
//! whole JSON value, inside a string a part of its text. What it stands for is written as JSON, so no value can end a string or add a key.
//! Printing a template and parsing that gives the same template.

pub(crate) mod cache;
mod parser;
mod printing;
mod rendering;
mod shapes;
#[cfg(test)]
mod tests;
mod tree;

pub(crate) use tree::Template;
