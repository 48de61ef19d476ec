//! The connections of the server: how many there may be, and how long a request may take to arrive.
//!
//! Every program of every user of the machine can connect and then say nothing. So a connection that has not shown the cookie yet gives way
//! to newer ones, and what arrives too slowly is given up. Who has shown it competes only with others who have.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// How many connections there may be of each kind: with the cookie, and without. Systems allow a process 256 open files and more.
const MOST: usize = 64;

/// How long the head of a request may be, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// How long is waited for answers that are on their way when the program ends.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Accepts connections until `ended` is, then lets those finish that have a request. The head of a request may take as long as `patience`.
pub(crate) async fn serve<F>(
    listener: TcpListener,
    patience: Duration,
    ended: impl Future<Output = ()>,
    answer: impl Fn(Request, Entrance) -> F + Clone + Send + Sync + 'static,
) where
    F: Future<Output = Response> + Send + 'static,
{
    let seats = Arc::new(Seats::default());
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut ended = pin!(ended);
    loop {
        tokio::select! {
            () = &mut ended => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(talk(stream, patience, seats.take(), stopping.clone(), answer.clone()));
                }
                // No file is left for it; those that are open go in time.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
        while tasks.try_join_next().is_some() {}
    }
    stop.send_replace(true);
    let _ = tokio::time::timeout(LAST_WAIT, async { while tasks.join_next().await.is_some() {} }).await;
}

/// Answers the requests of one connection.
async fn talk<F>(
    stream: TcpStream,
    patience: Duration,
    taken: Taken,
    mut stopping: watch::Receiver<bool>,
    answer: impl Fn(Request, Entrance) -> F,
) where
    F: Future<Output = Response>,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(LONGEST_HEAD);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let answered = answer(request.map(Body::new), Entrance { seats: Arc::clone(&taken.seats), seat: Arc::clone(&taken.seat) });
        async { Ok::<_, Infallible>(answered.await) }
    });
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut is_ending = false;
    loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = taken.seat.gives_way.notified() => return,
            _ = stopping.wait_for(|stop| *stop), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

/// By which it is said that a connection belongs to somebody who may come in.
pub(crate) struct Entrance {
    seats: Arc<Seats>,
    seat: Arc<Seat>,
}

impl Entrance {
    pub(crate) fn let_in(self) {
        self.seats.with(|rows| {
            if remove(&mut rows.strangers, &self.seat) {
                add(&mut rows.known, &self.seat);
            }
        });
    }
}

/// The place of a connection among the others.
#[derive(Default)]
struct Seat {
    gives_way: Notify,
}

/// The connections there are, the oldest first.
#[derive(Default)]
struct Seats(Mutex<Rows>);

#[derive(Default)]
struct Rows {
    strangers: VecDeque<Arc<Seat>>,
    known: VecDeque<Arc<Seat>>,
}

/// A seat that is free again when this is dropped.
struct Taken {
    seats: Arc<Seats>,
    seat: Arc<Seat>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.seats.with(|rows| {
            remove(&mut rows.strangers, &self.seat);
            remove(&mut rows.known, &self.seat);
        });
    }
}

impl Seats {
    fn with<T>(&self, work: impl FnOnce(&mut Rows) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A seat for somebody new.
    fn take(self: &Arc<Seats>) -> Taken {
        let seat = Arc::new(Seat::default());
        self.with(|rows| add(&mut rows.strangers, &seat));
        Taken { seats: Arc::clone(self), seat }
    }
}

/// Adds a seat to a row; where the row is full the oldest gives way.
fn add(row: &mut VecDeque<Arc<Seat>>, seat: &Arc<Seat>) {
    row.push_back(Arc::clone(seat));
    if row.len() > MOST
        && let Some(oldest) = row.pop_front()
    {
        oldest.gives_way.notify_one();
    }
}

fn remove(row: &mut VecDeque<Arc<Seat>>, seat: &Arc<Seat>) -> bool {
    let before = row.len();
    row.retain(|one| !Arc::ptr_eq(one, seat));
    row.len() < before
}
