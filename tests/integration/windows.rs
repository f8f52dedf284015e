//! A client of HTTP/2 that gives no window, answers nothing but settings, and reports what the host
//! says of its streams.

use std::net::SocketAddr;

use tailor_harness::frames::{
    self, ACK, DATA, END_STREAM, Frame, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE, frame,
};

use crate::wire::soon;

/// Codes of resets (RFC 9113 section 7).
pub const NO_ERROR: u32 = 0;
pub const REFUSED_STREAM: u32 = 7;
pub const CANCEL: u32 = 8;

/// The host's frames of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum StreamEvent {
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
pub struct Streams {
    wire: frames::Frames,
    path: &'static str,
}

impl Streams {
    /// A connection on which each stream begins with this window.
    pub async fn connect(address: SocketAddr, window: u32) -> Self {
        let mut settings = vec![0, 4];
        settings.extend(window.to_be_bytes());
        let wire = frames::Frames::with_settings(address, &settings).await;
        Self {
            wire: wire.unwrap(),
            path: "/",
        }
    }

    /// The path of the requests to come.
    pub fn at(mut self, path: &'static str) -> Self {
        self.path = path;
        self
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        // That the other end closed shows when something is read.
        self.wire.send(&frame(kind, flags, stream, payload)).await;
    }

    pub async fn get(&mut self, stream: u32) {
        self.wire.send(&frames::get(stream, self.path)).await;
    }

    /// Begins an upload.
    pub async fn post(&mut self, stream: u32) {
        self.wire.send(&frames::post(stream, self.path)).await;
    }

    pub async fn data(&mut self, stream: u32, bytes: &[u8], end: bool) {
        for part in bytes.chunks(16 << 10) {
            self.send(DATA, 0, stream, part).await;
        }
        if end {
            self.send(DATA, END_STREAM, stream, &[]).await;
        }
    }

    /// Lets the host send this number of bytes more, on a stream, or on all of them with 0.
    pub async fn window(&mut self, stream: u32, bytes: u32) {
        self.send(WINDOW_UPDATE, 0, stream, &bytes.to_be_bytes())
            .await;
    }

    pub async fn reset(&mut self, stream: u32) {
        self.wire.send(&frames::reset(stream)).await;
    }

    /// Waits until the host takes more than the least window of a connection.
    pub async fn opened(mut self) -> Self {
        let opens = |frame: &Frame| (frame.kind, frame.stream) == (WINDOW_UPDATE, 0);
        soon(self.wire.until(opens)).await.unwrap();
        self
    }

    /// What the host says next of any stream; `None` at the end of the connection.
    pub async fn next(&mut self) -> Option<(u32, StreamEvent)> {
        loop {
            let frame = soon(self.wire.next()).await?;
            let end = frame.flags & END_STREAM == END_STREAM;
            let told = match frame.kind {
                DATA => StreamEvent::Data {
                    bytes: frame.payload.len(),
                    end,
                },
                HEADERS => StreamEvent::Head {
                    ok: frame.payload.first() == Some(&0x88),
                    end,
                },
                RST_STREAM => StreamEvent::Reset(code(&frame)),
                SETTINGS if frame.flags & ACK == 0 => {
                    self.send(SETTINGS, ACK, 0, &[]).await;
                    continue;
                }
                _ => continue,
            };
            return Some((frame.stream, told));
        }
    }

    /// What the host says next of a stream.
    pub async fn of(&mut self, stream: u32) -> Option<StreamEvent> {
        loop {
            let (other, told) = self.next().await?;
            if other == stream {
                return Some(told);
            }
        }
    }
}

/// The code of a reset.
fn code(frame: &Frame) -> u32 {
    u32::from_be_bytes(frame.payload[..].try_into().unwrap())
}
