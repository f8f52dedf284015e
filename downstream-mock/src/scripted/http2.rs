//! Plays responses over the streams of a connection of HTTP/2.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use h2::server::{self, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use super::connection::Connection;
use super::inject::{Inject, Injected};
use super::record::{Record, Request};
use super::response::{Answering, Before, End, Fields, Framing, Part, Response};

/// A stream's order to its connection.
enum Order {
    /// To send what was injected.
    Flush,
    /// To reset the stream after what was sent on it.
    Reset(SendStream<Bytes>, Reason),
    End(End),
}

/// Serves streams until the connection ends.
pub(super) async fn serve(
    connection: Connection,
    answer: &Arc<Answering>,
    max_streams: Option<u32>,
) {
    let Connection {
        number,
        turns: _,
        stream,
        unread,
        record,
        open,
    } = connection;
    // Counted as open until the stream is dropped, which is a local of what follows.
    let _open = open;
    let server_name = stream.server_name();
    let injected = Injected::default();
    let (order, mut orders): (_, UnboundedReceiver<Order>) = unbounded_channel();
    let mut builder = server::Builder::new();
    if let Some(streams) = max_streams {
        builder.max_concurrent_streams(streams);
    }
    let io = Inject::new(stream, unread, injected.clone());
    let Ok(mut connection) = builder.handshake(io).await else {
        return;
    };
    let mut streams = JoinSet::new();
    let mut turn = 0;
    loop {
        tokio::select! {
            biased;
            accepted = connection.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    turn += 1;
                    let stream = Stream {
                        connection: number,
                        turn,
                        server_name: server_name.clone(),
                        record: record.clone(),
                        injected: injected.clone(),
                        order: order.clone(),
                        respond,
                    };
                    let answer = answer.clone();
                    streams.spawn(async move { stream.serve(request, &*answer).await });
                }
                _ => return,
            },
            Some(next) = orders.recv() => match next {
                Order::Flush => {}
                Order::Reset(mut stream, reason) => {
                    flush(&mut connection).await;
                    stream.send_reset(reason);
                }
                Order::End(End::Silent) => std::future::pending().await,
                Order::End(end) => {
                    flush(&mut connection).await;
                    if end == End::Reset {
                        injected.reset_on_drop();
                    }
                    return;
                }
            },
            Some(_) = streams.join_next() => {}
        }
    }
}

/// Sends what waits for that, as far as the client takes it.
async fn flush(connection: &mut server::Connection<Inject, Bytes>) {
    poll_fn(|context| {
        // Whether it is closed is seen elsewhere.
        let _ = connection.poll_closed(context);
        Poll::Ready(())
    })
    .await;
}

/// One stream.
struct Stream {
    connection: usize,
    turn: usize,
    server_name: Option<String>,
    record: Arc<Record>,
    injected: Injected,
    order: UnboundedSender<Order>,
    respond: SendResponse<Bytes>,
}

impl Stream {
    /// `None` when the client has taken the request back.
    async fn serve(mut self, request: http::Request<RecvStream>, answer: &Answering) -> Option<()> {
        let request = self.receive(request).await?;
        let is_head = request.method == Method::HEAD;
        let mut response = answer(request);
        while let Some(later) = response.later.take() {
            response = tokio::select! {
                next = later => next,
                _ = poll_fn(|context| self.respond.poll_reset(context)) => return None,
            };
        }
        let end = response.end;
        let sent = self.send(response, is_head).await?;
        match end {
            End::Keep => {}
            End::Close | End::Reset => drop(self.order.send(Order::End(end))),
            End::Silent => {
                let _ = self.order.send(Order::End(end));
                // Dropped, the stream would be reset before the connection falls silent.
                std::future::pending().await
            }
            End::ResetStream(code) => match sent {
                Some(sent) => drop(self.order.send(Order::Reset(sent, code.into()))),
                None => self.respond.send_reset(Reason::from(code)),
            },
            End::Hang => match sent {
                Some(mut sent) => drop(poll_fn(|context| sent.poll_reset(context)).await),
                None => drop(poll_fn(|context| self.respond.poll_reset(context)).await),
            },
        }
        Some(())
    }

