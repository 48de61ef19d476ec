//! Secrets that are known by their form: signed tokens, keys of well-known services, keys in armour, passwords in URLs.

use super::names::MASK;

/// How tokens begin, and how long each is at least.
const BEGINNINGS: [(&str, usize); 34] = [
    // `<samlp:Response`, `<saml2p:Response`, `<Response` in base64
    ("PHNhbWxwOlJlc3BvbnNl", 20),
    ("PHNhbWwycDpSZXNwb25zZ", 21),
    ("PFJlc3BvbnNl", 12),
    // Tickets of CAS
    ("ST-", 12),
    ("PT-", 12),
    ("PGT-", 12),
    ("TGT-", 12),
    // GitHub, GitLab, Slack, Stripe, Google, SendGrid, npm, PyPI, DigitalOcean, Shopify, Vault, AWS, OpenAI
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 20),
    ("xoxa-", 15),
    ("xoxb-", 15),
    ("xoxe-", 15),
    ("xoxp-", 15),
    ("xoxr-", 15),
    ("xapp-", 15),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("whsec_", 16),
    ("ya29.", 20),
    ("AIza", 35),
    ("SG.", 30),
    ("npm_", 20),
    ("pypi-", 20),
    ("dop_v1_", 20),
    ("shpat_", 20),
    ("hvs.", 20),
    ("ASIA", 20),
    ("sk-", 20),
];

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '/' | '~')
}

/// A text without the secrets that are known by their form.
pub(super) fn masked(given: &str) -> String {
    tokens(&credentials(&armoured(given)))
}

/// Whether a word is a token: one of a service, or a JSON Web Token, which is at least two parts with a dot between.
fn is_token(word: &str) -> bool {
    let is_signed = word.starts_with("eyJ") && word.len() >= 12 && word.contains('.');
    is_signed || BEGINNINGS.iter().any(|(start, least)| word.starts_with(start) && word.len() >= *least && has_digit_or_case(word))
}

/// Whether a word is anything but small letters, as names are.
fn has_digit_or_case(word: &str) -> bool {
    word.contains(|c: char| c.is_ascii_digit())
        || word.contains(|c: char| c.is_ascii_lowercase()) && word.contains(|c: char| c.is_ascii_uppercase())
}

fn tokens(given: &str) -> String {
    let mut kept = String::with_capacity(given.len());
    let mut rest = given;
    while let Some(start) = rest.find(is_of_token) {
        let (before, from) = rest.split_at(start);
        kept.push_str(before);
        let (mut word, after) = from.split_at(from.find(|c| !is_of_token(c)).unwrap_or(from.len()));
        // A token may be a part of a path.
        while let Some((part, others)) = word.split_once('/').filter(|_| !is_token(word)) {
            kept.push_str(if is_token(part) { MASK } else { part });
            kept.push('/');
            word = others;
        }
        kept.push_str(if is_token(word) { MASK } else { word });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// Private keys between their lines.
fn armoured(given: &str) -> String {
    let mut kept = String::with_capacity(given.len());
    let mut rest = given;
    while let Some(at) = rest.find("-----BEGIN ") {
        let (before, block) = rest.split_at(at);
        kept.push_str(before);
        let line = block.get(11..).unwrap_or_default();
        let is_private = line.split("-----").next().is_some_and(|kind| kind.len() < 60 && kind.contains("PRIVATE KEY"));
        if !is_private {
            kept.push_str("-----BEGIN ");
            rest = line;
            continue;
        }
        kept.push_str(MASK);
        let end = line.find("-----END ").map_or(line.len(), |end| end + 9);
        let behind = line.get(end..).unwrap_or_default();
        rest = behind.find("-----").and_then(|at| behind.get(at + 5..)).unwrap_or_default();
    }
    kept.push_str(rest);
    kept
}

/// The password, or the only word, in front of the host of a URL.
fn credentials(given: &str) -> String {
    let mut kept = String::with_capacity(given.len());
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`');
    for piece in given.split_inclusive(ends) {
        let word = piece.trim_end_matches(ends);
        let mut rest = word;
        while let Some(at) = rest.find("//") {
            let (before, url) = rest.split_at(at + 2);
            kept.push_str(before);
            let info = user_info(url);
            rest = url.get(info.len()..).unwrap_or_default();
            match info.split_once(':') {
                Some((user, password)) => {
                    kept.push_str(user);
                    kept.push(':');
                    kept.push_str(if password.is_empty() { "" } else { MASK });
                }
                None if !info.is_empty() && (before.ends_with("https://") || before.ends_with("http://")) => kept.push_str(MASK),
                None => kept.push_str(info),
            }
        }
        kept.push_str(rest);
        kept.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    kept
}

/// What stands in front of the host; `url` is what follows the slashes.
fn user_info(url: &str) -> &str {
    let end = url.find(['/', '?', '#', '\\']).unwrap_or(url.len());
    let host = url.get(..end).unwrap_or_default();
    // An unencoded slash in a password ends the host early, and what is in front of it is no port.
    let is_cut = host.split_once(':').is_some_and(|(_, port)| !port.bytes().all(|byte| byte.is_ascii_digit()) && !host.starts_with('['));
    let at = host.rfind('@').or_else(|| if is_cut { url.rfind('@') } else { None });
    at.and_then(|at| url.get(..at)).unwrap_or_default()
}
