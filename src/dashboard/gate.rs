//! Who gets in: the person who started the program, from a page of this very server, and nobody else.
//!
//! A server on loopback can be reached by every page that the browser has open and by every program of every user of the machine. So:
//!
//! * `Host` must be the address that was printed: a name that was rebound to 127.0.0.1 is refused.
//! * `Origin`, where sent, and `Sec-Fetch-Site`, where sent, must be of this server, port included. What changes something needs `Origin`.
//!   The first URL alone may be opened from elsewhere, for a file opens it, and whoever knows the token has the right to come in.
//! * The first URL has a token that works once, and gives a cookie for the paths of this file. Cookies do not know ports, so its name and
//!   its path are its own: what else serves on this machine neither gets nor overwrites it.

use std::sync::atomic::{AtomicBool, Ordering};

use subtle::ConstantTimeEq;

/// What the browser is told about every answer. `same-origin` and not `no-referrer`, with which forms would send the origin `null`.
pub(crate) const HEADERS: [(&str, &str); 7] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// The parts of a request that decide whether it gets in.
pub(crate) struct Knock<'a> {
    /// Whether it may change something: anything but GET and HEAD.
    pub(crate) changes: bool,
    pub(crate) path: &'a str,
    /// What stands behind `token=`.
    pub(crate) token: Option<&'a str>,
    pub(crate) host: Option<&'a str>,
    pub(crate) origin: Option<&'a str>,
    pub(crate) fetch_site: Option<&'a str>,
    /// Whether the browser says that it opens a page in a window of its own.
    pub(crate) navigates: bool,
    pub(crate) cookies: Option<&'a str>,
}

