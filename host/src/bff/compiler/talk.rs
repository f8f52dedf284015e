//! The protocol between host and compiler: the compiler sends its [`Hello`], the host the
//! component, the compiler the machine code; errors go over a pipe of their own.

use std::borrow::Cow;
use std::io::{self, Read, Write};

use super::error::CompileError;
use super::hello::{Hello, LONGEST};

/// Bytes of standard error that are kept.
const REASON: usize = 16 << 10;
/// Read from a pipe at a time: as much as it holds.
const CHUNK: usize = 64 << 10;

/// The state of a conversation, on the host's side.
pub(super) struct Conversation<'a> {
    /// The expected engine of the compiler.
    engine: &'a str,
    /// The largest machine code, bytes.
    most: usize,
    /// The part of the component that is not written yet.
    unsent: &'a [u8],
    greeted: bool,
    heard: Vec<u8>,
    reason: Vec<u8>,
    chunk: Box<[u8]>,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(engine: &'a str, most: usize, wasm: &'a [u8]) -> Self {
        Self {
            engine,
            most,
            unsent: wasm,
            greeted: false,
            heard: Vec::new(),
            reason: Vec::new(),
            chunk: vec![0; CHUNK].into(),
        }
    }

    /// Whether the host may write: a compiler without a hello gets nothing.
    pub(super) fn may_write(&self) -> bool {
        self.greeted
    }

    /// Writes as much of the component as the pipe accepts. `false` when there is no more to write.
    pub(super) fn write(&mut self, pipe: &mut impl Write) -> bool {
        while !self.unsent.is_empty() {
            match pipe.write(self.unsent) {
                Ok(count) => self.unsent = &self.unsent[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The compiler has ended, and how says more than this.
                Err(_) => return false,
            }
        }
        false
    }

    /// Reads a part of the compiler's output, if there is any. `false` at the end.
    pub(super) fn hear(&mut self, pipe: &mut impl Read) -> Result<bool, CompileError> {
        let Some(count) = read(pipe, &mut self.chunk)? else {
            return Ok(true);
        };
        self.heard.extend_from_slice(&self.chunk[..count]);
        if !self.greeted {
            self.greet()?;
        }
        if self.greeted && self.heard.len() > self.most {
            return Err(CompileError::Code(self.most as u64));
        }
        Ok(count > 0)
    }

    /// Reads a part of the error text, and discards what is too long. `false` at the end.
    pub(super) fn hear_reason(&mut self, pipe: &mut impl Read) -> Result<bool, CompileError> {
        let Some(count) = read(pipe, &mut self.chunk)? else {
            return Ok(true);
        };
        let room = REASON.saturating_sub(self.reason.len()).min(count);
        self.reason.extend_from_slice(&self.chunk[..room]);
        Ok(count > 0)
    }

    fn greet(&mut self) -> Result<(), CompileError> {
        let first = self
            .heard
            .iter()
            .take(LONGEST)
            .position(|byte| *byte == b'\n');
        let Some(end) = first else {
            if self.heard.len() < LONGEST {
                return Ok(());
            }
            return Err(self.another("something else".to_owned()));
        };
        let Some(hello) = Hello::read(&self.heard[..end]) else {
            return Err(self.another("something else".to_owned()));
        };
        if hello.engine != self.engine {
            return Err(self.another(hello.engine));
        }
        if !hello.missing.is_empty() {
            let missing = hello.missing;
            tracing::debug!(missing, "this kernel lacks restrictions of the compiler");
        }
        self.heard.drain(..=end);
        self.greeted = true;
        Ok(())
    }

    fn another(&self, found: String) -> CompileError {
        CompileError::OtherEngine {
            found,
            wanted: self.engine.to_owned(),
        }
    }

    /// What the compiler wrote to standard error, without the break of its last line.
    pub(super) fn reason(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.reason.trim_ascii_end())
    }

    /// The machine code, of a compiler that has ended well.
    pub(super) fn into_code(self) -> Result<Vec<u8>, CompileError> {
        if self.greeted && self.unsent.is_empty() {
            return Ok(self.heard);
        }
        Err(self.another("nothing".to_owned()))
    }
}

/// Reads once; `None` when there is nothing at the moment.
fn read(pipe: &mut impl Read, into: &mut [u8]) -> Result<Option<usize>, CompileError> {
    loop {
        match pipe.read(into) {
            Ok(count) => return Ok(Some(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CompileError::Run(error)),
        }
    }
}
