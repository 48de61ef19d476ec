//! Which names are those of secrets.
//!
//! A name is taken apart into its words, whatever the way they are joined: `client_secret`, `clientSecret`, `Client-Secret`. Words say what
//! something is; the last one may say that it is only about a secret, such as when it expires.

/// What stands in the place of a secret.
pub(super) const MASK: &str = "[masked]";

/// Members of an object by which it says what another member is: `{"name": "Cookie", "value": "…"}`.
pub(super) const NAMING: [&str; 13] =
    ["attribute", "field", "friendlyname", "header", "id", "key", "kind", "label", "method", "name", "parameter", "property", "type"];

/// Members that such an object says something of.
pub(super) const NAMED: [&str; 9] = ["answer", "content", "data", "val", "value", "values", "text", "body", "default"];

/// Whether a name is one of a list, in whatever case.
pub(super) fn is_one_of(list: &[&str], name: &str) -> bool {
    list.iter().any(|one| one.eq_ignore_ascii_case(name))
}

/// Words that make a secret of whatever they are part of.
const WORDS: [&str; 27] = [
    "assertion",
    "bearer",
    "contrasena",
    "contraseña",
    "cookie",
    "credential",
    "csrf",
    "cvc",
    "cvv",
    "hotp",
    "jwe",
    "jws",
    "jwt",
    "otp",
    "pin",
    "pswd",
    "pw",
    "pwd",
    "secret",
    "senha",
    "sessid",
    "sig",
    "ticket",
    "token",
    "totp",
    "tgt",
    "xsrf",
];

/// The same where they are a part of a word, as in `userpassword` or `passwordhash`.
const PARTS: [&str; 7] = ["password", "passwd", "passphrase", "passcode", "passwort", "kennwort", "motdepasse"];

/// The same where a word ends with them, as in `accesstoken`.
const ENDINGS: [&str; 14] = [
    "accesskey",
    "apikey",
    "assertion",
    "authorization",
    "cookie",
    "credential",
    "jwt",
    "otp",
    "privatekey",
    "pwd",
    "secret",
    "sessid",
    "sessionid",
    "token",
];

/// Names that are secrets as they stand.
const NAMES: [&str; 19] = [
    "authheader",
    "basicauth",
    "code",
    "codeverifier",
    "connectsid",
    "httpauth",
    "oauthverifier",
    "pass",
    "relaystate",
    "samlart",
    "samlresponse",
    "secretanswer",
    "secretid",
    "securityanswer",
    "sid",
    "verifiercode",
    "xamzsignature",
    "xauth",
    "xgoogsignature",
];

/// Of what a code is one that lets somebody in; others are codes of errors or countries.
const CODES: [&str; 38] = [
    "2fa",
    "access",
    "activation",
    "auth",
    "authentication",
    "authorization",
    "backup",
    "bypass",
    "challenge",
    "confirm",
    "confirmation",
    "device",
    "email",
    "exchange",
    "factor",
    "grant",
    "invitation",
    "invite",
    "login",
    "magic",
    "mfa",
    "onetime",
    "otp",
    "pairing",
    "pass",
    "recovery",
    "redeem",
    "reset",
    "scratch",
    "secret",
    "security",
    "session",
    "signin",
    "sms",
    "tfa",
    "unlock",
    "user",
    "verification",
];

/// Of what a key is one that opens something; others find or sort something.
const KEYS: [&str; 24] = [
    "access",
    "account",
    "api",
    "auth",
    "client",
    "encrypt",
    "encryption",
    "function",
    "hmac",
    "master",
    "private",
    "recovery",
    "secret",
    "security",
    "service",
    "session",
    "shared",
    "signing",
    "ssh",
    "storage",
    "subscription",
    "symmetric",
    "token",
    "webhook",
];

/// Last words of a name that is about a secret and does not hold it.
const ABOUT: [&str; 58] = [
    "age",
    "alg",
    "algorithm",
    "at",
    "attempt",
    "audience",
    "changed",
    "consumer",
    "count",
    "created",
    "date",
    "day",
    "description",
    "domain",
    "enabled",
    "endpoint",
    "exp",
    "expiration",
    "expired",
    "expire",
    "expiry",
    "format",
    "header",
    "id",
    "in",
    "index",
    "invalid",
    "issuer",
    "length",
    "lifetime",
    "limit",
    "location",
    "method",
    "minute",
    "missing",
    "name",
    "number",
    "on",
    "path",
    "policy",
    "provider",
    "ref",
    "required",
    "scope",
    "second",
    "status",
    "strength",
    "supported",
    "time",
    "timestamp",
    "transport",
    "ttl",
    "type",
    "updated",
    "uri",
    "url",
    "use",
    "version",
];

