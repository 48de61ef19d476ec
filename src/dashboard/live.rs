//! Live: tells the open pages that the file has changed, whoever changed it. The pages then ask again for what they show.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use tokio::sync::watch;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::WatchStream;

use super::file::File;
use super::site::{News, Site};
use crate::program::failure::Failure;
use crate::program::follow::{Stop, Watch, patiently};

/// How soon after a message a page is told again. A page that is told asks for all that it shows.
const PAUSE: Duration = Duration::from_millis(250);

/// How often it is looked whether another file lies at the path.
const LOOK: Duration = Duration::from_millis(500);

/// Watches the file until the signal comes, and whatever file is put in its place.
pub(crate) fn watch(file: &File, stop: &Stop, news: &watch::Sender<News>) -> Result<(), Failure> {
    let (mut commits, mut last) = (0, 0);
    // Whether the pages know that the file which they show is not there any more: it may go before it is first looked at.
    let mut has_told = false;
    while !stop.asked() {
        // Somebody may be about to put a file there; those who ask for a page are told what is wrong.
        let Ok((identity, connection)) = file.connect() else {
            if !std::mem::replace(&mut has_told, true) {
                commits += 1;
                news.send_replace(Some((commits, last)));
            }
            stop.wait(LOOK);
            continue;
        };
        let mut watch = Watch::begin(&connection)?;
        while !stop.asked() && file.identity() == Some(identity) {
            last = patiently(stop, || connection.query_row(include_str!("../../sql/dashboard/last_event.sql"), [], |row| row.get(0)))?;
            news.send_replace(Some((commits, last)));
            while !stop.asked() && file.identity() == Some(identity) && !watch.wait_at_most(stop, LOOK)? {}
            commits += 1;
        }
        news.send_replace(Some((commits, last)));
        commits += 1;
        has_told = true;
    }
    Ok(())
}

/// News as a message has it. A page says the same of itself: read before its rows are, it is never newer than they.
pub(crate) fn told(news: News) -> String {
    let (commits, seq) = news.unwrap_or_default();
    format!(r#"{{"commits":{commits},"seq":{seq}}}"#)
}

/// The stream of a page: a message at first and at the first commit, then the newest state at the most once in [`PAUSE`].
pub(crate) fn stream(site: &Arc<Site>) -> Response {
    let messages = WatchStream::new(site.news.clone())
        .take_while(Option::is_some)
        .throttle(PAUSE)
        .map(|news| Ok::<_, Infallible>(Event::default().event("change").data(told(news))));
    Sse::new(messages).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}
