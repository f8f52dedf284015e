//! A client of HTTP/2 that does only what the test says: it gives no window, and answers nothing
//! but settings.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::wire::soon;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;

/// Codes of resets (RFC 9113 section 7).
pub const NO_ERROR: u32 = 0;
pub const REFUSED_STREAM: u32 = 7;
pub const CANCEL: u32 = 8;

/// What the host says of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// The head of an answer, and whether it is 200.
    Head {
        ok: bool,
        end: bool,
    },
    /// Some of its body.
    Data {
        bytes: usize,
        end: bool,
    },
    Reset(u32),
}

/// One connection.
pub struct Frames {
    stream: TcpStream,
    buffer: Vec<u8>,
    paths: &'static str,
}

impl Frames {
    /// A connection on which each stream begins with this window.
    pub async fn connect(address: SocketAddr, window: u32) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut frames = Self {
            stream,
            buffer: Vec::new(),
            paths: "/",
        };
        let mut settings = vec![0, 4];
        settings.extend(window.to_be_bytes());
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(SETTINGS, 0, 0, &settings));
        frames.send(&bytes).await;
        frames
    }

    /// The path of the requests to come.
    pub fn at(mut self, path: &'static str) -> Self {
        self.paths = path;
        self
    }

    async fn send(&mut self, bytes: &[u8]) {
        // That the other end closed shows when something is read.
        let _ = self.stream.write_all(bytes).await;
    }

    /// Begins a request with a method of the static table: 2 is GET, 3 is POST.
    async fn head(&mut self, method: u8, stream: u32, end: bool) {
        // `:method` and `:scheme` by their index, `:path` and `:authority` as they are.
        let mut block = vec![0x80 | method, 0x86, 0x04];
        block.push(u8::try_from(self.paths.len()).unwrap());
        block.extend(self.paths.as_bytes());
        block.extend(b"\x01\x09localhost");
        let flags = 4 | u8::from(end);
        self.send(&frame(HEADERS, flags, stream, &block)).await;
    }

    pub async fn get(&mut self, stream: u32) {
        self.head(2, stream, true).await;
    }

    /// Begins an upload.
    pub async fn post(&mut self, stream: u32) {
        self.head(3, stream, false).await;
    }

    pub async fn data(&mut self, stream: u32, bytes: &[u8], end: bool) {
        for part in bytes.chunks(16 << 10) {
            self.send(&frame(DATA, 0, stream, part)).await;
        }
        if end {
            self.send(&frame(DATA, 1, stream, &[])).await;
        }
    }

    /// Lets the host send so many bytes more, on a stream, or on all of them with 0.
    pub async fn window(&mut self, stream: u32, bytes: u32) {
        let frame = frame(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes());
        self.send(&frame).await;
    }

    pub async fn reset(&mut self, stream: u32) {
        let frame = frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes());
        self.send(&frame).await;
    }

    /// Waits until the host takes more than the least window of a connection.
    pub async fn opened(mut self) -> Self {
        loop {
            let (kind, _, stream, _) = soon(self.frame()).await.unwrap();
            if (kind, stream) == (WINDOW_UPDATE, 0) {
                return self;
            }
        }
    }

    /// What the host says next of any stream; `None` at the end of the connection.
    pub async fn next(&mut self) -> Option<(u32, Told)> {
        loop {
            let (kind, flags, stream, payload) = soon(self.frame()).await?;
            let end = flags & 1 == 1;
            let told = match kind {
                DATA => Told::Data {
                    bytes: payload.len(),
                    end,
                },
                HEADERS => Told::Head {
                    ok: payload.first() == Some(&0x88),
                    end,
                },
                RST_STREAM => Told::Reset(number(&payload)),
                SETTINGS if !end => {
                    self.send(&frame(SETTINGS, 1, 0, &[])).await;
                    continue;
                }
                _ => continue,
            };
            return Some((stream, told));
        }
    }

    /// What the host says next of a stream.
    pub async fn of(&mut self, stream: u32) -> Option<Told> {
        loop {
            let (other, told) = self.next().await?;
            if other == stream {
                return Some(told);
            }
        }
    }

    async fn frame(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        loop {
            if let [a, b, c, kind, flags, w, x, y, z, rest @ ..] = &self.buffer[..] {
                let length = number(&[*a, *b, *c]) as usize;
                if rest.len() >= length {
                    let head = (*kind, *flags, number(&[*w, *x, *y, *z]));
                    let payload = rest[..length].to_vec();
                    self.buffer.drain(..9 + length);
                    return Some((head.0, head.1, head.2, payload));
                }
            }
            let read = self.stream.read_buf(&mut self.buffer).await;
            if !matches!(read, Ok(count) if count > 0) {
                return None;
            }
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u32::from(*byte))
}
