//! Plays responses over a connection of HTTP/1.1.

use bytes::Bytes;
use http::{Method, StatusCode};

use super::connection::Connection;
use super::response::{Answering, Before, End, Fields, Framing, Head, Part, Response};

/// Answers one request after the other.
pub(super) async fn serve(mut connection: Connection, answer: &Answering) {
    while let Some(request) = connection.request().await {
        let is_head = request.method == Method::HEAD;
        let mut response = answer(request);
        while let Some(later) = response.later.take() {
            match connection.unless_hung_up(later).await {
                Some(next) => response = next,
                None => return,
            }
        }
        let end = response.end;
        if send(&mut connection, response, is_head).await.is_none() {
            return;
        }
        match end {
            End::Keep => {}
            End::Close | End::ResetStream(_) => return connection.close().await,
            End::Reset => return connection.reset(),
            End::Hang => return connection.closed().await,
            End::Silent => return std::future::pending().await,
        }
    }
    connection.refuse().await;
}

/// Sends all there is to send. `None` when the client has closed.
async fn send(connection: &mut Connection, response: Response, is_head: bool) -> Option<()> {
    let is_ended = response.is_ended();
    let length = response.body_length();
    for before in response.before {
        let bytes = match before {
            Before::Raw(bytes) => bytes,
            Before::Interim(status, fields) => head(status, &fields).into(),
        };
        write(connection, bytes).await?;
    }
    let Some(Head {
        status,
        mut fields,
        framing,
    }) = response.head
    else {
        return Some(());
    };
    let has_body = !matches!(status, 100..=199 | 204 | 304);
    match framing {
        Framing::Length(None) if has_body => fields.push(field("content-length", length)),
        Framing::Length(Some(length)) => fields.push(field("content-length", length)),
        Framing::Chunked => fields.push(field("transfer-encoding", "chunked")),
        Framing::Length(None) | Framing::UntilClose => {}
    }
    write(connection, head(status, &fields)).await?;
    if is_head || !has_body {
        return Some(());
    }
    let chunked = framing == Framing::Chunked;
    let part = |data: &Bytes| match chunked {
        true => [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat(),
        false => data.to_vec(),
    };
    for next in response.body {
        match next {
            // An empty chunk would be the end.
            Part::Data(data) if data.is_empty() => {}
            Part::Data(data) => write(connection, part(&data)).await?,
            Part::Wait(until) => connection.unless_hung_up(until).await?,
            Part::Repeat(data, pause) => loop {
                write(connection, part(&data)).await?;
                connection.unless_hung_up(tokio::time::sleep(pause)).await?;
            },
        }
    }
    if chunked && is_ended {
        let mut end = b"0\r\n".to_vec();
        lines(&mut end, &response.trailers);
        write(connection, end).await?;
    }
    Some(())
}

async fn write(connection: &mut Connection, bytes: impl AsRef<[u8]>) -> Option<()> {
    connection.send(bytes).await.then_some(())
}

fn field(name: &str, value: impl ToString) -> (String, Vec<u8>) {
    (name.to_owned(), value.to_string().into_bytes())
}

fn head(status: u16, fields: &Fields) -> Vec<u8> {
    let reason = StatusCode::from_u16(status).ok();
    let reason = reason.and_then(|status| status.canonical_reason());
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason.unwrap_or_default()).into_bytes();
    lines(&mut head, fields);
    head
}

fn lines(to: &mut Vec<u8>, fields: &Fields) {
    for (name, value) in fields {
        to.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    to.extend(b"\r\n");
}
