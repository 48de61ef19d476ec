//! Listening, and sending each request through the gate to its page.

use std::collections::HashMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tokio::sync::watch;

use super::connections::Entrance;
use super::file::File;
use super::gate::{self, Gate, Knock, Passage};
use super::page::{Fields, Page, View};
use super::pages::PAGES;
use super::problem::Problem;
use super::site::Site;
use super::{actions, connections, layout, live, opening, words};
use crate::program::failure::Failure;
use crate::program::follow::Stop;

/// The port that is tried first, so that a bookmark is good tomorrow too.
const USUAL_PORT: u16 = 7340;

/// How long a form may be.
const LONGEST_FORM: usize = 1 << 20;

/// What can be chosen when it starts.
pub(crate) struct Options {
    /// The port, where it must be a certain one
    pub(crate) port: Option<u16>,
    pub(crate) open_browser: bool,
    pub(crate) read_only: bool,
    /// How long the head of a request may take to arrive, and its body again
    pub(crate) patience: Duration,
}

/// Serves a file until the signal comes.
pub(crate) fn serve(path: &Path, options: &Options) -> Result<(), Failure> {
    let read_only = options.read_only;
    let file = File::new(path, read_only);
    let (_, connection) = file.connect()?;
    let listener = listen(options.port)?;
    listener.set_nonblocking(true)?;
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let gate = Gate::new(listener.local_addr()?.port(), &place(path, &name)?)?;
    let stop = Stop::on_signals()?;
    let last = connection.query_row(include_str!("../../sql/dashboard/last_event.sql"), [], |row| row.get(0))?;
    let (sender, news) = watch::channel(Some((0, last)));
    let url = gate.first_url();
    let site = Arc::new(Site { gate, file, name, read_only, news, patience: options.patience, opening: Mutex::default() });

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).max_blocking_threads(8).enable_all().build()?;
    crate::program::output::print(&url)?;
    if options.open_browser {
        match opening::open_browser(&url) {
            Ok(folder) => *site.opening.lock().unwrap_or_else(PoisonError::into_inner) = Some(folder),
            Err(error) => eprintln!("authz: the browser could not be opened ({error}); open the URL above yourself"),
        }
    }
    drop(connection);
    let (watched, watched_site) = (stop.clone(), Arc::clone(&site));
    let watching = std::thread::spawn(move || {
        let ended = live::watch(&watched_site.file, &watched, &sender);
        sender.send_replace(None);
        ended
    });
    let served: Result<(), Failure> = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let ended = async move {
            while !stop.asked() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let answering = Arc::clone(&site);
        let answer = move |request, entrance| answer(Arc::clone(&answering), request, entrance);
        connections::serve(listener, site.patience, ended, answer).await;
        Ok(())
    });
    site.close_opening();
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

async fn answer(site: Arc<Site>, request: Request, entrance: Entrance) -> Response {
    let (parts, body) = request.into_parts();
    let mut response = pass(&site, parts, body, entrance).await;
    for (name, value) in gate::HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Sends a request through the gate, and what gets in to its page.
async fn pass(site: &Arc<Site>, parts: Parts, body: Body, entrance: Entrance) -> Response {
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
        navigates: text(header::HeaderName::from_static("sec-fetch-mode")) == Some("navigate")
            && text(header::HeaderName::from_static("sec-fetch-dest")) == Some("document"),
        cookies: text(header::COOKIE),
    };
    let first_page = || format!("{}/overview", site.gate.path());
    match site.gate.pass(&knock) {
        Passage::In => entrance.let_in(),
        Passage::First { cookie, is_from_elsewhere } => {
            site.close_opening();
            let cookie = [(header::SET_COOKIE, cookie)];
            return match is_from_elsewhere {
                true => (cookie, layout::door("Come in.", Some((&first_page(), "To the dashboard")), true)).into_response(),
                false => (StatusCode::SEE_OTHER, cookie, [(header::LOCATION, first_page())]).into_response(),
            };
        }
        Passage::Used(sentence) => {
            let door = layout::door(sentence, Some((&first_page(), "To the dashboard, where this browser was let in")), true);
            return (StatusCode::FORBIDDEN, door).into_response();
        }
        Passage::Refused(sentence) => {
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            let address = format!("{}{path}", site.gate.origin());
            let is_lost = !changes && !site.gate.is_host(knock.host);
            let door = layout::door(sentence, is_lost.then_some((&address, "To the address that was printed")), false);
            return (StatusCode::FORBIDDEN, door).into_response();
        }
    }
    if parts.uri.path() == "/" {
        return (StatusCode::SEE_OTHER, [(header::LOCATION, first_page())]).into_response();
    }
    let Some(name) = parts.uri.path().strip_prefix(site.gate.path()).and_then(|rest| rest.strip_prefix('/')) else {
        return layout::refusal(site, &Problem::missing("there is no such page"));
    };
    let name = name.to_owned();
    if changes {
        return match tokio::time::timeout(site.patience, to_bytes(body, LONGEST_FORM)).await {
            Ok(Ok(bytes)) => {
                let site = Arc::clone(site);
                blocking(move || actions::run(&site, &name, &bytes)).await
            }
            Ok(Err(_)) => layout::refused_change(site, &Problem::refused("the form is too long, or was cut off")),
            Err(_) => {
                let refusal = layout::refused_change(site, &Problem::slow("the form did not arrive in time; send it again"));
                ([(header::CONNECTION, "close")], refusal).into_response()
            }
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
            Page::Whole { title, section, body, status } => (status, layout::whole(&view, &title, section, &body)?),
            Page::Part(part) => (StatusCode::OK, part),
        })
    });
    match shown {
        Ok((status, markup)) => (status, Html(markup.into_string())).into_response(),
        Err(found) => layout::refusal(site, &found),
    }
}
