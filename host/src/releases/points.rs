//! Named points of a release, at each of which a drill ends the process to see what a restart
//! finds. Only builds with debug assertions have them.

/// The point that the process ends at, in a drill.
#[cfg(debug_assertions)]
const END_AT: &str = "TAILOR_DRILL_END_AT";

/// The first points of a release. What comes before them, a start reaches, too.
#[cfg(debug_assertions)]
const FIRST: [&str; 2] = ["upload-read", "manifest-read"];

/// The process has come to this point.
#[cfg(debug_assertions)]
pub(crate) fn reach(point: &str) {
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::process::{Signal, getpid, kill_process};
    static BEGUN: AtomicBool = AtomicBool::new(false);
    if FIRST.contains(&point) {
        BEGUN.store(true, Ordering::Relaxed);
    }
    if !BEGUN.load(Ordering::Relaxed) {
        return;
    }
    if std::env::var_os(END_AT).is_some_and(|end| end == point) {
        // Nothing of the process runs after it: no destructor, and no write to a file.
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

/// The process has come to this point, which means nothing outside of a drill.
#[cfg(not(debug_assertions))]
pub(crate) fn reach(_: &str) {}
