use super::{COOKIE, Member, position, stack};

/// `co_linetable` of this function, as CPython 3.11 to 3.14 write it:
///
/// ```python
/// def week(days):
///     total = 0
///     for day in days:
///         total += len(
///             day,
///         )
///     while True:
///         pass
/// ```
const LINES: [u8; 61] = [
    128, 0, 216, 12, 13, 128, 69, 216, 15, 19, 240, 0, 3, 5, 10, 240, 0, 3, 5, 10, 136, 3, 216, 8,
    13, 149, 19, 216, 12, 15, 241, 3, 2, 18, 10, 244, 0, 2, 18, 10, 241, 0, 2, 9, 10, 136, 5, 136,
    5, 240, 6, 1, 5, 13, 216, 8, 12, 240, 3, 1, 5,
];

#[test]
fn an_instruction_has_the_line_and_column_that_cpython_says() {
    for (unit, line, column) in [
        (0, 1, 1),
        (1, 2, 13),
        (4, 3, 5),
        (6, 3, 9),
        (8, 4, 18),
        (14, 5, 13),
        (21, 4, 18),
        (26, 7, 5),
        (27, 8, 9),
    ] {
        assert_eq!(
            position(&LINES, 1, unit),
            Some((line, Some(column))),
            "{unit}"
        );
    }
    // Past its end, and where it is cut off.
    assert_eq!(position(&LINES, 1, 40), None);
    assert_eq!(position(&LINES[..11], 1, 5), None);
    assert_eq!(position(&[], 1, 0), None);
    // No line, a line without a column, and a number that does not end.
    assert_eq!(position(&[0b1111_1000], 1, 0), None);
    assert_eq!(position(&[0b1110_1000, 4], 1, 0), Some((3, None)));
    assert_eq!(position(&[0b1110_1000, 5], 1, 0), None);
    assert_eq!(
        position(&[0b1111_0000, 255, 255, 255, 255, 255], 1, 0),
        None
    );
}

/// Where the parts of a memory are, and the members of its structures.
const STATE: u32 = 64;
const CODE: u32 = 2048;
const OUTER: u32 = 3072;
const FRAME: u32 = 3200;
const MEMBERS: [(Member, u32); 18] = [
    (Member::FreeThreaded, 0),
    (Member::InterpretersHead, 796),
    (Member::ThreadsHead, 12),
    (Member::CurrentFrame, 8),
    (Member::Previous, 4),
    (Member::Executable, 0),
    (Member::InstructionPointer, 28),
    (Member::Filename, 80),
    (Member::Name, 84),
    (Member::LineTable, 92),
    (Member::FirstLine, 44),
    (Member::Code, 128),
    (Member::TypeOf, 4),
    (Member::TypeName, 12),
    (Member::BytesLength, 8),
    (Member::BytesBegin, 16),
    (Member::TextLength, 8),
    (Member::TextBegin, 20),
];

struct Memory(Vec<u8>);

impl Memory {
    fn put(&mut self, at: u32, bytes: &[u8]) {
        let at = at as usize;
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn word(&mut self, at: u32, value: u32) {
        self.put(at, &value.to_le_bytes());
    }

    /// An interpreter that runs `week` of `file`, in the line of `len(`, called by itself.
    fn running(file: &str) -> Self {
        let mut memory = Self(vec![0; 8192]);
        memory.put(STATE, COOKIE);
        memory.word(STATE + 8, 0x030e_00f0);
        for (member, offset) in MEMBERS {
            memory.word(STATE + 8 * member as u32, offset);
        }
        // The interpreter, its thread, and the frames.
        memory.word(STATE + 796, 1200);
        memory.word(1200 + 12, 1300);
        memory.word(1300 + 8, FRAME);
        for (frame, previous, unit) in [(FRAME, OUTER, 14), (OUTER, 0, 8)] {
            memory.word(frame + 4, previous);
            // The lowest bits are no part of the address.
            memory.word(frame, CODE | 1);
            memory.word(frame + 28, CODE + 128 + 2 * unit);
        }
        memory.word(CODE + 4, 1400);
        memory.word(1400 + 12, 1500);
        memory.put(1500, b"code\0");
        memory.word(CODE + 44, 1);
        for (member, at, length, text) in [
            (80, 4096, 20, file.as_bytes()),
            (84, 4400, 20, b"week".as_slice()),
            (92, 4700, 16, LINES.as_slice()),
        ] {
            memory.word(CODE + member, at);
            memory.word(at + 8, u32::try_from(text.len()).unwrap());
            memory.put(at + length, text);
        }
        memory
    }
}

#[test]
fn the_frames_of_the_authors_are_named_from_the_innermost() {
    let memory = Memory::running("src/main.py");
    let expected = "week src/main.py:5:13 < week src/main.py:4:18";
    assert_eq!(stack(&memory.0).as_deref(), Some(expected));
    for file in ["/python/lib/re.py", "<string>", "src/\n.py"] {
        assert_eq!(stack(&Memory::running(file).0), None, "{file:?}");
    }
}

#[test]
fn a_memory_of_any_kind_is_read_to_an_end() {
    let whole = Memory::running("src/main.py");
    assert_eq!(stack(&[]), None);
    assert_eq!(stack(COOKIE), None);
    for length in (0..whole.0.len()).step_by(3) {
        // Some of these have all that is needed.
        let _ = stack(&whole.0[..length]);
    }
    for at in (0..whole.0.len() - 4).step_by(4) {
        for value in [u32::MAX, 0x7fff_ffff, 1] {
            let mut broken = Memory(whole.0.clone());
            broken.word(u32::try_from(at).unwrap(), value);
            let _ = stack(&broken.0);
        }
    }
    // A frame that was called by itself, and names that are longer than they may be.
    let mut circle = Memory(whole.0.clone());
    circle.word(OUTER + 4, FRAME);
    assert_eq!(
        stack(&circle.0).unwrap().matches("week").count(),
        super::MOST_CALLS
    );
    let mut other = Memory(whole.0);
    other.word(STATE + 8, 0x030f_00f0);
    assert_eq!(stack(&other.0), None);
}
