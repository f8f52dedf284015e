use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};
use proptest::prelude::*;
use ruzstd::encoding::CompressionLevel;

use super::*;

/// The text `TEXT`, by the library of Google.
const TEXT_BR: &[u8] = b"\x0b\x0f\x80a body, a body, and a body more\x03";
const TEXT: &[u8] = b"a body, a body, and a body more";
/// 64 MiB of zeros.
const BOMB_BR: &[u8] = &[
    0xcb, 0xff, 0xff, 0x3f, 0xf8, 0x27, 0x00, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x8f, 0xff, 0xff,
    0xf7, 0xff, 0x04, 0xf0, 0x0c, 0x46, 0x11, 0x18, 0x0e, 0xef, 0xd1, 0xff, 0xff, 0xff, 0xfe, 0x09,
    0xf0, 0x08, 0x8c, 0x30, 0x20, 0x0d, 0xdf, 0xb3, 0xff, 0xef, 0xff, 0xfc, 0x13, 0xf0, 0x11, 0x08,
    0x70, 0x50, 0x0b, 0xaf, 0x77, 0xff, 0xfc, 0xff, 0xff, 0x83, 0x7f, 0x02, 0x20, 0x0e, 0x0b, 0x00,
    0x74, 0xef, 0xff, 0x8f, 0xff, 0xff, 0x07, 0xff, 0x04, 0x40, 0x1c, 0x16, 0x00, 0xe8, 0xde, 0xff,
    0xf1, 0xff, 0xff, 0x0f, 0xfe, 0x09, 0x80, 0x38, 0x2c, 0x00, 0xd0, 0xbd, 0xff, 0xcb, 0xff, 0xff,
    0x3f, 0xfc, 0x13, 0x00, 0x71, 0x58, 0x00, 0xa0, 0x7b, 0xff, 0x07,
];
const MIB: usize = 1 << 20;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(plain);
    let mut coded = b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec();
    coded.extend(compress_to_vec(plain, 6));
    coded.extend(checksum.finalize().to_le_bytes());
    coded.extend((plain.len() as u32).to_le_bytes());
    coded
}

/// The same with a head of all that a head may have.
fn gzip_with_names(plain: &[u8]) -> Vec<u8> {
    let bare = gzip(plain);
    let mut coded = b"\x1f\x8b\x08\x1e\0\0\0\0\0\x03\x02\0exname\0comment\0hc".to_vec();
    coded.extend(&bare[10..]);
    coded
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(plain, CompressionLevel::Fastest)
}

fn coded(coding: ContentCoding, plain: &[u8]) -> Vec<u8> {
    match coding {
        ContentCoding::Gzip => gzip(plain),
        ContentCoding::Deflate => compress_to_vec_zlib(plain, 6),
        ContentCoding::Zstd => zstd(plain),
        ContentCoding::Brotli => stored_brotli(plain),
    }
}

/// Blocks of Brotli that are not shortened (RFC 7932 section 9.2), of 64 KiB at most.
fn stored_brotli(plain: &[u8]) -> Vec<u8> {
    // A window of 64 KiB is one zero bit. The head of a block is 20 bits, and its bytes begin with
    // a byte of their own.
    let mut coded = Vec::new();
    for (index, block) in plain.chunks(1 << 16).enumerate() {
        let head = ((block.len() - 1) << 3 | 1 << 19) as u32;
        // Not the last one, four digits of length, the length less one, not shortened.
        let bits = if index == 0 { head << 1 } else { head };
        coded.extend(&bits.to_le_bytes()[..3]);
        coded.extend(block);
    }
    // The last one, and empty.
    coded.push(if plain.is_empty() { 3 << 1 } else { 3 });
    coded
}

async fn undone(coding: ContentCoding, body: &[u8], limit: usize) -> Result<Bytes, DecodeError> {
    decode(&[coding], Bytes::copy_from_slice(body), limit, || false).await
}

async fn fault(coding: ContentCoding, body: &[u8]) -> Option<Fault> {
    match undone(coding, body, MIB).await {
        Err(DecodeError::Bad { fault, .. }) => Some(fault),
        other => panic!("{coding:?}: {other:?}"),
    }
}

