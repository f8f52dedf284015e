//! Which errors say only that the host is out of something, or that a file system did not answer in
//! time, so that the same may succeed a moment later.

use std::error::Error;
use std::io;

use rustix::io::Errno;

/// What the system says when it has no more open files, memory or room on a disk.
const LACKING: [Errno; 4] = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOSPC];

/// Whether the engine failed because the host was out of something.
pub(super) fn in_engine(error: &wasmtime::Error) -> bool {
    error.chain().any(says_so)
}

/// Whether this or one of its causes says that the host was out of something.
pub(super) fn in_chain(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if says_so(error) {
            return true;
        }
        next = error.source();
    }
    false
}

fn says_so(error: &(dyn Error + 'static)) -> bool {
    let errno = match error.downcast_ref::<io::Error>() {
        Some(error) if error.kind() == io::ErrorKind::TimedOut => return true,
        Some(error) => Errno::from_io_error(error),
        None => error.downcast_ref::<Errno>().copied(),
    };
    errno.is_some_and(|errno| LACKING.contains(&errno))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::bff::error::LoadError;

    fn unreadable(errno: Errno) -> LoadError {
        LoadError::Unreadable {
            path: PathBuf::from("page.wasm"),
            source: errno.into(),
        }
    }

    #[test]
    fn what_the_host_lacks_is_told_from_what_is_wrong() {
        for errno in LACKING {
            assert!(in_chain(&unreadable(errno)), "{errno}");
            assert!(in_engine(&io::Error::from(errno).into()), "{errno}");
        }
        for errno in [Errno::NOENT, Errno::ACCESS, Errno::IO] {
            assert!(!in_chain(&unreadable(errno)), "{errno}");
            assert!(!in_engine(&io::Error::from(errno).into()), "{errno}");
        }
        let bad = LoadError::NotAComponent("text".to_owned());
        assert!(!in_chain(&bad));
    }
}