/// What becomes of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// It gets in.
    In,
    /// It had the token: it gets this cookie, and is sent to the first page. Where it comes from another page, it must be sent by one of
    /// ours, for the browser keeps a strict cookie back from whatever another page has begun.
    First { cookie: String, is_from_elsewhere: bool },
    /// It had the token that was used before. If that was this browser, it has a cookie, which is not sent to this path.
    Used(&'static str),
    /// It stays out, for this reason.
    Refused(&'static str),
}

/// The one way in.
pub(crate) struct Gate {
    /// `127.0.0.1:7340`
    host: String,
    origin: String,
    /// `/app-1f2e3d4c`
    path: String,
    cookie_name: String,
    cookie: String,
    token: String,
    is_used: AtomicBool,
}

impl Gate {
    /// A gate for what is served at `port` below `/place/`.
    pub(crate) fn new(port: u16, place: &str) -> Result<Gate, getrandom::Error> {
        // A browser leaves out the usual port.
        let host = if port == 80 { "127.0.0.1".to_owned() } else { format!("127.0.0.1:{port}") };
        Ok(Gate {
            origin: format!("http://{host}"),
            host,
            path: format!("/{place}"),
            cookie_name: format!("authz_{port}_{place}"),
            cookie: secret()?,
            token: secret()?,
            is_used: AtomicBool::new(false),
        })
    }

    /// The URL to begin with, which works once.
    pub(crate) fn first_url(&self) -> String {
        format!("{}/?token={}", self.origin, self.token)
    }

    /// Whether a request was sent to the address that was printed.
    pub(crate) fn is_host(&self, host: Option<&str>) -> bool {
        host == Some(self.host.as_str())
    }

    /// `http://127.0.0.1:7340`
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The path that everything lies below, without a slash at its end.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Decides about a request.
    pub(crate) fn pass(&self, knock: &Knock<'_>) -> Passage {
        if !self.is_host(knock.host) {
            return Passage::Refused("the request was sent to another host name than the one that `authz dashboard` printed");
        }
        match knock.origin {
            Some(origin) if origin != self.origin => return Passage::Refused("the request comes from a page of another origin"),
            None if knock.changes => return Passage::Refused("a request that changes something must tell its origin"),
            _ => {}
        }
        match knock.fetch_site {
            None | Some("same-origin") => {}
            // Typed, or opened from the terminal or a bookmark.
            Some("none") if !knock.changes => {}
            Some(_) if knock.path == "/" && !knock.changes && knock.navigates => {}
            Some(_) => return Passage::Refused("the request comes from another site"),
        }
        if knock.path == "/" && !knock.changes {
            return self.first(knock);
        }
        match self.has_cookie(knock.cookies) {
            true => Passage::In,
            false => Passage::Refused("this browser has no session here: open the URL that `authz dashboard` printed when it started"),
        }
    }

    fn first(&self, knock: &Knock<'_>) -> Passage {
        if self.has_cookie(knock.cookies) {
            return Passage::In;
        }
        let Some(given) = knock.token else {
            return Passage::Refused("the token is missing: open the URL that `authz dashboard` printed when it started");
        };
        if !same(&self.token, given) {
            return Passage::Refused("the token is not the one that `authz dashboard` printed");
        }
        if self.is_used.swap(true, Ordering::Relaxed) {
            return Passage::Used(
                "the token was used already; start `authz dashboard` anew for another one, and do so at once if it was not you who used it",
            );
        }
        let (name, value, path) = (&self.cookie_name, &self.cookie, &self.path);
        Passage::First {
            cookie: format!("{name}={value}; Path={path}; HttpOnly; SameSite=Strict"),
            is_from_elsewhere: !matches!(knock.fetch_site, None | Some("none" | "same-origin")),
        }
    }

    fn has_cookie(&self, cookies: Option<&str>) -> bool {
        let pairs = cookies.unwrap_or_default().split(';').filter_map(|pair| pair.trim().split_once('='));
        // Every pair of the name is looked at: a shorter path may bring another of the same name along.
        pairs.filter(|(name, _)| *name == self.cookie_name).any(|(_, value)| same(&self.cookie, value))
    }
}

/// Whether two secrets are equal, in a time that says nothing about where they differ.
fn same(wanted: &str, given: &str) -> bool {
    wanted.as_bytes().ct_eq(given.as_bytes()).into()
}

/// 256 bits from the operating system, as text.
fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn knock<'a>(path: &'a str, cookies: Option<&'a str>) -> Knock<'a> {
        Knock { changes: false, path, token: None, host: Some("127.0.0.1:7340"), origin: None, fetch_site: None, navigates: false, cookies }
    }

    fn opened() -> (Gate, String) {
        let gate = Gate::new(7340, "app-1").unwrap();
        let url = gate.first_url();
        let token = url.strip_prefix("http://127.0.0.1:7340/?token=").unwrap();
        let Passage::First { cookie, is_from_elsewhere: false } = gate.pass(&Knock { token: Some(token), ..knock("/", None) }) else {
            panic!("the token was refused")
        };
        assert!(matches!(gate.pass(&Knock { token: Some(token), ..knock("/", None) }), Passage::Used(_)));
        let pair = cookie.split(';').next().unwrap().to_owned();
        assert!(cookie.ends_with("; Path=/app-1; HttpOnly; SameSite=Strict"), "{cookie}");
        (gate, pair)
    }

    #[test]
    fn a_token_works_once_and_the_cookie_from_then_on() {
        let (gate, pair) = opened();
        assert_eq!(gate.pass(&knock("/app-1/overview", Some(&pair))), Passage::In);
        assert_eq!(gate.pass(&knock("/app-1/overview", Some(&format!("other=1; authz_7340_app-1=x; {pair}")))), Passage::In);
        for cookies in [None, Some(""), Some("authz_7340_app-1="), Some("authz_7340_app-1=0"), Some("authz_7341_app-1=0")] {
            assert!(matches!(gate.pass(&knock("/app-1/overview", cookies)), Passage::Refused(_)), "{cookies:?}");
        }
        let fresh = Gate::new(7340, "app-1").unwrap();
        for token in [None, Some(""), Some("0")] {
            assert!(matches!(fresh.pass(&Knock { token, ..knock("/", None) }), Passage::Refused(_)), "{token:?}");
        }
        assert!(matches!(fresh.pass(&knock("/app-1/overview", Some(&pair))), Passage::Refused(_)), "the cookie of another run");
    }

    #[test]
    fn nobody_else_gets_in_even_with_the_cookie() {
        let (gate, pair) = opened();
        let ours = "http://127.0.0.1:7340";
        let good = || knock("/app-1/overview", Some(&pair));
        for host in [None, Some("localhost:7340"), Some("127.0.0.1"), Some("127.0.0.1:7341"), Some("evil.example:7340")] {
            assert!(matches!(gate.pass(&Knock { host, ..good() }), Passage::Refused(_)), "{host:?}");
        }
        for origin in ["null", "http://127.0.0.1:7341", "http://127.0.0.1", "https://127.0.0.1:7340", "http://evil.example", ""] {
            assert!(matches!(gate.pass(&Knock { origin: Some(origin), ..good() }), Passage::Refused(_)), "{origin}");
        }
        for site in ["cross-site", "same-site", ""] {
            assert!(matches!(gate.pass(&Knock { fetch_site: Some(site), ..good() }), Passage::Refused(_)), "{site}");
        }
        let change = || Knock { changes: true, origin: Some(ours), fetch_site: Some("same-origin"), ..good() };
        assert_eq!(gate.pass(&change()), Passage::In);
        assert_eq!(gate.pass(&Knock { fetch_site: None, ..change() }), Passage::In);
        assert!(matches!(gate.pass(&Knock { origin: None, ..change() }), Passage::Refused(_)));
        assert!(matches!(gate.pass(&Knock { fetch_site: Some("none"), ..change() }), Passage::Refused(_)));
        assert_eq!(gate.pass(&Knock { fetch_site: Some("none"), ..good() }), Passage::In);
        assert_eq!(gate.pass(&knock("/", Some(&pair))), Passage::In);
    }

    #[test]
    fn the_first_url_may_be_opened_from_elsewhere_and_nothing_else() {
        let gate = Gate::new(7340, "app-1").unwrap();
        let url = gate.first_url();
        let token = url.strip_prefix("http://127.0.0.1:7340/?token=");
        let from_a_file = || Knock { fetch_site: Some("cross-site"), navigates: true, ..knock("/", None) };
        for refused in [
            from_a_file(),
            Knock { token: Some("0"), ..from_a_file() },
            Knock { token, navigates: false, ..from_a_file() },
            Knock { token, path: "/app-1/overview", ..from_a_file() },
            Knock { token, host: Some("evil.example"), ..from_a_file() },
            Knock { token, changes: true, origin: Some("null"), ..from_a_file() },
        ] {
            assert!(matches!(gate.pass(&refused), Passage::Refused(_)));
        }
        let first = gate.pass(&Knock { token, ..from_a_file() });
        assert!(matches!(first, Passage::First { is_from_elsewhere: true, .. }), "{first:?}");
    }
}
