//! Which errors are temporary: the host lacks a resource, or a file system did not answer in time.
//! The same operation may succeed a moment later.

use std::error::Error;
use std::io;

use rustix::io::Errno;
use rustix::process::Signal;

use crate::bff::compiler::error::{CompileError, SignalName};
use crate::bff::error::LoadError;

/// The errors of a system without open files, memory or disk space.
const LACKING: [Errno; 4] = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::NOSPC];

/// Whether a component may be valid a moment later: it is refused because the host lacked a
/// resource, or because its file is not complete yet. A killed or starved compiler counts as a
/// lacking resource.
pub(super) fn in_load(error: &LoadError) -> bool {
    match error {
        LoadError::Compile(error) | LoadError::Link(error) => in_engine(error),
        LoadError::Unsettled { .. } => true,
        // Its author sees the refusal, and sends it again.
        LoadError::Released(_) => false,
        LoadError::Compiler(error) => in_compiler(error),
        other => in_chain(other),
    }
}

/// Whether a compiler may succeed a moment later. A compiler that did not exceed its limits was
/// killed by another process, for example by the system for lack of memory; and one that computes
/// for less than its time on the processor and takes too long beside others has had too little of
/// it.
fn in_compiler(error: &CompileError) -> bool {
    match error {
        CompileError::Killed(signal) => *signal == SignalName(Signal::KILL.as_raw()),
        // Another configuration may be refused as a whole: this one goes on then.
        CompileError::Time(_) | CompileError::Run(_) | CompileError::Withdrawn => true,
        _ => false,
    }
}

/// Whether the engine failed because the host lacked a resource.
pub(super) fn in_engine(error: &wasmtime::Error) -> bool {
    error.chain().any(says_so)
}

/// Whether this error or one of its causes is a lack of a resource.
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
    use std::time::Duration;

    use super::*;

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
        for (error, again) in [
            (CompileError::Killed(SignalName(9)), true),
            (CompileError::Killed(SignalName(11)), false),
            (CompileError::Time(Duration::from_secs(60)), true),
            (CompileError::Run(Errno::AGAIN.into()), true),
            (CompileError::Withdrawn, true),
            (CompileError::Cpu(30), false),
            (CompileError::Memory(2 << 30), false),
        ] {
            assert_eq!(in_load(&error.into()), again);
        }
    }
}
