//! One client connection: both protocols, and where each of its requests runs. [`super::idle`]
//! decides when it ends, [`super::wire`] inspects its bytes.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::{Either, ready};
use http::header::{CONNECTION, TRANSFER_ENCODING};
use http::{HeaderValue, Response};
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::activity::{Activity, Excess, InFlight};
use super::client::{Admitted, Client, Streams};
use super::handle::{Refused, handle, refuse};
use super::idle::{ConnectionAction, Idle};
use super::inbound::Ambiguity;
use super::linger::Lingering;
use super::outgoing::Outgoing;
use super::unreadable;
use super::wire::{Heads, Watched};
use super::worker::{Accepted, Worker};
use crate::config;
use crate::telemetry::metrics::Cut;

type Request = hyper::Request<hyper::body::Incoming>;

/// Serves a connection to its end.
pub(super) async fn serve(worker: &Arc<Worker>, accepted: Accepted) {
    let Accepted {
        stream,
        activity,
        held: _held,
    } = accepted;
    activity.begin();
    let stream = TcpStream::from_std(stream).and_then(|stream| {
        stream.set_nodelay(true)?;
        Ok(stream)
    });
    // Otherwise its client is gone already.
    if let Ok(stream) = stream {
        run(worker, stream, activity).await;
    }
}

/// Serves a connection of any kind of stream to its end.
pub(super) async fn run<S>(worker: &Arc<Worker>, stream: S, activity: Arc<Activity>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let settings = worker.settings.clone();
    let heads = Arc::new(Heads::default());
    let client = Client::new(&settings, worker.shared.metrics.unread_answers.clone());
    let service = service_fn(|request: Request| {
        let http2 = request.version() == http::Version::HTTP_2;
        let held = worker.budget.request(&client.share, request.headers());
        if http2 && held.is_err() {
            #[cfg(any(test, feature = "fuzzing"))]
            super::tally::begun();
            return Either::Left(ready(Err(Ended::Refused(refuse(worker, request)))));
        }
        let flow = client.flow(http2);
        let (activity, heads) = (activity.clone(), heads.clone());
        let (worker, client) = (worker.clone(), client.clone());
        // Boxed, so that a stream that is refused costs little.
        Either::Right(Box::pin(async move {
            let admitted = Admitted { client, flow, held };
            if !http2 {
                let _running = InFlight::start(&*activity);
                #[cfg(any(test, feature = "fuzzing"))]
                super::tally::begun();
                let mut response = http1(worker, &heads, request, admitted).await?;
                response.body_mut().keeps_busy(&activity);
                return Ok(response);
            }
            // A stream that was reset by the same bytes that began it ends here, before anything is
            // done.
            give_way().await;
            let _running = InFlight::start(&*activity);
            #[cfg(any(test, feature = "fuzzing"))]
            super::tally::begun();
            if unreadable::is_too_large(&request, &worker.settings) {
                return Ok(unreadable::refuse(&worker, request, admitted));
            }
            let index = worker.least_busy();
            let mut response = handle_on(index, worker, request, admitted).await?;
            response.body_mut().keeps_busy(&activity);
            Ok(response)
        }))
    });
    let socket = Lingering::new(stream, client.unread.clone(), settings.clone());
    let io = Watched::new(socket, activity.clone(), heads.clone(), settings.clone());
    let builder = builder(&settings, Streams(client.clone()));
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut idle = Idle::new(activity.clone(), settings.clone());
    let mut stopped = worker.stopped.clone();
    let newcomer = activity.clone();
    let mut stopping = pin!(async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
        newcomer.settled().await;
    });
    let mut too_slow = pin!(client.too_slow());
    let mut told_to_stop = false;
    poll_fn(|context| {
        activity.turn();
        loop {
            if let Poll::Ready(result) = connection.as_mut().poll(context) {
                if let Err(error) = result {
                    unreadable::note(&worker.shared, &*error);
                    tracing::debug!(error = %error, "client connection ended early");
                }
                return Poll::Ready(());
            }
            if too_slow.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            if !told_to_stop && stopping.as_mut().poll(context).is_ready() {
                told_to_stop = true;
                idle.closing();
                connection.as_mut().graceful_shutdown();
                continue;
            }
            match idle.poll(context) {
                ConnectionAction::Keep => return Poll::Pending,
                ConnectionAction::Drain => connection.as_mut().graceful_shutdown(),
                ConnectionAction::Cut => return Poll::Ready(()),
            }
        }
    })
    .await;
    if let Some(reason) = why(&activity) {
        let cut = worker.shared.metrics.cut(reason);
        // Many may come at once: the 1st, 2nd, 4th, 8th and so on are logged.
        if cut.is_power_of_two() {
            tracing::debug!(reason = reason.as_str(), cut, "client connection cut");
        }
    }
}

