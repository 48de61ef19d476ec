//! One webhook: where an event is sent, and how it is signed.

use std::fmt::Write;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use ureq::Agent;
use ureq::http::Uri;

use crate::program::failure::Failure;

/// How long an attempt may take. Verifiers allow a signature to be 180 seconds old, and each attempt has one of its own.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What is read of an answer, so that the connection may be used again.
const MOST_READ: u64 = 64 * 1024;

/// Where events are sent.
pub(crate) struct Webhook {
    agent: Agent,
    url: String,
    host: String,
    secret: String,
    header: String,
}

impl Webhook {
    /// A webhook at `url`, its requests signed with `secret` in the header of that name.
    ///
    /// Refuses what is neither https nor http to this machine itself: a secret signs, but it hides nothing.
    pub(crate) fn new(url: &str, secret: String, header: &str) -> Result<Webhook, Failure> {
        let uri: Uri = url.parse().map_err(|_| Failure(format!("the URL `{url}` cannot be read; write https://host/path")))?;
        let host = uri.host().filter(|host| !host.is_empty()).unwrap_or_default().to_owned();
        let is_here = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => address.is_loopback(),
            Err(_) => host.eq_ignore_ascii_case("localhost"),
        };
        match uri.scheme_str() {
            Some("https") if !host.is_empty() => {}
            Some("http") if is_here => {}
            Some("http") => return Err(Failure(format!("plain http to `{host}` would show every event on the way; write https"))),
            _ => return Err(Failure(format!("the URL `{url}` is not one of a webhook; write https://host/path"))),
        }
        if ureq::http::HeaderName::try_from(header).is_err() {
            return Err(Failure(format!("`{header}` is no name of a header; leave it out for `WorkOS-Signature`")));
        }
        let mut config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("authz/", env!("CARGO_PKG_VERSION")));
        if is_here {
            config = config.proxy(None);
        }
        Ok(Webhook { agent: config.build().into(), url: url.to_owned(), host, secret, header: header.to_owned() })
    }

    /// The host, for people: the path of a webhook is often a secret of its own.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Sends an event, signed at this moment. `Err` says why it was not taken: only an answer of 200 to 299 takes it.
    pub(crate) fn send(&self, body: &str) -> Result<(), String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let request = self.agent.post(&self.url).header("Content-Type", "application/json");
        let mut response = request
            .header(&self.header, signature(&self.secret, now, body))
            .send(body)
            .map_err(|error| format!("{} cannot be reached: {error}", self.host))?;
        // What it says does not matter, but a connection whose answer was read to the end can be used again.
        let _ = response.body_mut().with_config().limit(MOST_READ).read_to_vec();
        match response.status() {
            status if status.is_success() => Ok(()),
            status if status.is_redirection() => {
                Err(format!("{} answered {status}, and redirects are not followed; give the URL it leads to", self.host))
            }
            status => Err(format!("{} answered {status}", self.host)),
        }
    }
}

/// `t=<milliseconds>, v1=<hex>`: the HMAC-SHA256 with the secret over `<milliseconds>.<body>`.
fn signature(secret: &str, milliseconds: u128, body: &str) -> String {
    let mut header = format!("t={milliseconds}, v1=");
    // A key of any length will do.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        mac.update(format!("{milliseconds}.{body}").as_bytes());
        for byte in mac.finalize().into_bytes() {
            let _ = write!(header, "{byte:02x}");
        }
    }
    header
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Webhook, signature};

    /// The value was made with `printf '%s' '1700000000000.{"a":"ü"}' | openssl dgst -sha256 -hmac secret`.
    #[test]
    fn the_signature_is_that_of_another_implementation() {
        assert_eq!(
            signature("secret", 1_700_000_000_000, r#"{"a":"ü"}"#),
            "t=1700000000000, v1=9b69e93245b1eaea8a01afc8c1eb158878529d22107a5609eb8f5b7cc423a1ed"
        );
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        let accepts = |url: &str| Webhook::new(url, "secret".into(), "WorkOS-Signature").is_ok();
        for url in ["https://example.com/hook", "http://localhost:8080/", "http://127.0.0.1/", "http://127.9.9.9:1/x", "http://[::1]:80/"] {
            assert!(accepts(url), "{url}");
        }
        for url in [
            "http://example.com/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://localhost.example.com/",
            "http://127.0.0.1.example.com/",
            "http://localhost@example.com/",
            "http://[::2]/",
            "ftp://localhost/",
            "file:///etc/passwd",
            "localhost",
            "/hook",
            "https://",
            "",
        ] {
            assert!(!accepts(url), "{url}");
        }
        assert!(Webhook::new("https://example.com", "secret".into(), "Two Words").is_err());
    }
}
