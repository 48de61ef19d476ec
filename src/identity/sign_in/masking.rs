//! What is secret in a request or a response, masked before anybody stores it: assertions, codes, tokens, passwords, cookies.
//!
//! A secret is known by its name, at any depth and in any case: as a key of JSON, a parameter of a URL or a form, a header, an element of
//! XML, a field of an HTML form. Tokens that show what they are by their form are masked wherever they stand. Nothing is ever unpacked
//! further than it takes to find such a name, and what cannot be taken apart stays as it is.

use serde_json::Value;

/// What stands in the place of a secret.
const MASK: &str = "[masked]";

/// How often an encoded text within a text is opened.
const DEEPEST: usize = 4;

/// Names of secrets, without regard to case, `-` and `_`.
const SECRETS: [&str; 21] = [
    "assertion",
    "authorization",
    "code",
    "codeverifier",
    "cookies",
    "credential",
    "credentials",
    "devicecode",
    "idtokenhint",
    "jwt",
    "otp",
    "passphrase",
    "passwd",
    "proxyauthorization",
    "pwd",
    "samlart",
    "samlresponse",
    "authcode",
    "authorizationcode",
    "encryptedassertion",
    "usercode",
];

/// How the names of secrets end.
const ENDINGS: [&str; 7] = ["apikey", "assertion", "cookie", "password", "privatekey", "secret", "token"];

