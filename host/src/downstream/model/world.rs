//! The services of a run, in memory: HTTP as any other, on pipes instead of sockets.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::time::sleep;

use super::log::{Asked, Kind, Log, Request};
use crate::downstream::transport::memory;

/// The number of the call in its request. Calls that differ in this field only are equal.
pub const CALL: HeaderName = HeaderName::from_static("x-request-id");
/// What the service is to do with a write.
pub const WRITE: HeaderName = HeaderName::from_static("x-write");

/// The paths, each with what its answers say.
pub const PATHS: [(&str, Option<Kind>); 8] = [
    ("/silent", Some(Kind::Silent)),
    ("/private", Some(Kind::Private)),
    ("/no-store", Some(Kind::NoStore)),
    ("/cookie", Some(Kind::Cookie)),
    ("/fresh", Some(Kind::Fresh(60))),
    ("/brief", Some(Kind::Fresh(2))),
    ("/varied", Some(Kind::Varied(60))),
    // One after the other.
    ("/mixed", None),
];
const MIXED: [Kind; 4] = [Kind::Silent, Kind::Private, Kind::Cookie, Kind::Fresh(1)];
/// The languages of callers.
pub const LANGUAGES: [&str; 2] = ["en", "de"];

/// How an endpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Answers after so many milliseconds.
    Good(u64),
    /// Answers with this status at once.
    Fails(u16),
    /// Never answers.
    Hangs,
    /// Breaks the connection when a request comes.
    Cuts,
    /// Refuses connections. Those that are open stay good.
    Refuses,
    /// Does not answer who wants a connection.
    Ignores,
}

/// What becomes of a write at a good endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteEnd {
    Done,
    /// Done, and answered with 500.
    Fails,
    /// Done, and never answered.
    Hangs,
    /// Done, and the connection breaks.
    Cuts,
    /// Not done, and answered with 404.
    Refused,
}

/// All endpoints of the service, and what happened there.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

