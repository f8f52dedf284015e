//! The services of a run, in memory: HTTP as any other, on pipes instead of sockets.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use http::header::{ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::time::{Instant, sleep};

use super::log::{CallTarget, Kind, Log, Request};
use crate::downstream::transport::memory;
use crate::sync;

/// The number of the call in its request. Calls that differ in this field only are equal.
pub const CALL: HeaderName = HeaderName::from_static("x-request-id");
/// How the service handles a write.
pub const WRITE: HeaderName = HeaderName::from_static("x-write");

/// The paths, each with the caching fields of its answers.
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

/// The state of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Answers after this time, milliseconds.
    Good(u64),
    /// Sends the head of an answer at once, and the body after this time, milliseconds.
    Trickles(u64),
    /// Breaks the connection in the middle of an answer.
    Truncates,
    /// Answers with this status at once.
    Fails(u16),
    /// Never answers.
    Hangs,
    /// Breaks the connection when a request comes.
    Cuts,
    /// Refuses connections, and breaks those that are open when a request comes.
    Refuses,
    /// Does not answer connection attempts, and breaks open ones when a request comes.
    Ignores,
}

/// The outcome of a write at a good endpoint.
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

/// All endpoints of the service, and the log.
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    http2: bool,
}

pub struct State {
    pub log: Log,
    pub modes: Vec<Mode>,
}

/// A request that the service is at work on.
struct AtWork {
    world: World,
    number: usize,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        // When the event loop ends, the log is gone.
        if let Some(request) = self.world.lock().log.requests.get_mut(self.number) {
            request.left = Some(Instant::now());
        }
    }
}

/// The body of an answer.
type Body = UnsyncBoxBody<Bytes, Cut>;

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut")]
struct Cut;

impl World {
    /// Endpoints in this state at first, at addresses that are unique on this thread.
    pub fn new(modes: Vec<Mode>, http2: bool) -> Self {
        let endpoints = modes.len();
        let state = State {
            log: Log::default(),
            modes,
        };
        let state = Arc::new(Mutex::new(state));
        let world = Self { state, http2 };
        for endpoint in 0..endpoints {
            let world = world.clone();
            memory::listen(address(endpoint), move || {
                world.clone().dialed(endpoint).boxed()
            });
        }
        world
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
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
            let (io, answer) = (TokioIo::new(theirs), service_fn(answer));
            // A `date` would be of another time of day than that of the run.
            let _ = match self.http2 {
                false => {
                    let mut http = http1::Builder::new();
                    http.auto_date_header(false)
                        .serve_connection(io, answer)
                        .await
                }
                true => {
                    let mut http = http2::Builder::new(TokioExecutor::new());
                    http.auto_date_header(false)
                        .serve_connection(io, answer)
                        .await
                }
            };
            self.lock().log.dials[number].closed = true;
        });
        Ok(ours)
    }

    async fn answers(
        self,
        endpoint: usize,
        request: http::Request<Incoming>,
    ) -> Result<Response<Body>, Cut> {
        let (number, kind, mode) = self.takes(endpoint, &request);
        let at_work = AtWork {
            world: self.clone(),
            number,
        };
        let end = write_end(request.headers());
        let (status, after) = match (mode, end) {
            (Mode::Fails(status), _) => (status, 0),
            (Mode::Trickles(_) | Mode::Truncates, _) => (200, 0),
            (Mode::Hangs, _) | (Mode::Good(_), Some(WriteEnd::Hangs)) => {
                return std::future::pending().await;
            }
            (Mode::Cuts | Mode::Refuses | Mode::Ignores, _)
            | (Mode::Good(_), Some(WriteEnd::Cuts)) => return Err(Cut),
            (Mode::Good(after), Some(WriteEnd::Fails)) => (500, after),
            (Mode::Good(after), Some(WriteEnd::Refused)) => (404, after),
            (Mode::Good(after), _) => (200, after),
        };
        if after > 0 {
            sleep(Duration::from_millis(after)).await;
        }
        let body = match mode {
            Mode::Trickles(after) => self.clone().trickles(at_work, after),
            Mode::Truncates => truncated(number),
            _ => {
                self.lock().log.answers(number, status);
                Full::from(number.to_string())
                    .map_err(|never| match never {})
                    .boxed_unsync()
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        if status == 200 && *request.method() == Method::GET {
            says(kind, response.headers_mut());
        }
        Ok(response)
    }

    /// A body that comes later than its head.
    fn trickles(self, at_work: AtWork, after: u64) -> Body {
        let comes = async move {
            sleep(Duration::from_millis(after)).await;
            let number = at_work.number;
            self.lock().log.answers(number, 200);
            Ok(Frame::data(Bytes::from(number.to_string())))
        };
        StreamBody::new(stream::once(comes)).boxed_unsync()
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
            asked: CallTarget {
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
            left: None,
            lost: match mode {
                Mode::Good(_) => lost_write,
                Mode::Fails(_) | Mode::Trickles(_) => false,
                Mode::Truncates => true,
                Mode::Hangs | Mode::Cuts | Mode::Refuses | Mode::Ignores => true,
            },
        });
        (number, kind, mode)
    }
}

/// A truncated body: its bytes are the number of another answer.
fn truncated(number: usize) -> Body {
    let part = Bytes::from(format!("{}", number / 2));
    StreamBody::new(stream::iter([Ok(Frame::data(part)), Err(Cut)])).boxed_unsync()
}

/// Where an endpoint is.
pub fn address(endpoint: usize) -> SocketAddr {
    let last = u8::try_from(endpoint + 1).unwrap_or(u8::MAX);
    ([192, 0, 2, last], 80).into()
}

/// Adds the caching fields to an answer.
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
    LANGUAGES.iter().position(known).unwrap_or(0)
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
    /// How a request selects it.
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
