//! The listener, and which path is which BFF's.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

use super::services::{Missing, Services};
use super::{dashboard, partner, watch};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What a BFF answers.
pub(crate) type Answer = Response<Full<Bytes>>;

/// A request that gets a problem instead of an answer.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    detail: String,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, detail: String) -> Self {
        Self { status, detail }
    }

    pub(crate) fn parameter(name: &str, value: &str) -> Self {
        let detail = format!("query parameter `{name}` is `{value}`, which is not allowed");
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Not one part arrived.
    pub(crate) fn nothing_arrived(missing: &[(&'static str, Missing)]) -> Self {
        let unknown = missing
            .iter()
            .any(|(_, why)| matches!(why, Missing::Status(StatusCode::NOT_FOUND)));
        if unknown {
            return Self::new(StatusCode::NOT_FOUND, "no such user or day".to_owned());
        }
        let parts: Vec<String> = missing
            .iter()
            .map(|(part, why)| format!("{part} ({why})"))
            .collect();
        let detail = format!("no part is available: {}", parts.join(", "));
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }

    fn answer(self) -> Answer {
        let problem = serde_json::json!({"status": self.status.as_u16(), "detail": self.detail});
        let mut answer = Response::new(Full::new(Bytes::from(problem.to_string())));
        *answer.status_mut() = self.status;
        let problem_json = HeaderValue::from_static("application/problem+json");
        answer.headers_mut().insert(CONTENT_TYPE, problem_json);
        answer
    }
}

/// 200 with JSON, which may be kept for so many seconds, or not at all.
pub(crate) fn json(value: &impl serde::Serialize, keep: &'static str) -> Result<Answer, Refused> {
    let body = serde_json::to_vec(value)
        .map_err(|error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(ok(JSON, body, keep))
}

pub(crate) fn ok(content_type: HeaderValue, body: Vec<u8>, keep: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    answer
}

pub(crate) fn with(mut answer: Answer, name: HeaderName, value: HeaderValue) -> Answer {
    answer.headers_mut().insert(name, value);
    answer
}

/// Serves until it is killed.
///
/// # Errors
///
/// When the listener fails.
pub async fn serve(listener: TcpListener, services: Services) -> io::Result<()> {
    let services = Arc::new(services);
    // The limits of the host's listener.
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(5))
        .max_headers(100)
        .max_buf_size(32 << 10);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(128)
        .max_header_list_size(32 << 10);
    let builder = Arc::new(builder);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (builder, services) = (builder.clone(), services.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "ends with the connection, and all end with the process"
        )]
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let services = services.clone();
                async move { Ok::<_, Infallible>(answer(&services, request).await) }
            });
            // An error is the client's doing.
            let _ = builder
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(services: &Services, request: Request<Incoming>) -> Answer {
    if request.method() != Method::GET {
        let detail = "this path answers GET".to_owned();
        return Refused::new(StatusCode::METHOD_NOT_ALLOWED, detail).answer();
    }
    let uri = request.uri();
    let mut segments = uri.path().split('/').skip(1);
    let path = [(); 5].map(|()| segments.next());
    let answer = match path {
        [Some("watch"), Some(user), None, ..] if known(user) => {
            watch::face(services, user, uri.query(), request.headers()).await
        }
        [Some("dashboard"), Some(user), None, ..] if known(user) => {
            dashboard::screen(services, user, uri.query()).await
        }
        [
            Some("partner"),
            Some("v1"),
            Some("users"),
            Some(user),
            Some("summaries"),
        ] if known(user) => partner::summaries(services, user, uri.query()).await,
        [Some("noop"), ..] => Ok(ok(
            HeaderValue::from_static("text/plain"),
            b"hello".to_vec(),
            "no-store",
        )),
        _ => Err(Refused::new(
            StatusCode::NOT_FOUND,
            "there is nothing at this path".to_owned(),
        )),
    };
    answer.unwrap_or_else(Refused::answer)
}

/// Names of users are plain, so that one can be put into the path of a call as it is.
fn known(user: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !user.is_empty() && user.bytes().all(plain)
}
