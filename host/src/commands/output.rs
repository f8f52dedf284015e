//! Standard output of the commands. All of them print here. A reader that has gone, as `head` does,
//! is no failure: the command does the rest of its work. Output that cannot be written is one, with
//! the exit code of a failure: `println!` would panic for either.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

use anyhow::Context as _;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Standard output, and whether all of a report arrived there.
#[derive(Default)]
pub struct Output {
    is_read: Reader,
    error: Option<io::Error>,
}

/// Whether somebody reads a report.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Reader {
    /// As far as is known.
    #[default]
    There,
    /// No more, as `head` does: it has read what it wanted.
    Gone,
}

impl Output {
    /// Prints a text. What becomes of it, [`end`](Self::end) tells.
    pub fn print(&mut self, text: &(impl AsRef<[u8]> + ?Sized)) {
        if self.is_read == Reader::Gone || self.error.is_some() {
            return;
        }
        let mut out = io::stdout().lock();
        match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => self.is_read = Reader::Gone,
            Err(error) => self.error = Some(error),
        }
    }

    /// Prints a text and the end of its line.
    pub fn line(&mut self, text: impl Display) {
        self.print(&format!("{text}\n"));
    }

    /// Whether somebody still reads.
    ///
    /// # Errors
    ///
    /// When a text could not be written for another reason.
    pub fn end(self) -> anyhow::Result<Reader> {
        match self.error {
            Some(error) => Err(error).context("standard output: cannot be written"),
            None => Ok(self.is_read),
        }
    }
}

impl Reader {
    /// Whether somebody reads now, before anything is written.
    pub fn now() -> Self {
        let out = io::stdout();
        let mut pipe = [PollFd::new(&out, PollFlags::empty())];
        // Where the system does not say, the next write does.
        let polled = poll(&mut pipe, Some(&Timespec::default()));
        let gone = PollFlags::ERR | PollFlags::HUP;
        match polled.is_ok() && pipe[0].revents().intersects(gone) {
            true => Self::Gone,
            false => Self::There,
        }
    }
}
