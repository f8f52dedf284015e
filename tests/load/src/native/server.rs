//! The listener, and which path is which BFF's.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Method, Request, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

use super::answer::{NativeResponse, Refused, ok};
use super::services::Services;
use super::{dashboard, partner, watch};

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

async fn answer(services: &Services, request: Request<Incoming>) -> NativeResponse {
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
