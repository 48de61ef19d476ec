//! Listening, and sending each request through the gate to its page.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tokio::sync::watch;

use super::file::File;
use super::gate::{self, Gate, Knock, Passage};
use super::page::{Fields, Page, View};
use super::pages::PAGES;
use super::problem::Problem;
use super::site::Site;
use super::{actions, layout, live, words};
use crate::program::failure::Failure;
use crate::program::follow::Stop;

/// The port that is tried first, so that a bookmark is good tomorrow too.
const USUAL_PORT: u16 = 7340;

/// How long a form may be.
const LONGEST_FORM: usize = 1 << 20;

/// Serves a file until the signal comes.
pub(crate) fn serve(path: &Path, port: Option<u16>, open_browser: bool, read_only: bool) -> Result<(), Failure> {
    let file = File::new(path, read_only);
    let connection = file.connect()?;
    let plan = authz::migration_plan(&connection)?;
    if plan.from != plan.to {
        let (path, from, to) = (path.display(), plan.from, plan.to);
        return Err(Failure(format!("`{path}` has schema version {from}, and this program asks for {to}; run `authz migrate {path}`")));
    }
    let listener = listen(port)?;
    listener.set_nonblocking(true)?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let gate = Gate::new(listener.local_addr()?.port(), &place(path, &name)?)?;
    let stop = Stop::on_signals()?;
    let last = connection.query_row(include_str!("../../sql/dashboard/last_event.sql"), [], |row| row.get(0))?;
    let (sender, news) = watch::channel(Some((0, last)));
    let url = gate.first_url();
    let site = Arc::new(Site { gate, file, name, read_only, news });

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).max_blocking_threads(8).enable_all().build()?;
    crate::program::output::print(&url)?;
    if open_browser && let Err(error) = open::that_detached(&url) {
        eprintln!("authz: the browser could not be opened ({error}); open the URL above yourself");
    }
    let watched = stop.clone();
    let watching = std::thread::spawn(move || {
        let ended = live::watch(&connection, &watched, &sender);
        sender.send_replace(None);
        ended
    });
    let served: Result<(), Failure> = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let router = Router::new().fallback(answer).with_state(site);
        let ended = async move {
            while !stop.asked() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        axum::serve(listener, router).with_graceful_shutdown(ended).await?;
        Ok(())
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    served?;
    watching.join().unwrap_or_else(|_| Err(Failure("the thread that watches the file has ended unexpectedly".to_owned())))
}

/// Loopback only. The usual port may be taken; one that was asked for must be free.
fn listen(port: Option<u16>) -> Result<TcpListener, Failure> {
    match port {
        Some(port) => TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .map_err(|error| Failure(format!("cannot listen on port {port}: {error}; name another with --port, or leave it out"))),
        None => Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, USUAL_PORT)).or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?),
    }
}

/// The first part of every path: the same for a file each time, and another for each file, as cookies and bookmarks want it.
fn place(path: &Path, name: &str) -> Result<String, Failure> {
    // FNV-1a: what matters is that it says the same tomorrow.
    let whole = path.canonicalize()?.to_string_lossy().into_owned();
    let hash = whole.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let stem: String = name.split('.').next().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    Ok(format!("{stem}-{:08x}", hash as u32))
}

async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut response = pass(&site, parts, body).await;
    for (name, value) in gate::HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Sends a request through the gate, and what gets in to its page.
async fn pass(site: &Arc<Site>, parts: Parts, body: Body) -> Response {
    let text = |name: header::HeaderName| parts.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let query = Query::<HashMap<String, String>>::try_from_uri(&parts.uri).map(|Query(query)| Fields(query)).unwrap_or_default();
    let changes = parts.method != Method::GET && parts.method != Method::HEAD;
    let knock = Knock {
        changes,
        path: parts.uri.path(),
        token: query.get("token"),
        host: text(header::HOST),
        origin: text(header::ORIGIN),
        fetch_site: text(header::HeaderName::from_static("sec-fetch-site")),
        cookies: text(header::COOKIE),
    };
    match site.gate.pass(&knock) {
        Passage::In => {}
        Passage::First { cookie } => {
            let location = format!("{}/overview", site.gate.path());
            return (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), (header::LOCATION, location)]).into_response();
        }
        Passage::Refused(sentence) => return (StatusCode::FORBIDDEN, format!("{sentence}\n")).into_response(),
    }
    let Some(name) = parts.uri.path().strip_prefix(site.gate.path()).and_then(|rest| rest.strip_prefix('/')) else {
        return layout::refusal(site, &Problem::missing("there is no such page"));
    };
    let name = name.to_owned();
    if changes {
        return match to_bytes(body, LONGEST_FORM).await {
            Ok(bytes) => {
                let site = Arc::clone(site);
                blocking(move || actions::run(&site, &name, &bytes)).await
            }
            Err(_) => layout::refusal(site, &Problem::refused("the form is too long, or was cut off")),
        };
    }
    match name.as_str() {
        "style.css" => ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("style.css")).into_response(),
        "script.js" => ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("script.js")).into_response(),
        "icon.svg" => ([(header::CONTENT_TYPE, "image/svg+xml")], include_str!("icon.svg")).into_response(),
        "live" => live::stream(site),
        "" => (StatusCode::SEE_OTHER, [(header::LOCATION, "overview")]).into_response(),
        _ => {
            let site = Arc::clone(site);
            blocking(move || page(&site, &name, &query)).await
        }
    }
}

/// Asking the file takes a thread of its own.
async fn blocking(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

fn page(site: &Site, name: &str, query: &Fields) -> Response {
    let Some((_, show)) = PAGES.iter().find(|(page, _)| *page == name) else {
        return layout::refusal(site, &Problem::missing("there is no such page"));
    };
    let news = live::told(*site.news.borrow());
    let shown = site.file.read(|connection| {
        let mut kept: Vec<(&str, &str)> =
            query.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).filter(|(name, _)| *name != "done").collect();
        kept.sort_unstable();
        let view = View { site, connection, query, here: words::href(name, &kept), news };
        Ok(match show(&view)? {
            Page::Whole { title, section, body } => layout::whole(&view, &title, section, &body)?,
            Page::Part(part) => part,
        })
    });
    match shown {
        Ok(markup) => Html(markup.into_string()).into_response(),
        Err(found) => layout::refusal(site, &found),
    }
}
