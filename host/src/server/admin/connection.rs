//! One connection to the admin listener, with an end to every wait.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::places::{AdminConnection, Kind};
use super::{Pages, answer};
use crate::config;

/// Serves a connection to its end.
pub(super) async fn serve(
    stream: TcpStream,
    place: Arc<AdminConnection>,
    pages: Arc<Pages>,
    settings: Arc<config::Admin>,
) {
    let Some(identity) = &pages.identity else {
        return serve_stream(stream, place, pages, settings).await;
    };
    let greeting = TlsAcceptor::from(identity.current()).accept(stream);
    let greeted = tokio::select! {
        greeted = timeout(settings.header_timeout, greeting) => greeted,
        () = place.closed() => return,
    };
    // A client that does not trust the certificate says so itself.
    if let Ok(Ok(stream)) = greeted {
        serve_stream(stream, place, pages, settings).await;
    }
}

async fn serve_stream(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    place: Arc<AdminConnection>,
    pages: Arc<Pages>,
    settings: Arc<config::Admin>,
) {
    let io = Timed {
        inner: TokioIo::new(stream),
        place: place.clone(),
        timeout: settings.write_timeout,
        clock: None,
    };
    let asked = place.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        asked.begin();
        let (pages, kind) = (pages.clone(), asked.kind);
        let answering = asked.clone();
        async move {
            let answer = answer(request, pages, kind).await;
            answering.answer();
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .keep_alive(place.kind == Kind::Whole)
        .serve_connection(io, service);
    let end = async {
        match place.kind {
            Kind::Whole => place.closed().await,
            Kind::Health => {
                let _ = tokio::time::timeout(settings.health_timeout, place.closed()).await;
            }
        }
    };
    tokio::select! {
        // A scraper that disconnects early is not worth a log line.
        _ = connection => {}
        () = end => {}
    }
}

/// A socket whose peer must read an answer in time.
struct Timed<S> {
    inner: TokioIo<S>,
    place: Arc<AdminConnection>,
    timeout: Duration,
    /// Runs while bytes of an answer wait for the peer.
    clock: Option<Pin<Box<Sleep>>>,
}

impl<S> Timed<S> {
    fn in_time<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            return polled;
        }
        let timeout = self.timeout;
        let clock = self.clock.get_or_insert_with(|| Box::pin(sleep(timeout)));
        clock
            .as_mut()
            .poll(context)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> Read for Timed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> Write for Timed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.in_time(polled, context)
    }

    /// hyper calls it when it has written everything.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(context);
        if polled.is_ready() {
            self.clock = None;
            self.place.flush();
        }
        self.in_time(polled, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.in_time(polled, context)
    }
}
