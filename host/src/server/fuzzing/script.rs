//! What a client does, read from the bytes of an input.

use std::time::Duration;

/// One thing that a client does.
pub(super) enum Step {
    /// It sends bytes.
    Send(Vec<u8>),
    /// It waits.
    Pause(Duration),
    /// It is ready to read this number of bytes more.
    Read(usize),
    /// It ends its sending side.
    Finish,
    /// It is gone.
    Close,
}

/// More bytes than any answer has.
const ALL: usize = usize::MAX;
/// The unit of a pause.
const PAUSE: Duration = Duration::from_millis(100);

/// HTTP/1.1: the first byte says how many bytes come at once, and in its lowest bit whether the
/// client reads. Then what it sends, and what it does: `\\` and a letter (`p` pause, `r` read, `a`
/// read all, `f` finish, `c` close), with one byte that says how much.
pub(super) fn http1(input: &[u8]) -> Vec<Step> {
    let Some((&first, mut rest)) = input.split_first() else {
        return Vec::new();
    };
    let mut steps = begin(first);
    let size = usize::from(first / 2) * 8 + 1;
    while !rest.is_empty() {
        if let [b'\\', what, much, left @ ..] = rest
            && let Some(step) = act(*what, *much)
        {
            steps.push(step);
            rest = left;
            continue;
        }
        let until = rest[1..].iter().position(|byte| *byte == b'\\');
        let until = until.map_or(rest.len(), |at| at + 1);
        let (text, left) = rest.split_at(until);
        send(&mut steps, text, size);
        rest = left;
    }
    steps
}

fn begin(first: u8) -> Vec<Step> {
    match first % 2 {
        0 => Vec::new(),
        _ => vec![Step::Read(ALL)],
    }
}

fn send(steps: &mut Vec<Step>, bytes: &[u8], size: usize) {
    steps.extend(bytes.chunks(size).map(|part| Step::Send(part.to_vec())));
}

fn act(what: u8, much: u8) -> Option<Step> {
    Some(match what {
        b'p' => Step::Pause(PAUSE * much.into()),
        b'r' => Step::Read(usize::from(much) * 16),
        b'a' => Step::Read(ALL),
        b'f' => Step::Finish,
        b'c' => Step::Close,
        _ => return None,
    })
}

/// HTTP/2: the first byte as for HTTP/1.1; from 248 on, there is no preface. Then frames, each of a
/// letter and two bytes, and the actions of a client, with the same letters but no `\\`.
pub(super) fn http2(input: &[u8]) -> Vec<Step> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let Some((&first, mut rest)) = input.split_first() else {
        return Vec::new();
    };
    let mut steps = begin(first);
    let size = usize::from(first / 2) * 8 + 1;
    if first < 248 {
        send(&mut steps, PREFACE, size);
        send(&mut steps, &frame(4, 0, 0, &[]), size);
    }
    let mut streams = Streams(0);
    while let [what, a, b, left @ ..] = rest {
        rest = left;
        if let Some(step) = act(*what, *a) {
            steps.push(step);
            continue;
        }
        let bytes = match what {
            // As many bytes of the input as they are.
            b'x' => {
                let (bytes, left) = rest.split_at(rest.len().min((*a).into()));
                rest = left;
                bytes.to_vec()
            }
            _ => streams.frames(*what, *a, *b),
        };
        send(&mut steps, &bytes, size);
    }
    steps
}

/// The number of the last stream.
struct Streams(u32);

impl Streams {
    /// The next stream.
    fn next(&mut self) -> u32 {
        self.0 = if self.0 == 0 { 1 } else { self.0 + 2 };
        self.0
    }

    /// An earlier stream, counted back from the last.
    fn before(&self, back: u8) -> u32 {
        self.0.saturating_sub(u32::from(back % 16) * 2)
    }

    fn frames(&mut self, what: u8, a: u8, b: u8) -> Vec<u8> {
        const END_STREAM: u8 = 1;
        const END_HEADERS: u8 = 4;
        let much = u32::from(a) << (b % 24);
        let stream = self.before(b);
        match what {
            // A request without a body, one with, and one in pieces.
            b'G' => frame(1, END_STREAM | END_HEADERS, self.next(), &head(0x82, a, b)),
            b'P' => frame(1, END_HEADERS, self.next(), &head(0x83, a, b)),
            b'H' => {
                let (stream, head) = (self.next(), head(0x82, a, b));
                let (begin, end) = head.split_at(usize::from(b) % head.len());
                let mut bytes = frame(1, END_STREAM, stream, begin);
                let last = if a % 4 == 3 { 0 } else { END_HEADERS };
                bytes.extend(frame(9, last, stream, end));
                bytes
            }
            // Trailers.
            b'T' => frame(1, END_STREAM | END_HEADERS, stream, b"\x00\x01a\x01b"),
            b'D' => frame(0, b >> 7, stream, &vec![b'd'; usize::from(a) * 16]),
            b'R' => frame(3, 0, stream, &[0, 0, 0, a]),
            b'I' => frame(6, b % 2, 0, &[a; 8]),
            b'W' => frame(8, 0, stream, &much.to_be_bytes()),
            // The window of the connection.
            b'C' => frame(8, 0, 0, &much.to_be_bytes()),
            b'Y' => frame(2, 0, stream, &[0, 0, 0, a, b]),
            b'S' => {
                let mut setting = vec![0, b / 24];
                setting.extend(much.to_be_bytes());
                frame(4, 0, 0, &setting)
            }
            b'A' => frame(4, 1, 0, &[]),
            b'Q' => frame(7, 0, 0, &[0, 0, 0, b, 0, 0, 0, a]),
            other => frame(other, a, stream, &[b; 8]),
        }
    }
}

/// A head as HPACK: its fields are not indexed. The numbers say its path, and how long a field is.
fn head(method: u8, path: u8, long: u8) -> Vec<u8> {
    let path: &[u8] = match path % 4 {
        0 => b"/e",
        1 => b"/e/x?a=b",
        2 => b"/none",
        _ => b"/e/../x",
    };
    let mut head = vec![method, 0x86];
    for (name, value) in [(4, path), (1, b"host")] {
        head.push(name);
        head.extend(u8::try_from(value.len()));
        head.extend(value);
    }
    // A length of up to 126 has one byte.
    let long = long % 127;
    head.extend([0, 1, b'f', long]);
    head.extend(vec![b'v'; long.into()]);
    head
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or_default();
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}
