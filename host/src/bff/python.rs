//! Where CPython was in its program when its guest was ended.
//!
//! An exception is logged by the guest itself. A loop without an end has none: nothing in the
//! interpreter looks at the clock. But it keeps a list of its frames in linear memory, and at the
//! begin of its state a table of where the members of its structures are, made for debuggers of
//! other processes (`_Py_DebugOffsets`, CPython 3.14). So the frames are read here, once the guest
//! has ended, and cost a running guest nothing.
//!
//! All of that memory is the guest's: each address is checked, and each list has an end.

use std::fmt::Write as _;

use memchr::memmem;
use tracing::Level;
use wasmtime::{Store, WasmCoreDump};

use super::error::BffError;
use super::guest_log::GuestLog;
use super::meter::Stopped;
use super::state::StoreData;

/// Begins the table.
const COOKIE: &[u8] = b"xdebugpy";
/// Versions of CPython whose table is as it is read here: 3.14.
const VERSION: u32 = 0x030e;
/// Where the table may be: data of the program lies at the begin of memory.
const SEARCHED: usize = 32 << 20;
/// Frames that are looked at: the interpreter's own limit of recursion is 1,000.
const MOST_FRAMES: usize = 2_000;
/// Calls of the author's that are named.
const MOST_CALLS: usize = 12;
/// Longest name of a function or file, bytes.
const MOST_NAME: u32 = 300;
/// Longest table of lines, bytes.
const MOST_LINES: u32 = 1 << 20;
/// The bits of a reference that are no part of the address.
const TAG: u32 = 3;

/// Where a guest that has ended was, if it has not said so itself and has CPython in it. One that is
/// stopped for its time cannot say so.
pub(super) fn stack_of(source: &wasmtime::Error, store: &Store<StoreData>) -> Option<String> {
    let is_stopped = source.downcast_ref::<Stopped>().is_some();
    if store.data().log.has_error() && !is_stopped {
        return None;
    }
    let mut memories = source.downcast_ref::<WasmCoreDump>()?.memories().iter();
    memories.find_map(|memory| stack(memory.data(store)))
}

/// Writes where it was.
pub(super) fn tell(error: &BffError, stack: String, log: &GuestLog) {
    let message = match error {
        // As the other engines are told to word it.
        BffError::Cpu { .. } => "CpuTimeUsedUp: the request was ended here: it has used its CPU \
                                 time (limits.cpu)"
            .to_owned(),
        error => format!("the request was ended here: {error}"),
    };
    log.write(Level::ERROR, &message, vec![("stack".to_owned(), stack)]);
}

/// Whether a component has CPython in it. Others are not searched when they fail.
pub(super) fn has_cpython(component: &[u8]) -> bool {
    memmem::find(component, COOKIE).is_some()
}

/// The calls that were under way in the author's files, the innermost first: `week
/// src/main.py:14:9 < ...`. The build gives these relative names; others are absolute.
fn stack(memory: &[u8]) -> Option<String> {
    let image = memory.get(..SEARCHED).unwrap_or(memory);
    let table = memmem::find_iter(image, COOKIE).find_map(|at| Table::at(memory, at))?;
    let mut calls = String::new();
    let mut named = 0;
    let mut frame = table.current_frame()?;
    for _ in 0..MOST_FRAMES {
        if frame == 0 || named == MOST_CALLS {
            break;
        }
        if let Some(call) = table.call(frame) {
            let before = if named == 0 { "" } else { " < " };
            // Writing into a text does not fail.
            let _ = write!(calls, "{before}{call}");
            named += 1;
        }
        frame = table.member(frame, Member::Previous)?;
    }
    (named > 0).then_some(calls)
}

/// The members of structures that are read, by their places in the table.
#[derive(Clone, Copy)]
enum Member {
    FreeThreaded = 2,
    InterpretersHead = 5,
    ThreadsHead = 9,
    CurrentFrame = 26,
    Previous = 32,
    Executable = 33,
    InstructionPointer = 34,
    Filename = 40,
    Name = 41,
    LineTable = 43,
    FirstLine = 44,
    Code = 48,
    TypeOf = 51,
    TypeName = 53,
    BytesLength = 75,
    BytesBegin = 76,
    TextLength = 79,
    TextBegin = 80,
}

/// The table, in the memory that it is about.
struct Table<'a> {
    memory: &'a [u8],
    /// The address of the interpreter's state, which begins with the table.
    state: u32,
}

impl<'a> Table<'a> {
    /// The table at an address, if it is one that is known.
    fn at(memory: &'a [u8], at: usize) -> Option<Self> {
        let state = u32::try_from(at).ok()?;
        let table = Self { memory, state };
        let version = table.word(state.checked_add(8)?)? >> 16;
        let is_known = version == VERSION && table.offset(Member::FreeThreaded)? == 0;
        is_known.then_some(table)
    }

