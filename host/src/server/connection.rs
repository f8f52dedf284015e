//! One client connection: both protocols, and where each of its requests runs. [`super::idle`] says
//! when it ends, [`super::wire`] looks at its bytes.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;

use super::handle::handle;
use super::idle::{Activity, Fate, Idle, InFlight};
use super::wire::Watched;
use super::worker::Worker;
use crate::config;

/// Serves a connection to its end.
pub(super) async fn serve(worker: Arc<Worker>, stream: std::net::TcpStream) {
    let Ok(stream) =
        TcpStream::from_std(stream).and_then(|stream| stream.set_nodelay(true).map(|()| stream))
    else {
        // The client is gone already.
        return;
    };
    worker.shared.metrics.connections.inc();
    run(&worker, stream).await;
    worker.shared.metrics.connections.dec();
}

async fn run(worker: &Arc<Worker>, stream: TcpStream) {
    let settings = worker.settings.clone();
    let activity = Arc::new(Activity::new());
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let request_of = activity.clone();
        let worker = worker.clone();
        async move {
            let http2 = request.version() == http::Version::HTTP_2;
            let _running = InFlight::start(&request_of, http2);
            if !http2 {
                return Ok(worker.clone().counted(handle(worker, request)).await);
            }
            // Over HTTP/1.1 hyper itself counts the fields, and answers as bare as this.
            if request.headers().len() > worker.settings.max_headers {
                let mut refused = Response::new(Full::default());
                *refused.status_mut() = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                return Ok(refused);
            }
            // `None` ends the stream with an error, which happens only while the host is stopping.
            worker
                .spread(|worker| handle(worker, request))
                .await
                .ok_or(Stopping)
        }
    });
    let io = Watched::new(stream, activity.clone());
    let builder = builder(&settings);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut idle = Idle::new(activity.clone(), settings.clone());
    let mut stopped = worker.stopped.clone();
    let mut stopping = pin!(async move { stopped.wait_for(|stopped| *stopped).await.is_ok() });
    let mut told_to_stop = false;
    poll_fn(|context| {
        loop {
            if let Poll::Ready(result) = connection.as_mut().poll(context) {
                if let Err(error) = result {
                    tracing::debug!(error = %error, "client connection ended early");
                }
                return Poll::Ready(());
            }
            if !told_to_stop && stopping.as_mut().poll(context).is_ready() {
                told_to_stop = true;
                idle.closing();
                connection.as_mut().graceful_shutdown();
                continue;
            }
            match idle.poll(context) {
                Fate::Keep => return Poll::Pending,
                Fate::Drain => connection.as_mut().graceful_shutdown(),
                Fate::Cut => return Poll::Ready(()),
            }
        }
    })
    .await;
}

fn builder(settings: &config::Server) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Ours above covers it, and also tells an idle connection from a slow one.
        .header_read_timeout(None)
        .max_headers(settings.max_headers)
        .max_buf_size(settings.max_header_size.max(MIN_BUFFER));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.max_streams)
        .max_header_list_size(u32::try_from(settings.max_header_size).unwrap_or(u32::MAX))
        .keep_alive_interval(settings.idle_timeout / 2)
        .keep_alive_timeout(settings.header_timeout);
    builder
}

/// The smallest buffer that hyper takes.
const MIN_BUFFER: usize = 8 << 10;

#[derive(Debug, thiserror::Error)]
#[error("the server is stopping")]
struct Stopping;