/// Whether a name is that of a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let words = words(name);
    let Some((last, others)) = words.split_last() else { return false };
    let whole = words.concat();
    if NAMES.contains(&whole.as_str()) || whole.ends_with("sessionid") {
        return true;
    }
    let is_about = match others.is_empty() {
        false => ABOUT.contains(&last.as_str()),
        true => ABOUT.iter().any(|about| about.len() > 3 && last.len() > about.len() && last.ends_with(about)),
    };
    if is_about || last == "passwordless" {
        return false;
    }
    let opens = |list: &[&str], what: &str| whole.strip_suffix(what).is_some_and(|rest| list.iter().any(|word| rest.ends_with(word)));
    words.iter().any(|word| WORDS.contains(&word.as_str()))
        || PARTS.iter().any(|part| whole.contains(part))
        || ENDINGS.iter().any(|ending| whole.ends_with(ending))
        || opens(&CODES, "code")
        || opens(&KEYS, "key")
}

/// The words of a name in lower case and in the singular, numbers at their ends left out.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = None;
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        if !c.is_alphanumeric() {
            before = None;
            continue;
        }
        let begins = match before {
            None => true,
            // `clientSecret`, and the last of the capitals in `IDToken`.
            Some(last) => {
                c.is_uppercase()
                    && (char::is_lowercase(last) || char::is_uppercase(last) && rest.peek().is_some_and(|next| next.is_lowercase()))
            }
        };
        match words.last_mut() {
            Some(word) if !begins => word.extend(c.to_lowercase()),
            _ => words.push(c.to_lowercase().collect()),
        }
        before = Some(c);
    }
    let singular = |word: String| {
        let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let one = word.strip_suffix('s').filter(|one| one.len() > 2 && !one.ends_with('s'));
        one.unwrap_or(word).to_owned()
    };
    words.into_iter().map(singular).filter(|word| !word.is_empty()).collect()
}

/// Whether the words that a text ends with are the name of a secret: `authorization code`, where `code` alone says little.
pub(super) fn ends_with_secret(text: &str) -> bool {
    let mut from = text.len();
    for _ in 0..3 {
        let before = text.get(..from).unwrap_or_default().trim_end_matches([' ', '\t']);
        from = before.len()
            - before.chars().rev().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).map(char::len_utf8).sum::<usize>();
        let phrase = text.get(from..).unwrap_or_default();
        if from == before.len() {
            return false;
        }
        if is_secret(phrase) && !phrase.eq_ignore_ascii_case("code") {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn a_name_is_known_by_its_words() {
        for name in [
            "password",
            "Password",
            "password_confirmation",
            "newPassword",
            "user[password]",
            "PASSWD",
            "passcode",
            "pin",
            "PIN_CODE",
            "totp",
            "mfa_code",
            "mfaCode",
            "otpCode",
            "sid",
            "JSESSIONID",
            "connect.sid",
            "ASP.NET_SessionId",
            "ticket",
            "serviceTicket",
            "RelayState",
            "SAMLResponse",
            "code",
            "authCode",
            "user_code",
            "backup_codes",
            "recoveryCodes",
            "client_secret",
            "clientSecret",
            "X-Api-Key",
            "private_key",
            "id_token_hint",
            "IDToken",
            "csrfmiddlewaretoken",
            "X-CSRF",
            "Proxy-Authorization",
            "set-cookie2",
            "userPassword",
            "passwordhash",
            "password2",
            "credentials",
            "saml2:Assertion",
            "one_time_code",
            "secret_id",
            "client_assertion",
            "code_verifier",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "",
            "_",
            "token_type",
            "token_endpoint",
            "AssertionConsumerServiceURL",
            "error_code",
            "status_code",
            "countryCode",
            "postal-code",
            "code_challenge",
            "state",
            "nonce",
            "SAMLRequest",
            "pinned",
            "secretary",
            "side",
            "public_key",
            "primary_key",
            "key",
            "passport",
            "sms_status_code",
            "auth_error_code",
            "password_expires_at",
            "passwordExpirationTime",
            "passwordless",
            "objectSid",
            "client_id",
            "laptop",
            "session",
            "user",
            "access",
            "subject_token_type",
            "id_token_signed_response_alg",
            "cookie_name",
            "AssertionIDRef",
            "compass",
            "authorization_endpoint",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