pub struct State {
    pub log: Log,
    pub modes: Vec<Mode>,
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut")]
struct Cut;

impl World {
    /// Endpoints that are good, at addresses that nobody else has on this thread.
    pub fn new(endpoints: usize) -> Self {
        let world = Self(Arc::new(Mutex::new(State {
            log: Log::default(),
            modes: vec![Mode::Good(20); endpoints],
        })));
        for endpoint in 0..endpoints {
            let world = world.clone();
            memory::listen(address(endpoint), move || {
                world.clone().dialed(endpoint).boxed()
            });
        }
        world
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn dialed(self, endpoint: usize) -> io::Result<tokio::io::DuplexStream> {
        let (mode, number) = {
            let mut state = self.lock();
            let mode = state.modes[endpoint];
            let failed = matches!(mode, Mode::Refuses | Mode::Ignores);
            (mode, state.log.dials(endpoint, failed))
        };
        match mode {
            Mode::Refuses => return Err(io::ErrorKind::ConnectionRefused.into()),
            Mode::Ignores => return std::future::pending().await,
            _ => {}
        }
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        spawn(async move {
            let answer = |request| self.clone().answers(endpoint, request);
            let mut http = http1::Builder::new();
            // The time of day is not that of the run.
            http.auto_date_header(false);
            let serving = http.serve_connection(TokioIo::new(theirs), service_fn(answer));
            let _ = serving.await;
            self.lock().log.dials[number].closed = true;
        });
        Ok(ours)
    }

    async fn answers(
        self,
        endpoint: usize,
        request: http::Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Cut> {
        let (number, kind, mode) = self.takes(endpoint, &request);
        let end = write_end(request.headers());
        let (status, after) = match (mode, end) {
            (Mode::Fails(status), _) => (status, 0),
            (Mode::Hangs, _) | (Mode::Good(_), Some(WriteEnd::Hangs)) => {
                return std::future::pending().await;
            }
            (Mode::Cuts, _) | (Mode::Good(_), Some(WriteEnd::Cuts)) => return Err(Cut),
            (Mode::Good(after), Some(WriteEnd::Fails)) => (500, after),
            (Mode::Good(after), Some(WriteEnd::Refused)) => (404, after),
            (Mode::Good(after), _) => (200, after),
            (Mode::Refuses | Mode::Ignores, _) => (200, 20),
        };
        if after > 0 {
            sleep(Duration::from_millis(after)).await;
        }
        let log = &mut self.lock().log;
        let (place, at) = log.now();
        log.requests[number].answered = Some((place, at, status));
        log.requests[number].refused = status == 404;
        if status != 200 {
            log.requests[number].kind = Kind::Silent;
        }
        let mut response = Response::new(Full::from(number.to_string()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        if status == 200 && *request.method() == Method::GET {
            says(kind, response.headers_mut());
        }
        Ok(response)
    }

    /// Notes that a request came.
    fn takes(&self, endpoint: usize, request: &http::Request<Incoming>) -> (usize, Kind, Mode) {
        let state = &mut *self.lock();
        let number = state.log.requests.len();
        let headers = request.headers();
        let path = request.uri().path();
        let path = PATHS.iter().position(|(known, _)| *known == path);
        let path = path.expect("a path of the model");
        let mode = state.modes[endpoint];
        let lost_write = matches!(write_end(headers), Some(WriteEnd::Hangs | WriteEnd::Cuts));
        let kind = PATHS[path].1.unwrap_or(MIXED[number % MIXED.len()]);
        let came = state.log.now();
        state.log.requests.push(Request {
            call: number_in(headers, &CALL).expect("the number of the call"),
            asked: Asked {
                path,
                who: number_in(headers, &AUTHORIZATION).unwrap_or(0),
                language: language(headers),
                write: *request.method() != Method::GET,
            },
            endpoint,
            came,
            kind,
            refused: false,
            answered: None,
            lost: matches!(mode, Mode::Hangs | Mode::Cuts)
                || matches!(mode, Mode::Good(_)) && lost_write,
        });
        (number, kind, mode)
    }
}

/// Where an endpoint is.
pub fn address(endpoint: usize) -> SocketAddr {
    let last = u8::try_from(endpoint + 1).unwrap_or(u8::MAX);
    ([192, 0, 2, last], 80).into()
}

/// Puts into an answer what it says of who may have it.
fn says(kind: Kind, headers: &mut HeaderMap) {
    let text = match kind {
        Kind::Silent => return,
        Kind::Private => "private, max-age=60".to_owned(),
        Kind::NoStore => "no-store".to_owned(),
        Kind::Cookie => {
            headers.insert(SET_COOKIE, HeaderValue::from_static("session=1"));
            "public, max-age=60".to_owned()
        }
        Kind::Fresh(seconds) => format!("public, max-age={seconds}"),
        Kind::Varied(seconds) => {
            headers.insert(VARY, HeaderValue::from_name(ACCEPT_LANGUAGE));
            format!("public, max-age={seconds}")
        }
    };
    headers.insert(CACHE_CONTROL, text.parse().expect("a value"));
}

fn number_in(headers: &HeaderMap, name: &HeaderName) -> Option<usize> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

fn language(headers: &HeaderMap) -> usize {
    let value = headers.get(ACCEPT_LANGUAGE).map(HeaderValue::as_bytes);
    let known = |name: &&str| Some(name.as_bytes()) == value;
    LANGUAGES.iter().position(|name| known(&name)).unwrap_or(0)
}

fn write_end(headers: &HeaderMap) -> Option<WriteEnd> {
    Some(match headers.get(WRITE)?.as_bytes() {
        b"fails" => WriteEnd::Fails,
        b"hangs" => WriteEnd::Hangs,
        b"cuts" => WriteEnd::Cuts,
        b"refused" => WriteEnd::Refused,
        _ => WriteEnd::Done,
    })
}

impl WriteEnd {
    /// How a request asks for it.
    pub fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Done => "done",
            Self::Fails => "fails",
            Self::Hangs => "hangs",
            Self::Cuts => "cuts",
            Self::Refused => "refused",
        })
    }
}

/// Starts what a service does on the event loop of the run.
#[expect(
    clippy::disallowed_methods,
    reason = "it ends with the event loop of the run"
)]
pub fn spawn<F>(task: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    tokio::spawn(task)
}
