use super::*;

/// Reads the bytes whole, then cut at each place; returns whether they are too many, which must not
/// depend on the cuts.
fn too_many(mut counter: impl FnMut() -> Box<dyn FnMut(&[u8]) -> bool>, bytes: &[u8]) -> bool {
    let whole = counter()(bytes);
    for cut in 0..bytes.len() {
        let mut read = counter();
        let cut = read(&bytes[..cut]) || read(&bytes[cut..]);
        assert_eq!(cut, whole, "{}", bytes.escape_ascii());
    }
    let mut read = counter();
    let one_by_one = bytes.chunks(1).any(&mut read);
    assert_eq!(one_by_one, whole, "{}", bytes.escape_ascii());
    whole
}

fn http1(text: &str) -> bool {
    let counter = || {
        let mut heads = Heads::new(2);
        Box::new(move |bytes: &[u8]| heads.read(bytes).is_err()) as Box<dyn FnMut(&[u8]) -> bool>
    };
    too_many(counter, text.as_bytes())
}

#[test]
fn heads_of_http1_are_counted_up_to_the_answer() {
    let early = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n";
    let bare = "HTTP/1.1 100\n\n";
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    for (text, expected) in [
        (String::new(), false),
        (answer.to_owned(), false),
        (format!("{early}{early}{answer}"), false),
        (format!("{early}{early}{early}"), true),
        (format!("{bare}{bare}HTTP/1.0 199\r\n"), true),
        (format!("{bare}\r\n\n{bare}\r\n{bare}"), true),
        // What follows an answer is its body.
        (format!("{answer}{}", early.repeat(9)), false),
        (
            format!("HTTP/1.1 101 Switching\r\n\r\n{}", early.repeat(9)),
            false,
        ),
        // A value may look like a status line.
        (
            "HTTP/1.1 100\r\na: HTTP/1.1 100\r\nb: HTTP/1.1 100\r\nc: \r\n".to_owned(),
            false,
        ),
        ("SSH-2.0 100 100 100".to_owned(), false),
    ] {
        assert_eq!(http1(&text), expected, "{text:?}");
    }
}

#[test]
fn each_request_of_http1_has_its_own_count() {
    let mut heads = Heads::new(1);
    let round = b"HTTP/1.1 100\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody HTTP/1.1 100\r\n\r\n";
    for _ in 0..9 {
        heads.written();
        assert_eq!(heads.read(round), Ok(()));
    }
    // A request that is sent in parts counts on.
    heads.written();
    assert_eq!(heads.read(b"HTTP/1.1 100\r\n"), Ok(()));
    heads.written();
    assert!(heads.read(b"\r\nHTTP/1.1 100\r\n\r\n").is_err());
}

/// A frame with a payload that looks like the head of another.
fn frame(kind: u8, flags: u8, stream: u32) -> Vec<u8> {
    let mut frame = vec![0, 0, 12, kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend([0, 0, 0, 1, 0, 0, 0, 0, 1, 9, 9, 9]);
    frame
}

fn http2(frames: &[(u8, u8, u32)]) -> bool {
    let counter = || {
        let mut frames = Frames::new(2);
        Box::new(move |bytes: &[u8]| frames.read(bytes).is_err()) as Box<dyn FnMut(&[u8]) -> bool>
    };
    let bytes: Vec<u8> = frames
        .iter()
        .flat_map(|(kind, flags, stream)| frame(*kind, *flags, *stream))
        .collect();
    too_many(counter, &bytes)
}

#[test]
fn heads_of_http2_are_counted_by_stream_up_to_the_answer() {
    const HEADERS: u8 = 1;
    const END_HEADERS: u8 = 4;
    let head = |stream| (HEADERS, END_HEADERS, stream);
    let end = |stream| (HEADERS, END_HEADERS | 1, stream);
    let data = |stream| (0, 0, stream);
    let other = (4, 0, 0);
    assert!(!http2(&[]));
    assert!(!http2(&[head(1), head(1), head(1), other, data(1), end(1)]));
    assert!(!http2(&[
        head(1),
        head(1),
        end(1),
        head(3),
        head(3),
        head(3)
    ]));
    assert!(http2(&[head(1), head(1), other, head(1), head(1)]));
    assert!(!http2(&[
        head(1),
        head(3),
        head(1),
        head(3),
        head(1),
        head(3)
    ]));
    assert!(http2(&[
        head(1),
        head(3),
        head(1),
        head(1),
        head(3),
        head(1)
    ]));
    // The bit in front of a stream's number means nothing.
    let marked = head(1 | 1 << 31);
    assert!(http2(&[head(1), marked, head(1), marked]));
}

#[test]
fn streams_of_http2_that_were_given_up_are_not_kept_for_ever() {
    let mut frames = Frames::new(2);
    for stream in (1..30_000).step_by(2) {
        assert_eq!(frames.read(&frame(1, 4, stream)), Ok(()));
        assert!(frames.streams() <= 4096);
    }
}