#[tokio::test]
async fn each_coding_is_undone() {
    let long: Vec<u8> = (0..300_000_u32)
        .flat_map(|it| (it / 7).to_be_bytes())
        .collect();
    for coding in ContentCoding::ALL {
        for plain in [TEXT, b"x", &long] {
            let coded = coded(coding, plain);
            let result = undone(coding, &coded, plain.len()).await;
            assert_eq!(result.as_deref(), Ok(plain), "{coding:?}");
        }
    }
    assert_eq!(
        undone(ContentCoding::Brotli, TEXT_BR, MIB).await.unwrap(),
        TEXT
    );
    assert_eq!(
        undone(ContentCoding::Gzip, &gzip_with_names(TEXT), MIB)
            .await
            .unwrap(),
        TEXT
    );
    let bare = compress_to_vec(TEXT, 6);
    assert_eq!(
        undone(ContentCoding::Deflate, &bare, MIB).await.unwrap(),
        TEXT
    );
}

#[tokio::test]
async fn files_that_follow_each_other_are_one_body() {
    let skipped = b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec();
    let zstds = [&skipped[..], &zstd(TEXT), &skipped, &zstd(TEXT), &skipped].concat();
    let twice = TEXT.repeat(2);
    assert_eq!(
        undone(ContentCoding::Zstd, &zstds, MIB).await.unwrap(),
        twice
    );
    let gzips = gzip(TEXT).repeat(2);
    assert_eq!(
        undone(ContentCoding::Gzip, &gzips, MIB).await.unwrap(),
        twice
    );
    assert_eq!(
        undone(ContentCoding::Zstd, &skipped, MIB).await.unwrap(),
        ""
    );
}

#[tokio::test]
async fn no_more_comes_out_than_is_allowed() {
    for coding in ContentCoding::ALL {
        let coded = coded(coding, TEXT);
        for limit in [TEXT.len() - 1, 1, 0] {
            let result = undone(coding, &coded, limit).await;
            assert_eq!(result, Err(DecodeError::TooLarge), "{coding:?}: {limit}");
        }
    }
}

#[tokio::test]
async fn a_bomb_takes_no_more_than_is_allowed() {
    let zeros = vec![0; 64 * MIB];
    let bombs = [
        (ContentCoding::Gzip, gzip(&zeros)),
        (ContentCoding::Deflate, compress_to_vec_zlib(&zeros, 6)),
        (ContentCoding::Zstd, zstd(&zeros)),
        (ContentCoding::Brotli, BOMB_BR.to_vec()),
    ];
    for (coding, bomb) in bombs {
        let mut decoder = Decoder::new(coding, &bomb, MIB);
        let (mut input, mut output) = (&bomb[..], Vec::new());
        let mut steps = 0;
        let end = loop {
            let before = output.len();
            match decoder.step(&mut input, &mut output, STEP) {
                Ok(done) => assert!(!done),
                Err(fault) => break Some(fault),
            }
            if output.len() > MIB {
                break None;
            }
            steps += 1;
            assert!(
                steps < 100 && output.len() - before <= MIB,
                "{coding:?}: {steps}"
            );
        };
        assert!(
            matches!(end, None | Some(Fault::TooLarge)),
            "{coding:?}: {end:?}"
        );
        assert!(output.len() <= 3 * MIB, "{coding:?}: {}", output.len());
        let result = undone(coding, &bomb, MIB).await;
        assert_eq!(result, Err(DecodeError::TooLarge), "{coding:?}");
    }
}

#[tokio::test]
async fn a_large_window_is_not_asked_for() {
    // A frame that wants a window of 3.75 TiB, of one block of 128 KiB of one byte.
    let mut frame = b"\x28\xb5\x2f\xfd\x00\xff".to_vec();
    frame.extend((1_u32 | 1 << 1 | (128 << 10) << 3).to_le_bytes()[..3].iter());
    frame.push(b'a');
    let result = undone(ContentCoding::Zstd, &frame, MIB).await.unwrap();
    assert_eq!(result, vec![b'a'; 128 << 10]);
    // One that says at once how large it is.
    let frame = b"\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\x7f\x01\0\0";
    let result = undone(ContentCoding::Zstd, frame, MIB).await;
    assert_eq!(result, Err(DecodeError::TooLarge));
}

