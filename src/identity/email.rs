//! E-mail addresses, as far as a text can be one.

/// Whether a text can be an e-mail address: something before the last `@`, a domain behind it, no white space or control character.
pub(crate) fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty())
        && text.chars().count() <= 320
        && !text.chars().any(|character| character.is_whitespace() || character.is_control())
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn an_address_has_two_parts() {
        assert!(is_email("ana@acme.com") && is_email("\"a@b\"@acme.com") && is_email("ana@localhost"));
        assert!(
            !is_email("ana") && !is_email("@acme.com") && !is_email("ana@") && !is_email("a na@acme.com") && !is_email("ana@acme.com\n")
        );
    }
}
