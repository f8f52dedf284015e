//! Zstandard (RFC 8878): frames that follow each other, each of blocks.

use std::io::Read;

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::fault::Fault;

/// The most bytes of a block, which a window holds at least.
const BLOCK: usize = 128 << 10;
/// Where a frame's head says what it has: behind its first four bytes.
const DESCRIPTOR: usize = 4;
/// A bit of that: it has no window, but is one block that says how large it is.
const SINGLE_SEGMENT: u8 = 1 << 5;

/// Decodes `zstd`.
pub(super) struct Zstd {
    /// Of the exponent of a window, the most that is needed. All that comes out of a frame may lie
    /// in its window, and nothing is to come out that is larger than allowed.
    window: u32,
    limit: usize,
    /// The frame that is read.
    frame: Option<Box<FrameDecoder>>,
}

impl Zstd {
    pub(super) fn new(limit: usize) -> Self {
        let window = limit.max(BLOCK).checked_next_power_of_two();
        Self {
            window: window.unwrap_or(usize::MAX).ilog2(),
            limit,
            frame: None,
        }
    }

    /// Takes one block, or the head of a frame.
    pub(super) fn step(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<bool, Fault> {
        let Some(frame) = &mut self.frame else {
            self.frame = self.begin(input)?;
            return Ok(self.frame.is_none() && input.is_empty());
        };
        let ended = frame
            .decode_blocks(&mut *input, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(|error| fault(&error))?;
        // Bytes in the window are held back until the end.
        frame
            .collect_to_writer(output)
            .map_err(|_| Fault::Damaged)?;
        if ended {
            self.frame = None;
        }
        Ok(ended && input.is_empty())
    }

    /// Reads the head of a frame; `None` for one that holds nothing of the body.
    fn begin(&self, input: &mut &[u8]) -> Result<Option<Box<FrameDecoder>>, Fault> {
        let mut frame = Box::new(FrameDecoder::new());
        frame.set_max_window_size(1_u64.checked_shl(self.window).unwrap_or(u64::MAX));
        let mut head = [0; DESCRIPTOR + 2];
        let given = head.len().min(input.len());
        head[..given].copy_from_slice(&input[..given]);
        let single = head[DESCRIPTOR] & SINGLE_SEGMENT != 0;
        if !single {
            head[DESCRIPTOR + 1] = self.at_most(head[DESCRIPTOR + 1]);
        }
        let before = *input;
        let mut source = (&head[..given]).chain(&before[given..]);
        match frame.reset(&mut source) {
            Ok(()) => {
                let (head, rest) = source.into_inner();
                // A head may be shorter than what was looked at.
                *input = &before[before.len() - rest.len() - head.len()..];
                if single && frame.content_size() > self.limit as u64 {
                    return Err(Fault::TooLarge);
                }
                Ok(Some(frame))
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let skipped = usize::try_from(length)
                    .ok()
                    .and_then(|length| length.checked_add(8));
                *input = skipped
                    .and_then(|length| before.get(length..))
                    .ok_or(Fault::Short)?;
                Ok(None)
            }
            Err(FrameDecoderError::WindowSizeTooBig { .. }) => Err(Fault::TooLarge),
            Err(error) => Err(fault(&error)),
        }
    }

    /// A window (RFC 8878 section 3.1.1.1.2) no larger than needed.
    fn at_most(&self, window: u8) -> u8 {
        let most = self.window.saturating_sub(10).min(31) as u8;
        window.min(most << 3)
    }
}

fn fault(error: &FrameDecoderError) -> Fault {
    use std::error::Error as _;
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && error.kind() == std::io::ErrorKind::UnexpectedEof
        {
            return Fault::Short;
        }
        cause = error.source();
    }
    match error {
        FrameDecoderError::DictNotProvided { .. } => Fault::Dictionary,
        _ => Fault::Damaged,
    }
}
