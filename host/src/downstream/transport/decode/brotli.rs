//! Brotli (RFC 7932).

use brotli_decompressor::{
    Allocator, BrotliDecoderErrorCode, BrotliDecompressStream, BrotliResult, BrotliState,
    StandardAlloc,
};

use super::fault::Fault;

/// The most input of a step, bytes. It is small, because the decoder yields nothing before it has
/// taken all of it or its window is full, and a few bytes may fill that.
const INPUT: usize = 1 << 10;
/// The least memory of the decoder: its needs beside its window.
const LEAST_MEMORY: usize = 64 << 10;

/// Decodes `br`.
pub(super) struct Brotli(Box<BrotliState<Bounded, StandardAlloc, StandardAlloc>>);

/// Allocates the window, which never has to be larger than the output. The decoder requests the
/// size that the body announces.
struct Bounded {
    most: usize,
}

impl Allocator<u8> for Bounded {
    type AllocatedMemory = <StandardAlloc as Allocator<u8>>::AllocatedMemory;

    fn alloc_cell(&mut self, length: usize) -> Self::AllocatedMemory {
        if length > self.most {
            // An empty cell tells the decoder that there is no memory.
            return Self::AllocatedMemory::default();
        }
        StandardAlloc::default().alloc_cell(length)
    }

    fn free_cell(&mut self, _: Self::AllocatedMemory) {}
}

impl Brotli {
    pub(super) fn new(limit: usize) -> Self {
        // The window is a power of two, and some bytes more.
        let window = limit.checked_next_power_of_two().unwrap_or(limit);
        let memory = Bounded {
            most: window.saturating_add(LEAST_MEMORY),
        };
        let (trees, codes) = (StandardAlloc::default(), StandardAlloc::default());
        // Strict is as in the RFC: no windows beyond 16 MiB.
        Self(Box::new(BrotliState::new_strict(memory, trees, codes)))
    }

    pub(super) fn step(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        room: usize,
    ) -> Result<bool, Fault> {
        let before = output.len();
        output.resize(before + room, 0);
        let some = &input[..input.len().min(INPUT)];
        let (mut left, mut taken) = (some.len(), 0);
        let (mut free, mut given, mut total) = (room, 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut taken,
            some,
            &mut free,
            &mut given,
            &mut output[before..],
            &mut total,
            &mut self.0,
        );
        output.truncate(before + given);
        *input = &input[taken..];
        match result {
            BrotliResult::ResultSuccess => Ok(true),
            BrotliResult::NeedsMoreOutput if taken > 0 || given > 0 => Ok(false),
            BrotliResult::NeedsMoreInput if taken > 0 || given > 0 => Ok(false),
            BrotliResult::NeedsMoreInput => Err(Fault::Short),
            BrotliResult::NeedsMoreOutput => Err(Fault::Damaged),
            BrotliResult::ResultFailure => Err(match self.0.error_code {
                BrotliDecoderErrorCode::BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_1
                | BrotliDecoderErrorCode::BROTLI_DECODER_ERROR_ALLOC_RING_BUFFER_2 => {
                    Fault::TooLarge
                }
                _ => Fault::Damaged,
            }),
        }
    }
}
