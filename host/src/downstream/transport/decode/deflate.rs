//! DEFLATE (RFC 1951), bare, or within the formats of zlib (RFC 1950) and gzip (RFC 1952).

use crc32fast::Hasher;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZError, MZFlush, MZStatus};

use super::fault::Fault;

/// The most input of a step, bytes.
const INPUT: usize = 16 << 10;

/// Undoes `gzip` and `deflate`.
pub(super) struct Deflate {
    state: Box<InflateState>,
    /// `None` for what is not gzip.
    gzip: Option<Gzip>,
}

/// A file of gzip is one or more members.
struct Gzip {
    /// Whether the next byte is one within a member, behind its head.
    within: bool,
    checksum: Hasher,
}

impl Deflate {
    pub(super) fn gzip() -> Self {
        Self {
            state: InflateState::new_boxed(DataFormat::Raw),
            gzip: Some(Gzip {
                within: false,
                checksum: Hasher::new(),
            }),
        }
    }

    /// `deflate` is the format of zlib, but some services send it bare (RFC 9110 section 8.4.1.2).
    pub(super) fn named_deflate(body: &[u8]) -> Self {
        let format = match body {
            [first, second, ..]
                if first & 0xf == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0 =>
            {
                DataFormat::Zlib
            }
            _ => DataFormat::Raw,
        };
        Self {
            state: InflateState::new_boxed(format),
            gzip: None,
        }
    }

    pub(super) fn step(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        room: usize,
    ) -> Result<bool, Fault> {
        let Some(gzip) = &mut self.gzip else {
            return advance(&mut self.state, input, output, room);
        };
        if !gzip.within {
            *input = behind_head(input)?;
            gzip.within = true;
            gzip.checksum.reset();
            self.state.reset(DataFormat::Raw);
        }
        let before = output.len();
        let ended = advance(&mut self.state, input, output, room)?;
        gzip.checksum.update(&output[before..]);
        if !ended {
            return Ok(false);
        }
        let (checksum, rest) = input.split_first_chunk().ok_or(Fault::Short)?;
        // The length that follows says nothing that the checksum does not.
        let (_length, rest) = rest.split_first_chunk::<4>().ok_or(Fault::Short)?;
        if u32::from_le_bytes(*checksum) != gzip.checksum.clone().finalize() {
            return Err(Fault::Checksum);
        }
        gzip.within = false;
        *input = rest;
        Ok(rest.is_empty())
    }
}

fn advance(
    state: &mut InflateState,
    input: &mut &[u8],
    output: &mut Vec<u8>,
    room: usize,
) -> Result<bool, Fault> {
    let before = output.len();
    output.resize(before + room, 0);
    let some = &input[..input.len().min(INPUT)];
    let result = inflate(state, some, &mut output[before..], MZFlush::None);
    output.truncate(before + result.bytes_written);
    *input = &input[result.bytes_consumed..];
    let stuck = result.bytes_consumed == 0 && result.bytes_written == 0;
    match result.status {
        Ok(MZStatus::StreamEnd) => Ok(true),
        Ok(_) | Err(MZError::Buf) if !stuck => Ok(false),
        Ok(_) | Err(MZError::Buf) => Err(Fault::Short),
        Err(_) => Err(Fault::Damaged),
    }
}

/// The part of a member after its head.
fn behind_head(input: &[u8]) -> Result<&[u8], Fault> {
    const CHECKSUM: u8 = 1 << 1;
    const EXTRA: u8 = 1 << 2;
    const NAME: u8 = 1 << 3;
    const COMMENT: u8 = 1 << 4;
    const RESERVED: u8 = 0xe0;
    let (&[one, two, method, flags, ..], mut rest) =
        input.split_first_chunk::<10>().ok_or(Fault::Short)?;
    if [one, two, method] != [0x1f, 0x8b, 8] || flags & RESERVED != 0 {
        return Err(Fault::Damaged);
    }
    if flags & EXTRA != 0 {
        let (length, behind) = rest.split_first_chunk().ok_or(Fault::Short)?;
        let length = u16::from_le_bytes(*length);
        rest = behind.get(usize::from(length)..).ok_or(Fault::Short)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = rest
                .iter()
                .position(|byte| *byte == 0)
                .ok_or(Fault::Short)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & CHECKSUM != 0 {
        rest = rest.get(2..).ok_or(Fault::Short)?;
    }
    Ok(rest)
}