#[tokio::test]
async fn others_are_served_between_the_steps() {
    let plain = vec![b'a'; MIB];
    for coding in ContentCoding::ALL {
        let coded = coded(coding, &plain);
        let mut yielded = 0;
        let mut decoding = std::pin::pin!(undone(coding, &coded, MIB));
        std::future::poll_fn(|context| {
            let polled = decoding.as_mut().poll(context);
            yielded += 1;
            polled
        })
        .await
        .unwrap();
        assert!(yielded > 8, "{coding:?}: {yielded}");
        // A call whose time is over is not served to its end.
        let looked = std::cell::Cell::new(0);
        let over = || {
            looked.set(looked.get() + 1);
            looked.get() > 2
        };
        let late = decode(&[coding], coded.clone().into(), MIB, over).await;
        assert_eq!(late, Err(DecodeError::Late), "{coding:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told() {
    for coding in ContentCoding::ALL {
        let coded = coded(coding, TEXT);
        for length in 1..coded.len() {
            assert_eq!(
                fault(coding, &coded[..length]).await,
                Some(Fault::Short),
                "{coding:?} {length}"
            );
        }
        let longer = [&coded[..], b"\0\0\0\0\0\0\0\0\0\0\0\0"].concat();
        let said = fault(coding, &longer).await;
        assert!(
            matches!(said, Some(Fault::Long | Fault::Damaged)),
            "{coding:?}: {said:?}"
        );
        assert_eq!(undone(coding, b"", MIB).await.unwrap(), "");
    }
    let plain = b"{\"not\": \"coded at all\"}";
    for coding in [
        ContentCoding::Gzip,
        ContentCoding::Zstd,
        ContentCoding::Deflate,
    ] {
        assert_eq!(
            fault(coding, plain).await,
            Some(Fault::Damaged),
            "{coding:?}"
        );
    }
    let mut wrong = gzip(TEXT);
    let checksum = wrong.len() - 8;
    wrong[checksum] ^= 1;
    assert_eq!(
        fault(ContentCoding::Gzip, &wrong).await,
        Some(Fault::Checksum)
    );
    let dictionary = b"\x28\xb5\x2f\xfd\x21\x07\x01\x09\0\0x";
    assert_eq!(
        fault(ContentCoding::Zstd, dictionary).await,
        Some(Fault::Dictionary)
    );
    let error = undone(ContentCoding::Gzip, plain, MIB).await.unwrap_err();
    let text = "the answer's content-encoding \"gzip\": the body is damaged";
    assert_eq!(error.to_string(), text);
}

#[test]
fn codings_are_read_from_their_field() {
    use ContentCoding::{Brotli, Gzip, Zstd};
    let read = |lines: &[&'static str]| {
        let line = |line: &&'static str| (CONTENT_ENCODING, http::HeaderValue::from_static(line));
        codings(&lines.iter().map(line).collect())
    };
    assert_eq!(read(&["gzip"]), Some(vec![Gzip]));
    assert_eq!(read(&["X-GZip"]), Some(vec![Gzip]));
    assert_eq!(read(&[" br ,, identity", "zstd"]), Some(vec![Brotli, Zstd]));
    for none in ["", "identity", "utf-8", "gzip, compress", "br, br, br, br"] {
        assert_eq!(read(&[none]), None, "{none:?}");
    }
}

#[tokio::test]
async fn codings_are_undone_from_the_last_to_the_first() {
    let body = zstd(&gzip(TEXT));
    let both = [ContentCoding::Gzip, ContentCoding::Zstd];
    let result = decode(&both, body.into(), TEXT.len(), || false).await;
    assert_eq!(result.unwrap(), TEXT);
}

proptest! {
    #[test]
    fn whatever_comes_does_no_harm(
        which in 0..4_usize,
        plain in proptest::collection::vec(0_u8..4, 0..400),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        limit in 0..500_usize,
    ) {
        let coding = ContentCoding::ALL[which];
        let mut body = coded(coding, &plain);
        for (place, byte) in &changes {
            let place = place.index(body.len());
            body[place] = *byte;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let result = runtime.block_on(undone(coding, &body, limit));
        if let Ok(result) = &result {
            prop_assert!(result.len() <= limit);
        }
        if changes.is_empty() && plain.len() <= limit {
            prop_assert_eq!(result.unwrap(), plain);
        }
    }
}