    async fn receive(&mut self, request: http::Request<RecvStream>) -> Option<Request> {
        let stream = request.body().stream_id().as_u32();
        let (parts, mut incoming) = request.into_parts();
        let mut body = Vec::new();
        while let Some(data) = incoming.data().await {
            let data = data.ok()?;
            incoming.flow_control().release_capacity(data.len()).ok()?;
            body.extend_from_slice(&data);
        }
        let uri = &parts.uri;
        let target = uri.path_and_query().map(|target| target.as_str());
        let authority = uri.authority().map(|authority| authority.as_str());
        let request = Request {
            number: 0,
            connection: self.connection,
            turn: self.turn,
            stream: Some(stream),
            server_name: self.server_name.clone(),
            method: parts.method,
            target: target.unwrap_or_default().to_owned(),
            scheme: uri.scheme_str().map(str::to_owned),
            version: parts.version,
            authority: authority.unwrap_or_default().to_owned(),
            headers: parts.headers,
            body: body.into(),
        };
        Some(self.record.arrived(request))
    }

    /// Sends all there is to send. Returns the stream when it is begun and not ended.
    async fn send(
        &mut self,
        response: Response,
        is_head: bool,
    ) -> Option<Option<SendStream<Bytes>>> {
        let (is_ended, length) = (response.is_ended(), response.body_length());
        for before in response.before {
            match before {
                Before::Raw(bytes) => {
                    self.injected.push(&bytes);
                    let _ = self.order.send(Order::Flush);
                }
                Before::Interim(status, fields) => {
                    let interim = head(status, fields)?;
                    self.respond.send_informational(interim).ok()?;
                }
            }
        }
        let Some(mut given) = response.head else {
            return Some(None);
        };
        let has_body = !is_head && !matches!(given.status, 204 | 304);
        let announced = match given.framing {
            Framing::Length(None) => has_body.then_some(length),
            Framing::Length(given) => given,
            Framing::Chunked | Framing::UntilClose => None,
        };
        if let Some(length) = announced {
            let length = length.to_string().into_bytes();
            given.fields.push(("content-length".to_owned(), length));
        }
        let head = head(given.status, given.fields)?;
        let is_empty = response.body.is_empty() && response.trailers.is_empty();
        let ends_here = is_ended && (is_empty || !has_body);
        let mut stream = self.respond.send_response(head, ends_here).ok()?;
        if ends_here {
            return Some(None);
        }
        for part in response.body.into_iter().take_while(|_| has_body) {
            send_part(&mut stream, part).await?;
        }
        if is_ended {
            match response.trailers.is_empty() {
                true => stream.send_data(Bytes::new(), true).ok()?,
                false => stream.send_trailers(map(response.trailers)?).ok()?,
            }
        }
        Some(Some(stream))
    }
}

async fn send_part(stream: &mut SendStream<Bytes>, part: Part) -> Option<()> {
    match part {
        Part::Data(data) => send_data(stream, data).await,
        Part::Wait(until) => unless_reset(stream, until).await,
        Part::Repeat(data, pause) => loop {
            send_data(stream, data.clone()).await?;
            unless_reset(stream, tokio::time::sleep(pause)).await?;
        },
    }
}

/// Sends as much as the client makes room for, until it is all.
async fn send_data(stream: &mut SendStream<Bytes>, mut data: Bytes) -> Option<()> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        let room = poll_fn(|context| stream.poll_capacity(context)).await?;
        let now = data.split_to(room.ok()?.min(data.len()));
        stream.send_data(now, false).ok()?;
    }
    Some(())
}

async fn unless_reset<T>(
    stream: &mut SendStream<Bytes>,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        _ = poll_fn(|context| stream.poll_reset(context)) => None,
    }
}

/// `None` for what cannot be written in HTTP/2.
fn head(status: u16, fields: Fields) -> Option<http::Response<()>> {
    let mut head = http::Response::new(());
    *head.status_mut() = StatusCode::from_u16(status).ok()?;
    *head.headers_mut() = map(fields)?;
    Some(head)
}

fn map(fields: Fields) -> Option<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        map.append(name, HeaderValue::from_bytes(&value).ok()?);
    }
    Some(map)
}
