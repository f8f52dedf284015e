//! A raw client: bytes out, bytes in, over one TCP connection.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How long a test waits for what must happen. Far above what it takes, so that only a hang ends a
/// test this way.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Waits for what must happen.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(TIMEOUT, what)
        .await
        .unwrap_or_else(|_| panic!("it did not happen within {TIMEOUT:?}"))
}

/// Polls until there is a result.
pub async fn until<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> T {
    soon(async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

/// Runs beside the test, which reads its result.
#[expect(
    clippy::disallowed_methods,
    reason = "ends with the test's own event loop"
)]
pub fn beside<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(work)
}

/// One connection.
pub struct Wire {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// One response as received.
#[derive(Clone, Debug)]
pub struct ClientResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl ClientResponse {
    /// A field, empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        let mut found = self.headers.iter().filter(|(other, _)| other == name);
        found.next().map_or("", |(_, value)| value)
    }

    /// The code of an answer that the host made itself.
    pub fn code(&self) -> &str {
        self.header("tailor-error")
    }
}

impl Wire {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    pub fn over(stream: TcpStream) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// One request on a connection of its own.
    pub async fn ask(address: SocketAddr, request: &str) -> ClientResponse {
        let mut wire = Self::connect(address).await;
        wire.send(request).await;
        wire.answer().await
    }

    /// Sends text. That the other end closed already shows when the answer is read.
    pub async fn send(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes()).await;
    }

    /// Sends bytes, in the same way.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Whether the connection takes more bytes.
    pub async fn takes(&mut self, text: &str) -> bool {
        self.stream.write_all(text.as_bytes()).await.is_ok()
    }

    /// Says that nothing more will be sent, and goes on reading.
    pub async fn finish(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Reads one answer, with a body of its `content-length`.
    pub async fn answer(&mut self) -> ClientResponse {
        let mut answer = self.head().await;
        answer.body = self.body(&answer).await;
        answer
    }

    /// Reads the body that belongs to a head.
    pub async fn body(&mut self, head: &ClientResponse) -> String {
        let length = head.header("content-length").parse().unwrap_or(0);
        while self.buffer.len() < length {
            assert!(soon(self.more()).await, "the connection ended in a body");
        }
        let body: Vec<u8> = self.buffer.drain(..length).collect();
        String::from_utf8(body).unwrap()
    }

    /// Reads the head of a request, which is one of a call that a service gets.
    pub async fn request(&mut self) -> String {
        self.until_blank_line().await
    }

    /// Answers a call as the service `heart` does.
    pub async fn heart(&mut self) {
        let body = r#"{"latest":{"bpm":51}}"#;
        let length = body.len();
        self.send(&format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await;
    }

    /// Reads one answer's head, and leaves what follows.
    pub async fn head(&mut self) -> ClientResponse {
        let head = self.until_blank_line().await;
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        ClientResponse {
            status: status.and_then(|status| status.parse().ok()).unwrap(),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: String::new(),
        }
    }

    async fn until_blank_line(&mut self) -> String {
        let end = loop {
            let found = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = found {
                break end + 4;
            }
            assert!(
                soon(self.more()).await,
                "the connection ended in a head: {:?}",
                String::from_utf8_lossy(&self.buffer)
            );
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        String::from_utf8(head).unwrap()
    }

    /// Reads until this text came; returns what came up to its end.
    pub async fn until(&mut self, text: &str) -> String {
        let wanted = text.as_bytes();
        let end = loop {
            let mut parts = self.buffer.windows(wanted.len());
            if let Some(found) = parts.position(|part| part == wanted) {
                break found + wanted.len();
            }
            assert!(
                soon(self.more()).await,
                "the connection ended before {text:?}"
            );
        };
        let came: Vec<u8> = self.buffer.drain(..end).collect();
        String::from_utf8_lossy(&came).into_owned()
    }

    /// Reads until the other end closes; returns what came.
    pub async fn rest(&mut self) -> String {
        while soon(self.more()).await {}
        String::from_utf8_lossy(&std::mem::take(&mut self.buffer)).into_owned()
    }

    /// Reads something; `false` when the connection has ended, in whichever way.
    async fn more(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.buffer).await, Ok(count) if count > 0)
    }
}

/// A GET request of HTTP/1.1 with more header lines, each with its line end.
pub fn get(target: &str, more: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n")
}

/// A service that answers when the test says so.
pub struct Gate {
    listener: TcpListener,
}

impl Gate {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { listener }
    }

    /// The configuration of a service `heart` that is this gate, and of a BFF `watch` that waits
    /// for it and may do so for a minute, each request with a call of its own. No other service is
    /// granted, so two of its three numbers are missing.
    pub fn watch(&self) -> String {
        let address = self.listener.local_addr().unwrap();
        format!(
            "[downstream.heart]\nurl = \"http://{address}\"\ncoalesce = false\n\
             timeout = \"1m\"\nfirst-byte-timeout = \"1m\"\nconnect-timeout = \"1m\"\n\
             [[route]]\nbff = \"watch\"\npath = \"/watch\"\n\
             [bff.watch]\ncomponent = \"watch.wasm\"\ndownstreams = [\"heart\"]\ndeadline = \"1m\"\n"
        )
    }

    /// Whether a connection came that was not accepted yet.
    pub async fn is_called(&self) -> bool {
        let soon = Duration::from_millis(1);
        tokio::time::timeout(soon, self.listener.accept())
            .await
            .is_ok()
    }

    /// Waits for the next call on a new connection.
    pub async fn call(&self) -> Wire {
        let (stream, _) = soon(self.listener.accept()).await.unwrap();
        let mut wire = Wire::over(stream);
        wire.request().await;
        wire
    }
}

/// What [`Gate::watch`] asks its clients for, and what they get once [`Wire::heart`] has answered.
pub const HELD: &str = "/watch/ada?date=2026-01-15";
pub const HELD_ANSWER: &str = r#"{"steps":null,"heart":51,"sleep":null}"#;
