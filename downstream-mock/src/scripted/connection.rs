//! One connection of HTTP/1.1, byte by byte.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::record::{Open, Record, Request};
use super::stream::Stream;

/// The longest head and the longest line of a chunk that is read.
const MAX_HEAD: usize = 1 << 20;

/// A connection that a test serves. It is closed on drop.
pub struct Connection {
    /// Counts the service's connections from 1.
    pub number: usize,
    /// Requests that came on it so far.
    pub(super) turns: usize,
    pub(super) stream: Stream,
    pub(super) unread: Vec<u8>,
    pub(super) record: Arc<Record>,
    /// Below the stream, so that it is closed before it is no longer counted.
    pub(super) open: Open,
}

impl Connection {
    /// Reads and records the next request. `None` when the client has closed, or sends what is not
    /// HTTP/1.1.
    pub async fn request(&mut self) -> Option<Request> {
        let head = loop {
            if let Some(end) = find(&self.unread, b"\r\n\r\n") {
                break self.take(end + 4);
            }
            // What speaks TLS to a service without it sends no end of a head.
            let is_text = self.unread.first().is_none_or(u8::is_ascii_graphic);
            if self.unread.len() > MAX_HEAD || !is_text {
                return None;
            }
            self.read().await?;
        };
        let mut request = parse(&head)?;
        let length = request.header("content-length").map(str::to_owned);
        request.body = if request.headers.contains_key("transfer-encoding") {
            self.chunks().await?.into()
        } else {
            let length = length.map_or(Some(0), |length| length.parse().ok())?;
            self.exactly(length).await?.into()
        };
        self.turns += 1;
        request.turn = self.turns;
        request.connection = self.number;
        request.server_name = self.stream.server_name();
        Some(self.record.arrived(request))
    }

    /// Sends bytes. `false` when the client has closed.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        // With TLS, what is written may be held back until a flush.
        self.stream.write_all(bytes.as_ref()).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Waits until the client has closed, whatever it sends before.
    pub async fn closed(mut self) {
        self.hung_up().await;
    }

    /// Closes with a reset, like a killed service, or a proxy that lost the connection.
    pub fn reset(self) {
        self.stream.reset_on_drop();
    }

    /// Answers a malformed request with 400, and closes.
    pub(super) async fn refuse(mut self) {
        if !self.unread.is_empty() {
            let answer = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
            self.send(answer).await;
        }
        self.close().await;
    }

    /// Ends what is sent, and closes.
    pub(super) async fn close(mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// Waits until the client has closed.
    pub(super) async fn hung_up(&mut self) {
        while self.read().await.is_some() {}
    }

    /// Waits for something, or until the client has closed: then it is `None`.
    pub(super) async fn unless_hung_up<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = self.hung_up() => None,
        }
    }

    /// Whether the client begins as HTTP/2 does. What is read stays unread.
    pub(super) async fn is_http2(&mut self) -> bool {
        const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        loop {
            let known = self.unread.len().min(PREFACE.len());
            if self.unread[..known] != PREFACE[..known] {
                return false;
            }
            if known == PREFACE.len() {
                return true;
            }
            if self.read().await.is_none() {
                return false;
            }
        }
    }

    async fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size = line.split(';').next()?.trim();
            let size = usize::from_str_radix(size, 16).ok()?;
            if size == 0 {
                // Trailers, which no test reads.
                while !self.line().await?.is_empty() {}
                return Some(body);
            }
            body.extend(self.exactly(size).await?);
            self.line().await?;
        }
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = find(&self.unread, b"\r\n") {
                let line = self.take(end + 2);
                return Some(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            if self.unread.len() > MAX_HEAD {
                return None;
            }
            self.read().await?;
        }
    }

    async fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.unread.len() < length {
            self.read().await?;
        }
        Some(self.take(length))
    }

    async fn read(&mut self) -> Option<()> {
        let read = self.stream.read_buf(&mut self.unread).await.ok()?;
        (read > 0).then_some(())
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.unread.split_off(length);
        std::mem::replace(&mut self.unread, rest)
    }
}

fn parse(head: &[u8]) -> Option<Request> {
    let head = head.strip_suffix(b"\r\n\r\n")?;
    let end = find(head, b"\r\n").unwrap_or(head.len());
    let mut line = std::str::from_utf8(&head[..end]).ok()?.split(' ');
    let method = Method::from_bytes(line.next()?.as_bytes()).ok()?;
    let target = line.next()?.to_owned();
    let version = match line.next()? {
        "HTTP/1.0" => Version::HTTP_10,
        "HTTP/1.1" => Version::HTTP_11,
        _ => return None,
    };
    let mut headers = HeaderMap::new();
    let mut rest = &head[end..];
    while let Some(line) = rest.strip_prefix(b"\r\n") {
        let end = find(line, b"\r\n").unwrap_or(line.len());
        let colon = find(&line[..end], b":")?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..end].trim_ascii()).ok()?;
        headers.append(name, value);
        rest = &line[end..];
    }
    let authority = headers.get("host").and_then(|host| host.to_str().ok());
    Some(Request {
        number: 0,
        connection: 0,
        turn: 0,
        stream: None,
        server_name: None,
        method,
        target,
        scheme: None,
        version,
        authority: authority.unwrap_or_default().to_owned(),
        headers,
        body: Bytes::new(),
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}