    fn word(&self, at: u32) -> Option<u32> {
        Some(u32::from_le_bytes(*self.slice(at, 4)?.first_chunk()?))
    }

    fn slice(&self, at: u32, length: u32) -> Option<&'a [u8]> {
        let end = at.checked_add(length)?;
        self.memory
            .get(usize::try_from(at).ok()?..usize::try_from(end).ok()?)
    }

    /// Where a member is in its structure.
    fn offset(&self, member: Member) -> Option<u32> {
        self.word(self.state.checked_add(8 * member as u32)?)
    }

    /// The address that a structure's member has.
    fn place(&self, of: u32, member: Member) -> Option<u32> {
        of.checked_add(self.offset(member)?)
    }

    fn member(&self, of: u32, member: Member) -> Option<u32> {
        self.word(self.place(of, member)?)
    }

    fn current_frame(&self) -> Option<u32> {
        let interpreter = self.member(self.state, Member::InterpretersHead)?;
        let thread = self.member(interpreter, Member::ThreadsHead)?;
        self.member(thread, Member::CurrentFrame)
    }

    /// The function and place of a frame in a file of the author's.
    fn call(&self, frame: u32) -> Option<String> {
        let code = self.member(frame, Member::Executable)? & !TAG;
        let of = self.member(code, Member::TypeOf)?;
        let type_name = self.member(of, Member::TypeName)?;
        if self.slice(type_name, 5)? != b"code\0" {
            return None;
        }
        let file = self.text(self.member(code, Member::Filename)?)?;
        if file.starts_with(['/', '<']) {
            return None;
        }
        let name = self.member(code, Member::Name)?;
        let name = self.text(name).unwrap_or("?");
        let begin = self.place(code, Member::Code)?;
        let pointer = self.member(frame, Member::InstructionPointer)?;
        let units = pointer.checked_sub(begin)? / 2;
        let lines = self.bytes(self.member(code, Member::LineTable)?)?;
        let first = self.member(code, Member::FirstLine)?;
        Some(match position(lines, first, units)? {
            (line, Some(column)) => format!("{name} {file}:{line}:{column}"),
            (line, None) => format!("{name} {file}:{line}"),
        })
    }

    /// A text of plain characters.
    fn text(&self, at: u32) -> Option<&'a str> {
        let length = self.member(at, Member::TextLength)?;
        let text = self.slice(self.place(at, Member::TextBegin)?, length.min(MOST_NAME))?;
        let is_plain = text.iter().all(|it| (b' '..=b'~').contains(it));
        std::str::from_utf8(text).ok().filter(|_| is_plain)
    }

    fn bytes(&self, at: u32) -> Option<&'a [u8]> {
        let length = self.member(at, Member::BytesLength)?;
        self.slice(self.place(at, Member::BytesBegin)?, length.min(MOST_LINES))
    }
}

/// Line and column of the instruction at `unit`, of a table as PEP 626 and `Objects/locations.md`
/// of CPython have it.
fn position(table: &[u8], first: u32, unit: u32) -> Option<(u32, Option<u32>)> {
    let mut entries = table.iter().copied();
    let mut line = i64::from(first);
    let mut at = 0_u32;
    while let Some(head) = entries.next() {
        let kind = (head >> 3) & 15;
        let (mut column, mut has_line) = (None, true);
        match kind {
            0..=9 => {
                let second = entries.next()?;
                column = Some(u32::from(kind) * 8 + u32::from(second >> 4 & 7));
            }
            10..=12 => {
                line += i64::from(kind) - 10;
                column = Some(entries.next()?.into());
                entries.next()?;
            }
            13 => line += signed(number(&mut entries)?),
            14 => {
                line += signed(number(&mut entries)?);
                number(&mut entries)?;
                column = number(&mut entries)?.checked_sub(1);
                number(&mut entries)?;
            }
            _ => has_line = false,
        }
        at += u32::from(head & 7) + 1;
        if unit < at {
            let line = u32::try_from(line).ok().filter(|_| has_line)?;
            return Some((line, column.map(|column| column + 1)));
        }
    }
    None
}

/// A number of six bits a byte, the lowest first.
fn number(bytes: &mut impl Iterator<Item = u8>) -> Option<u32> {
    let mut found = 0;
    for shift in (0..30).step_by(6) {
        let byte = bytes.next()?;
        found |= u32::from(byte & 63) << shift;
        if byte & 64 == 0 {
            return Some(found);
        }
    }
    None
}

/// The sign is the lowest bit.
fn signed(number: u32) -> i64 {
    let amount = i64::from(number >> 1);
    if number & 1 == 1 { -amount } else { amount }
}

#[cfg(test)]
mod tests;
