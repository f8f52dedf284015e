use super::*;

const PING: u8 = 6;

fn frame(kind: u8, flags: u8, stream: u32, length: u32) -> Vec<u8> {
    let mut bytes = length.to_be_bytes()[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(vec![0; length as usize]);
    bytes
}

fn account() -> Account {
    Account::new(10, 20, 5)
}

/// How many of these frames of the client are taken, of a thousand.
fn taken(account: &mut Account, frame: &[u8]) -> usize {
    (0..1000)
        .take_while(|_| account.read(frame).is_ok())
        .count()
}

#[tokio::test(start_paused = true)]
async fn frames_without_use_are_paid_for_and_time_pays() {
    for useless in [
        frame(PING, 0, 0, 8),
        frame(2, 0, 1, 5),
        frame(4, 0, 0, 0),
        frame(8, 0, 0, 4),
        frame(kind::RST_STREAM, 0, 1, 4),
        frame(kind::DATA, 0, 1, 9),
        frame(0xfe, 0, 0, 0),
    ] {
        let mut account = account();
        assert_eq!(taken(&mut account, &useless), 20, "{useless:?}");
        tokio::time::advance(FRAMES_WITHIN / 2).await;
        assert_eq!(taken(&mut account, &useless), 9);
    }
    // An open stream does not make empty DATA useful, and CONTINUATION has an end.
    for useless in [
        frame(kind::DATA, 0, 1, 0),
        frame(kind::DATA, 8, 1, 100),
        frame(kind::CONTINUATION, 0, 1, 0),
    ] {
        let mut account = account();
        account.read(&frame(kind::HEADERS, 4, 1, 10)).unwrap();
        assert_eq!(taken(&mut account, &useless), 20, "{useless:?}");
    }
    let mut account = account();
    account.read(&frame(kind::HEADERS, 0, 1, 10)).unwrap();
    let more = frame(kind::CONTINUATION, 0, 1, 9);
    assert_eq!(taken(&mut account, &more), 20 + CONTINUATIONS as usize);
    assert_eq!(taken(&mut self::account(), &frame(0xfe, 0, 0, 4096)), 4);
}

#[tokio::test(start_paused = true)]
async fn requests_and_answers_pay_for_frames() {
    let mut account = account();
    for stream in (1..2001).step_by(2) {
        account.read(&frame(kind::HEADERS, 5, stream, 10)).unwrap();
        account.read(&frame(8, 0, 0, 4)).unwrap();
        account.write(&frame(kind::HEADERS, 4, stream, 10)).unwrap();
        account.write(&frame(kind::DATA, 1, stream, 10)).unwrap();
        account.read(&frame(8, 0, stream, 4)).unwrap();
        account.read(&frame(PING, 0, 0, 8)).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_ends_before_its_answer_is_a_reset_whoever_ends_it() {
    let resets = |end: fn(&mut Account, u32) -> bool| {
        let mut account = account();
        (1..2001)
            .step_by(2)
            .take_while(|stream| {
                account.read(&frame(kind::HEADERS, 5, *stream, 9)).unwrap();
                end(&mut account, *stream)
            })
            .count()
    };
    let by_client = resets(|account, stream| {
        let reset = frame(kind::RST_STREAM, 0, stream, 4);
        account.read(&reset).is_ok()
    });
    let by_host = resets(|account, stream| {
        let reset = frame(kind::RST_STREAM, 0, stream, 4);
        account.write(&reset).is_ok()
    });
    let answered = resets(|account, stream| {
        account.write(&frame(kind::HEADERS, 5, stream, 9)).unwrap();
        let reset = frame(kind::RST_STREAM, 0, stream, 4);
        account.write(&reset).is_ok()
    });
    let broken_off = resets(|account, stream| {
        account.write(&frame(kind::HEADERS, 4, stream, 9)).unwrap();
        let mut reset = frame(kind::RST_STREAM, 0, stream, 4);
        reset[12] = 2;
        // However it is cut.
        account.write(&reset[..10]).is_ok() && account.write(&reset[10..]).is_ok()
    });
    let all = (by_client, by_host, answered, broken_off);
    assert_eq!(all, (5, 5, 1000, 1000));
}

#[tokio::test(start_paused = true)]
async fn only_parts_of_an_answer_are_activity() {
    let mut account = account();
    let acks = [
        frame(PING, 1, 0, 8),
        frame(PING, 1, 0, 8),
        frame(4, 1, 0, 0),
    ]
    .concat();
    assert!(!account.write(&acks).unwrap());
    assert!(account.write(&frame(kind::HEADERS, 4, 1, 5)).unwrap());
    assert_eq!(account.farewell().map(|bytes| bytes[3]), Some(kind::GOAWAY));
    account.write(&frame(kind::DATA, 0, 1, 5)[..10]).unwrap();
    assert_eq!(account.farewell(), None);
}
