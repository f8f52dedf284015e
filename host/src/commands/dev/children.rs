//! The programs that builds have started, and that must not go on without this one.

use std::collections::BTreeMap;

use rustix::process::{Pid, Signal, getpid, kill_process};

/// Asks all of them to end. Where the system does not list processes, they end by themselves.
pub(super) fn end() {
    let parents = parents();
    let own = getpid().as_raw_nonzero().get();
    let is_below = |pid: i32| {
        let mut up = Some(pid);
        // A process that takes another's number meanwhile may make a circle.
        for _ in 0..64 {
            up = up.and_then(|pid| parents.get(&pid).copied());
            if up == Some(own) {
                return true;
            }
        }
        false
    };
    for pid in parents.keys().filter(|pid| is_below(**pid)) {
        if let Some(pid) = Pid::from_raw(*pid) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

/// The parent of each process.
fn parents() -> BTreeMap<i32, i32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let parents = entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // The name before it may hold anything: `pid (name) state parent`.
        let (_, rest) = stat.rsplit_once(')')?;
        Some((pid, rest.split_whitespace().nth(1)?.parse().ok()?))
    });
    parents.collect()
}
