//! A client of HTTP/2 that sends any frames, for what no client library does.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// DATA.
pub const DATA: u8 = 0;
/// HEADERS.
pub const HEADERS: u8 = 1;
/// PRIORITY.
pub const PRIORITY: u8 = 2;
/// `RST_STREAM`.
pub const RST_STREAM: u8 = 3;
/// SETTINGS.
pub const SETTINGS: u8 = 4;
/// PING.
pub const PING: u8 = 6;
/// GOAWAY.
pub const GOAWAY: u8 = 7;
/// `WINDOW_UPDATE`.
pub const WINDOW_UPDATE: u8 = 8;
/// CONTINUATION.
pub const CONTINUATION: u8 = 9;

/// The flag of PING and SETTINGS that answers one.
pub const ACK: u8 = 1;
/// The flag that ends a stream.
pub const END_STREAM: u8 = 1;
/// The flag that ends a head.
pub const END_HEADERS: u8 = 4;

/// The error code for a client that sent too much.
pub const ENHANCE_YOUR_CALM: u32 = 0xb;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A frame of this kind as bytes (RFC 9113 section 4.1).
#[must_use]
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The fields of a request in the form of HPACK, without a table: the method is GET or POST, path
/// and host have fewer than 127 bytes.
#[must_use]
pub fn head(method: &str, path: &str) -> Vec<u8> {
    let mut fields = vec![if method == "POST" { 0x83 } else { 0x82 }, 0x86];
    for (name, value) in [(4, path), (1, "localhost")] {
        fields.extend([name, u8::try_from(value.len()).unwrap_or(0)]);
        fields.extend(value.bytes());
    }
    fields
}

/// A whole GET.
#[must_use]
pub fn get(stream: u32, path: &str) -> Vec<u8> {
    let flags = END_STREAM | END_HEADERS;
    frame(HEADERS, flags, stream, &head("GET", path))
}

/// The head of a POST whose body is to come.
#[must_use]
pub fn post(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &head("POST", path))
}

/// Cancels a request.
#[must_use]
pub fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes())
}

/// A frame that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which it is.
    pub kind: u8,
    /// Its flags.
    pub flags: u8,
    /// Its stream, 0 for the connection.
    pub stream: u32,
    /// What it carries.
    pub payload: Vec<u8>,
}

impl Frame {
    /// The error code of a GOAWAY.
    #[must_use]
    pub fn goaway(&self) -> Option<u32> {
        let code = self.payload.get(4..8)?.try_into().ok()?;
        (self.kind == GOAWAY).then(|| u32::from_be_bytes(code))
    }
}

/// One connection.
pub struct Frames {
    stream: TcpStream,
    buffer: Vec<u8>,
    pings: u64,
}

impl Frames {
    /// Connects, and sends no more than a client must.
    ///
    /// # Errors
    ///
    /// When there is no connection.
    pub async fn connect(address: SocketAddr) -> std::io::Result<Self> {
        Self::with_settings(address, &[]).await
    }

    /// Connects with settings, in the form of a SETTINGS frame's payload.
    ///
    /// # Errors
    ///
    /// When there is no connection.
    pub async fn with_settings(address: SocketAddr, settings: &[u8]) -> std::io::Result<Self> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        stream.write_all(PREFACE).await?;
        stream.write_all(&frame(SETTINGS, 0, 0, settings)).await?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
            pings: 0,
        })
    }

    /// Sends bytes; `false` when the connection has ended.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// The next frame; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.take() {
                return Some(frame);
            }
            let read = self.stream.read_buf(&mut self.buffer).await;
            if !matches!(read, Ok(count) if count > 0) {
                return None;
            }
        }
    }

    /// Discards what came, without a wait; `false` when the connection has ended.
    pub fn skip(&mut self) -> bool {
        loop {
            self.buffer.clear();
            match self.stream.try_read_buf(&mut self.buffer) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
            }
        }
    }

    fn take(&mut self) -> Option<Frame> {
        let [a, b, c, kind, flags, s, t, u, v, ..] = self.buffer[..] else {
            return None;
        };
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        if self.buffer.len() < 9 + length {
            return None;
        }
        let payload = self.buffer[9..9 + length].to_vec();
        self.buffer.drain(..9 + length);
        Some(Frame {
            kind,
            flags,
            stream: u32::from_be_bytes([s, t, u, v]),
            payload,
        })
    }

    /// Reads up to the first frame that is wanted; `None` when the connection ended before it.
    pub async fn until(&mut self, wanted: impl Fn(&Frame) -> bool) -> Option<Frame> {
        loop {
            let frame = self.next().await?;
            if wanted(&frame) {
                return Some(frame);
            }
        }
    }

    /// Waits until the peer has processed all that was sent. Returns the error code of a GOAWAY
    /// that came instead; `None` also when the connection ended without one.
    pub async fn seen(&mut self) -> Result<(), Option<u32>> {
        self.pings += 1;
        let number = self.pings.to_be_bytes();
        self.send(&frame(PING, 0, 0, &number)).await;
        let acknowledges = |frame: &Frame| frame.kind == PING && frame.payload == number;
        let found = self
            .until(|frame| frame.kind == GOAWAY || acknowledges(frame))
            .await;
        match found {
            Some(frame) if frame.kind == PING => Ok(()),
            Some(frame) => Err(frame.goaway()),
            None => Err(None),
        }
    }
}
