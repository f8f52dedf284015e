use super::*;

/// The events of a connection whose bytes come in pieces of this size.
fn events(text: &str, size: usize) -> Vec<Event> {
    let (heads, mut scanner) = (Heads::default(), Scanner::new());
    let mut events = Vec::new();
    for piece in text.as_bytes().chunks(size) {
        heads.read(&mut scanner, piece, |event| events.push(event));
    }
    events
}

fn heads_of(text: &str) -> Vec<Option<Fault>> {
    let wholes = |size| -> Vec<_> {
        let all = events(text, size).into_iter();
        all.filter_map(|event| match event {
            Event::Whole(fault) => Some(fault),
            Event::Begun => None,
        })
        .collect()
    };
    let whole = wholes(text.len());
    for size in [1, 2, 3, 7, 20] {
        assert_eq!(wholes(size), whole, "{text:?} in pieces of {size}");
    }
    whole
}

#[test]
fn heads_are_found_behind_each_other_and_behind_bodies() {
    let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    let post = "POST / HTTP/1.1\r\nContent-Length:  3 \r\nhost: a\r\n\r\n\n#\n";
    assert_eq!(heads_of(&format!("{get}{post}\r\n{get}{post}")), [None; 4]);
    let empty = "POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(heads_of(&format!("{empty}{get}")), [None; 2]);
    let named = "GET / HTTP/1.1\r\nx-content-length: 9\r\ncontent-lengths: 9\r\nc: 1\r\n\r\n";
    assert_eq!(heads_of(&format!("{named}{get}")), [None; 2]);
    // A head after chunks is not searched in the same bytes.
    let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(heads_of(&format!("{chunked}{get}")), [None]);
}

#[test]
fn a_head_with_two_readings_has_a_fault() {
    for (head, fault) in [
        ("GET / HTTP/1.1\nhost: a\r\n\r\n", Fault::BareLf),
        ("GET / HTTP/1.1\r\nhost: a\n\r\n", Fault::BareLf),
        ("GET / HTTP/1.1\r\nhost: a\r\n\n", Fault::BareLf),
        ("\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", Fault::BareLf),
        ("GET /#x HTTP/1.1\r\nhost: a\r\n\r\n", Fault::Fragment),
        (
            "POST / HTTP/1.1\r\nTransfer-encoding: chunked\r\ncontent-Length: 3\r\n\r\n",
            Fault::TwoLengths,
        ),
        (
            "POST / HTTP/1.1\r\ncontent-length: 0\r\nTRANSFER-ENCODING: chunked\r\n\r\n",
            Fault::TwoLengths,
        ),
        (
            "POST / HTTP/1.1\r\ncontent-length: 3, 3\r\n\r\n",
            Fault::Length,
        ),
        (
            "POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
            Fault::Length,
        ),
    ] {
        assert_eq!(heads_of(head), [Some(fault)], "{head:?}");
    }
}

#[test]
fn a_head_begins_with_its_first_byte() {
    let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    assert_eq!(
        events(&format!("{get}G"), 100),
        [Event::Begun, Event::Whole(None), Event::Begun]
    );
    assert_eq!(events("\r", 1), [Event::Begun]);
}

#[test]
fn only_the_request_with_the_fault_and_those_behind_it_are_refused() {
    let heads = Heads::default();
    let text = b"GET / HTTP/1.1\r\n\r\nGET /#a HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    heads.read(&mut Scanner::new(), text, |_| ());
    let handed = [heads.hand(), heads.hand(), heads.hand()];
    assert_eq!(handed, [None, Some(Fault::Fragment), Some(Fault::Unseen)]);
}

#[test]
fn a_body_in_chunks_ends_in_one_way_only() {
    let end = |body: &str, size| {
        let (heads, mut scanner) = (Heads::default(), Scanner::new());
        let text = format!("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n{body}");
        for piece in text.as_bytes().chunks(size) {
            heads.read(&mut scanner, piece, |_| ());
        }
        let ended = heads.ended();
        if ended {
            heads.read(&mut scanner, b"GET / HTTP/1.1\r\n\r\n", |_| ());
            assert_eq!([heads.hand(), heads.hand()], [None, None]);
        }
        ended
    };
    for size in [1, 5, 500] {
        assert!(end("0\r\n\r\n", size));
        assert!(end("3\r\nabc\r\n0\r\n\r\n", size));
        for unclear in [
            "",
            "3\r\nabc\r\n",
            "3\r\nabc\r\n0\r\n",
            "00\r\n\r\n",
            "0;x\r\n\r\n",
            "0\r\nx: y\r\n\r\n",
            "0\r\nx: y\n\n",
            "0\r\n\r\nGET",
        ] {
            assert!(!end(unclear, size), "{unclear:?}");
        }
    }
}