fn is_secret(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    SECRETS.contains(&name.as_str()) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// A value with everything secret in it masked.
pub(crate) fn masked(value: Value) -> Value {
    json(value, DEEPEST)
}

fn json(value: Value, depth: usize) -> Value {
    match value {
        Value::Object(fields) => {
            // Headers as a list of objects: {"name": "Cookie", "value": "…"}.
            let names_secret =
                fields.iter().any(|(key, value)| ["name", "key"].contains(&key.as_str()) && value.as_str().is_some_and(is_secret));
            let field = |(key, value): (String, Value)| {
                let hides = is_secret(&key) || names_secret && key.eq_ignore_ascii_case("value");
                let value = if hides && !value.is_null() { MASK.into() } else { json(value, depth) };
                (key, value)
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        Value::Array(items) => match items.as_slice() {
            // A header or parameter as a pair.
            [Value::String(name), second] if is_secret(name) && !second.is_null() => {
                Value::Array(vec![Value::String(name.clone()), MASK.into()])
            }
            _ => Value::Array(items.into_iter().map(|item| json(item, depth)).collect()),
        },
        Value::String(given) => Value::String(text(&given, depth)),
        other => other,
    }
}

/// A text with everything secret in it masked.
fn text(given: &str, depth: usize) -> String {
    let Some(depth) = depth.checked_sub(1) else { return MASK.to_owned() };
    let trimmed = given.trim_start();
    if trimmed.starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str::<Value>(given)
    {
        return json(value, depth).to_string();
    }
    tokens(&named(&elements(given), depth))
}

/// Elements of XML whose name is that of a secret, with all that is in them.
fn elements(given: &str) -> String {
    let mut kept = String::new();
    let mut rest = given;
    while let Some(at) = rest.find('<') {
        let (before, element) = rest.split_at(at);
        kept.push_str(before);
        let inside = element.get(1..).unwrap_or_default();
        let name = inside.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/' | '<')).next().unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or_default();
        if local.is_empty() || !is_secret(local) {
            kept.push('<');
            rest = inside;
            continue;
        }
        kept.push_str(MASK);
        let end = format!("</{name}");
        let after = inside.find(&end).and_then(|at| inside.get(at + end.len()..));
        rest = after.and_then(|after| after.find('>').and_then(|at| after.get(at + 1..))).unwrap_or_default();
    }
    kept.push_str(rest);
    kept
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '%' | '[' | ']')
}

/// Values that stand behind the name of a secret: `name=value`, `name: value`, and the value of a form's field of that name.
fn named(given: &str, depth: usize) -> String {
    let mut kept = String::new();
    let mut rest = given;
    // A field of an HTML form: name="SAMLResponse" value="…".
    let mut is_field = false;
    while let Some(at) = rest.find(['=', ':']) {
        let (before, sign) = rest.split_at(at);
        let (sign, after) = sign.split_at(1);
        kept.push_str(before);
        kept.push_str(sign);
        let unquoted = before.trim_end().trim_end_matches(['"', '\'', '\\']);
        let name = unquoted.rsplit(|c| !is_name(c)).next().unwrap_or_default();
        // A header or a key; in running text a code is more often that of an error.
        let lead = unquoted.strip_suffix(name).unwrap_or_default();
        let is_prose = sign == ":" && !lead.is_empty() && !lead.ends_with(['\r', '\n', '"', '\'']);
        let name = decoded(name).unwrap_or_else(|| name.to_owned());
        let start = after.len() - after.trim_start_matches([' ', '"', '\'', '\\']).len();
        let (space, value) = after.split_at(start);
        let is_quoted = space.contains(['"', '\'']);
        let hides = is_secret(&name) && !(is_prose && name.eq_ignore_ascii_case("code"));
        let is_value = name.eq_ignore_ascii_case("value");
        let ends = |c: char| match (sign, is_quoted) {
            (_, true) => matches!(c, '"' | '\''),
            (":", false) => matches!(c, '\r' | '\n'),
            _ => c.is_whitespace() || matches!(c, '&' | '#' | ';' | ',' | '"' | '\'' | '<' | '>' | '}' | '='),
        };
        // A line is looked through to its end only where it will be masked, for there may be many colons in it.
        if sign == ":" && !hides && !is_quoted {
            rest = after;
            continue;
        }
        let (value, behind) = value.split_at(value.find(ends).unwrap_or(value.len()));
        if (hides || is_field && is_value) && !value.is_empty() {
            kept.push_str(space);
            kept.push_str(MASK);
            (is_field, rest) = (false, behind);
            continue;
        }
        is_field = is_field && !is_value || name.eq_ignore_ascii_case("name") && is_secret(value);
        // A URL within a URL.
        let inner = if sign == "=" { decoded(value) } else { None };
        if let Some(inner) = inner
            && text(&inner, depth) != inner
        {
            kept.push_str(space);
            kept.push_str(MASK);
            rest = behind;
            continue;
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// A percent-encoded text as it was before; `None` where nothing is encoded.
fn decoded(given: &str) -> Option<String> {
    given.contains('%').then(|| {
        let mut bytes = Vec::with_capacity(given.len());
        let mut rest = given.as_bytes();
        while let Some((first, others)) = rest.split_first() {
            let digits = others.get(..2).and_then(|two| std::str::from_utf8(two).ok());
            match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
                Some(byte) => {
                    bytes.push(byte);
                    rest = others.get(2..).unwrap_or_default();
                }
                None => {
                    bytes.push(*first);
                    rest = others;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Words that are tokens by their form, or follow the name of a scheme: JSON Web Tokens, `Bearer …`, `Basic …`, SAML responses in base64.
fn tokens(given: &str) -> String {
    let mut kept = String::new();
    let mut is_next = false;
    for word in
        given.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '&' | '=' | '<' | '>' | '(' | ')'))
    {
        let bare =
            word.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';' | '&' | '=' | '<' | '>' | '(' | ')'));
        let is_token = bare.starts_with("eyJ") && bare.matches('.').count() >= 2
            // `<samlp:Response`, `<saml2p:Response`, `<Response`, `<ns…:Response`
            || ["PHNhbWxwOlJlc3BvbnNl", "PHNhbWwycDpSZXNwb25zZ", "PFJlc3BvbnNl"].iter().any(|start| bare.starts_with(start));
        if (is_token || is_next) && bare != MASK && !bare.is_empty() {
            kept.push_str(MASK);
            kept.push_str(word.get(bare.len()..).unwrap_or_default());
        } else {
            kept.push_str(word);
        }
        is_next = ["bearer", "basic", "negotiate", "dpop"].iter().any(|scheme| bare.eq_ignore_ascii_case(scheme))
            && word.get(bare.len()..).is_some_and(|end| end.starts_with(' '));
    }
    kept
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::masked;

    const MARK: &str = "s3cr3t";

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        for hidden in [
            json!({"SAMLResponse": MARK}),
            json!({"body": {"Access_Token": MARK, "list": [{"REFRESH-TOKEN": [MARK]}]}}),
            json!({"clientSecret": {"value": MARK}}),
            json!({"headers": {"Set-Cookie": MARK, "authorization": format!("Bearer {MARK}")}}),
            json!({"headers": [{"name": "Cookie", "value": MARK}, ["Authorization", MARK]]}),
            json!(format!("https://app.test/cb?code={MARK}&state=1")),
            json!(format!("https://app.test/cb#id_token={MARK}")),
            json!(format!("grant_type=authorization_code&code={MARK}&client%5Fsecret={MARK}")),
            json!(format!("https://idp.test/?next=https%3A%2F%2Fapp.test%2Fcb%3Fcode%3D{MARK}")),
            json!(format!("POST /cb HTTP/1.1\r\nCookie: sid={MARK}; b={MARK}\r\n\r\npassword={MARK}")),
            json!(format!("{{\"id_token\": \"{MARK}\"}}")),
            json!(format!("said {{\"id_token\": \"{MARK}\", and broke off")),
            json!(format!("<samlp:Response><saml:Assertion ID=\"1\"><a>{MARK}</a></saml:Assertion></samlp:Response>")),
            json!(format!("<EncryptedAssertion>{MARK}")),
            json!(format!("<form><input type=\"hidden\" name=\"SAMLResponse\" value=\"{MARK}\"/></form>")),
            json!(format!("the proxy sent Bearer {MARK}")),
            json!(format!("signed in as ana, password: {MARK}")),
            json!(format!("state: 1\ncode: {MARK}")),
            json!({"note": format!("eyJhbGciOiJub25lIn0.{MARK}.x")}),
            json!({"body": format!("{{\"inner\": \"password={MARK}\"}}")}),
        ] {
            let shown = masked(hidden.clone()).to_string();
            assert!(!shown.contains(MARK), "{hidden} → {shown}");
            assert!(shown.contains("[masked]"), "{hidden} → {shown}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for kept in [
            json!({"SAMLRequest": "fZJNT8MwDIbv", "RelayState": "/home", "state": "af0ifj", "nonce": "n-0S6", "token_type": "Bearer"}),
            json!("https://idp.test/authorize?response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fcb&scope=openid"),
            json!({"error": "access_denied", "error_code": "AADSTS50105", "error_description": "The user is not assigned: ask the administrator"}),
            json!("the provider answered with the status code: 403, and no more"),
            json!([1, 2.5, null, true, "a = b", "12:30:00", "", "<a>", "=", "%", "%zz=", "{", "["]),
            json!({"code": null}),
            Value::Null,
        ] {
            assert_eq!(masked(kept.clone()), kept);
        }
    }

    #[test]
    fn much_is_masked_in_time() {
        let long = "code=x&".repeat(20_000) + &"<".repeat(20_000) + &"%25".repeat(20_000);
        assert!(!masked(json!(long)).to_string().contains("code=x"));
    }
}