/// Why the host ended the connection, where that is counted.
fn why(activity: &Activity) -> Option<Cut> {
    match activity.excess() {
        Some(Excess::Frames) => Some(Cut::Frames),
        Some(Excess::Resets) => Some(Cut::Resets),
        None => activity.makes_room().then_some(Cut::Room),
    }
}

/// Answers a request over HTTP/1.1, and ends the connection where the boundary of the next request
/// is ambiguous.
async fn http1(
    worker: Arc<Worker>,
    heads: &Heads,
    mut request: Request,
    admitted: Admitted,
) -> Result<Response<Outgoing>, Ended> {
    if let Some(fault) = heads.hand() {
        request.extensions_mut().insert(Ambiguity(fault.why()));
    }
    let chunked = request.headers().contains_key(TRANSFER_ENCODING);
    let index = worker.near();
    let mut response = handle_on(index, worker, request, admitted).await?;
    if chunked && !heads.ended() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response)
}

/// Answers a request on a worker, which may be another one.
async fn handle_on(
    index: usize,
    worker: Arc<Worker>,
    request: Request,
    admitted: Admitted,
) -> Result<Response<Outgoing>, Ended> {
    if index == worker.index {
        let _running = worker.count_request();
        return Ok(handle(&worker, request, admitted).await);
    }
    let job = |worker: Arc<Worker>| async move { handle(&worker, request, admitted).await };
    // Boxed, because it is not the usual way, and a future is as large as all that it may do.
    let answer = Box::pin(worker.run_on(index, job)).await;
    // It is missing only while the host is stopping.
    answer.ok_or(Ended::Stopping)
}

/// Lets the other tasks of this thread go first, once.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if std::mem::replace(&mut given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn builder(settings: &config::Server, streams: Streams) -> auto::Builder<Streams> {
    let mut builder = auto::Builder::new(streams);
    builder
        .http1()
        // After the clock was set back, the library keeps its date until the clock reaches it
        // again. The host sets its own in each answer ([`super::reply`]).
        .auto_date_header(false)
        .timer(TokioTimer::new())
        // The timeout above covers it, and also distinguishes an idle connection from a slow one.
        .header_read_timeout(None)
        .max_headers(settings.max_headers)
        .max_buf_size(settings.max_header_size.max(MIN_BUFFER));
    builder
        .http2()
        .auto_date_header(false)
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.max_streams)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .initial_stream_window_size(STREAM_WINDOW)
        .max_header_list_size(unreadable::read_limit(settings))
        .keep_alive_interval(settings.idle_timeout / 2)
        .keep_alive_timeout(settings.header_timeout);
    builder
}

/// The smallest buffer that hyper accepts.
const MIN_BUFFER: usize = 8 << 10;

/// Bytes of a connection that no request has read yet. A request reads at once, so these are few;
/// once read they count as held.
const CONNECTION_WINDOW: u32 = 1 << 20;
/// The same for one stream.
const STREAM_WINDOW: u32 = 256 << 10;

/// Why a stream ends without an answer.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the server is stopping")]
    Stopping,
    #[error(transparent)]
    Refused(#[from] Refused),
}
