//! Where an array or an object ends, when no value in it is selected: only its strings and brackets
//! are read, 64 bytes at a time. The ways to find escapes and the insides of strings without a
//! branch are those of Langdale and Lemire, "Parsing Gigabytes of JSON per Second", section 3.1.

/// Bytes that are looked at together, one bit of a mask for each.
const BLOCK: usize = 64;

/// The offset behind the container that begins at `start` with its bracket; nothing when the text
/// ends before that. Which of the two kinds a closing bracket has is not compared.
pub(super) fn container(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_u32;
    let mut strings = Strings::default();
    let mut at = start;
    loop {
        let rest = bytes.get(at..)?;
        let block = match rest.first_chunk() {
            Some(block) => *block,
            None if rest.is_empty() => return None,
            None => {
                // Padded with bytes that mean nothing.
                let mut block = [0; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                block
            }
        };
        let marks = Marks::of(&block);
        let outside = !strings.inside(&marks);
        let (open, close) = (marks.open & outside, marks.close & outside);
        if depth > close.count_ones() {
            // It cannot end here, whatever the order is.
            depth = depth + open.count_ones() - close.count_ones();
        } else {
            let mut left = open | close;
            while left != 0 {
                let offset = left.trailing_zeros();
                if open >> offset & 1 == 1 {
                    depth += 1;
                } else {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + offset as usize + 1);
                    }
                }
                left &= left - 1;
            }
        }
        at += BLOCK;
    }
}

/// Which bytes of a block are of each kind. The lowest bit is the first byte.
struct Marks {
    quote: u64,
    backslash: u64,
    open: u64,
    close: u64,
}

impl Marks {
    #[cfg(target_arch = "x86_64")]
    fn of(block: &[u8; BLOCK]) -> Self {
        #[expect(
            unsafe_code,
            reason = "SSE2 is part of x86-64; its functions want that said"
        )]
        // SAFETY: every processor of this architecture has SSE2.
        unsafe {
            Self::of_sse2(block)
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "sse2")]
    fn of_sse2(block: &[u8; BLOCK]) -> Self {
        use std::arch::x86_64::{
            _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
        };
        let mut marks = Self {
            quote: 0,
            backslash: 0,
            open: 0,
            close: 0,
        };
        let (pieces, _) = block.as_chunks::<16>();
        for (index, piece) in pieces.iter().enumerate() {
            let number = u128::from_le_bytes(*piece);
            let piece = _mm_set_epi64x((number >> 64) as i64, number as i64);
            // `{` and `[` differ in this bit alone, as do `}` and `]`.
            let folded = _mm_or_si128(piece, _mm_set1_epi8(0x20));
            let mark = |piece, byte: u8| {
                let equal = _mm_cmpeq_epi8(piece, _mm_set1_epi8(byte as i8));
                u64::from(_mm_movemask_epi8(equal) as u16) << (index * 16)
            };
            marks.quote |= mark(piece, b'"');
            marks.backslash |= mark(piece, b'\\');
            marks.open |= mark(folded, b'{');
            marks.close |= mark(folded, b'}');
        }
        marks
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn of(block: &[u8; BLOCK]) -> Self {
        Self::of_any(block)
    }

    /// The same on any processor, for the others and as a judge in tests.
    #[cfg(any(test, not(target_arch = "x86_64")))]
    fn of_any(block: &[u8; BLOCK]) -> Self {
        let mark = |kind: fn(u8) -> bool| {
            block.iter().enumerate().fold(0, |mask, (index, byte)| {
                mask | u64::from(kind(*byte)) << index
            })
        };
        Self {
            quote: mark(|byte| byte == b'"'),
            backslash: mark(|byte| byte == b'\\'),
            open: mark(|byte| byte | 0x20 == b'{'),
            close: mark(|byte| byte | 0x20 == b'}'),
        }
    }
}

/// What a block has to know of the one before it.
#[derive(Default)]
struct Strings {
    /// All ones when the block begins inside of a string.
    open: u64,
    /// 1 when its first byte is escaped.
    escaped: u64,
}

impl Strings {
    /// The bytes inside of strings, opening quotes included.
    fn inside(&mut self, marks: &Marks) -> u64 {
        let quotes = marks.quote & !self.escaped(marks.backslash);
        // Each bit becomes the parity of the quotes up to it.
        let mut inside = quotes;
        for distance in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << distance;
        }
        inside ^= self.open;
        self.open = ((inside as i64) >> 63) as u64;
        inside
    }

    /// The bytes behind an odd number of backslashes.
    fn escaped(&mut self, backslash: u64) -> u64 {
        if backslash == 0 {
            return std::mem::take(&mut self.escaped);
        }
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let backslash = backslash & !self.escaped;
        let follows = backslash << 1 | self.escaped;
        let odd_starts = backslash & !EVEN & !follows;
        let (even_ends, carry) = odd_starts.overflowing_add(backslash);
        self.escaped = u64::from(carry);
        (EVEN ^ (even_ends << 1)) & follows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One byte after the other.
    fn slowly(bytes: &[u8]) -> Option<usize> {
        let (mut depth, mut inside, mut escaped) = (0, false, false);
        for (at, byte) in bytes.iter().enumerate() {
            let free = !std::mem::take(&mut escaped);
            match byte {
                b'\\' => escaped = free,
                b'"' if free => inside = !inside,
                _ if inside => {}
                b'[' | b'{' => depth += 1,
                b']' | b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
        }
        None
    }

    #[test]
    fn ends_where_a_slow_reader_ends() {
        // Every byte is one that matters, so that runs of backslashes and quotes lie across all
        // borders of blocks.
        const BYTES: &[u8] = b"\\\\\\\"\"[]{}a ";
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize
        };
        let mut ended = 0;
        for round in 0..20_000 {
            let mut text = vec![b'['];
            // Half of them get deep, and end late.
            let deep = if round % 2 == 0 { 60 } else { 0 };
            text.extend(std::iter::repeat_n(b'{', deep));
            text.extend((0..next() % 400).map(|_| BYTES[next() % BYTES.len()]));
            let expected = slowly(&text);
            ended += usize::from(expected.is_some_and(|end| end > BLOCK));
            assert_eq!(container(&text, 0), expected, "{}", text.escape_ascii());
            text.insert(0, b'x');
            assert_eq!(container(&text, 1), expected.map(|end| end + 1));
        }
        assert!(ended > 500, "only {ended} ended behind the first block");
    }

    #[test]
    fn all_processors_see_the_same() {
        let mut block = [0; BLOCK];
        for first in 0..=255_u8 {
            for (index, byte) in block.iter_mut().enumerate() {
                *byte = first.wrapping_add((index as u8).wrapping_mul(37));
            }
            let (fast, any) = (Marks::of(&block), Marks::of_any(&block));
            assert_eq!(
                (fast.quote, fast.backslash, fast.open, fast.close),
                (any.quote, any.backslash, any.open, any.close)
            );
        }
    }
}
