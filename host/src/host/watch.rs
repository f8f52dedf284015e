//! Looks at the component files and swaps a BFF when its file has changed.
//!
//! By looking, not by a notification of the system: that works on every file system and through
//! every way of replacing a file (renaming, writing in place, switching a link), and a look at a
//! file costs a microsecond. A file that is still being written is left alone until two looks in a
//! row see the same. A version that was not loaded because the host was out of open files, memory
//! or room on a disk, or whose smoke request failed because of its services, is tried again, after
//! waits that grow.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::change::Changes;
use super::look::Looks;
use crate::bff::mark::Mark;
use crate::bff::swap::Bff;

/// What is known of a file.
#[derive(Default)]
struct Seen {
    /// Another content than the one that was taken or refused last, seen once.
    pending: Option<Mark>,
    /// When the same content is tried again.
    again: Option<Again>,
    /// The file is not there, which the log says.
    gone: bool,
}

/// A further attempt, and how long it was waited for.
#[derive(Clone, Copy)]
struct Again {
    due: Instant,
    wait: Duration,
}

/// The longest wait before a further attempt, unless looks at the file are further apart.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

impl Seen {
    fn is_due(&self) -> bool {
        self.again.is_some_and(|again| again.due <= Instant::now())
    }

    /// Plans a further attempt, after twice the wait of the one before.
    fn try_again(&mut self, interval: Duration) {
        let wait = match self.again {
            Some(Again { wait, .. }) => wait.saturating_mul(2).min(LONGEST_WAIT),
            None => interval,
        };
        let wait = wait.max(interval);
        self.again = Some(Again {
            due: Instant::now() + wait,
            wait,
        });
    }

    /// Whether the file has another content than the one that was taken or refused last, and is not being written any
    /// more. No file is no change: it may be about to be replaced.
    fn settles(&mut self, now: Option<Mark>, taken: Option<Mark>) -> bool {
        if now.is_none() || now == taken {
            self.pending = None;
            return false;
        }
        let settled = now == self.pending;
        self.pending = if settled { None } else { now };
        settled
    }

    /// Says once that a file that was there is gone.
    fn note(&mut self, name: &str, bff: &Bff, now: Option<Mark>) {
        let gone = now.is_none() && bff.file().is_some();
        if gone && !self.gone {
            let path = bff.settings().component.display();
            tracing::warn!(bff = name, %path, "the component file is gone, the live version goes on");
        }
        self.gone = gone;
    }
}

/// Watches until it is ended.
pub(super) async fn watch(changes: Arc<Changes>) {
    let mut files: HashMap<String, Seen> = HashMap::new();
    let mut looks = Looks::default();
    loop {
        let snapshot = changes.shared().snapshot.load_full();
        let interval = snapshot.config.engine.watch_interval;
        files.retain(|name, _| snapshot.bffs.contains_key(name));
        for (name, bff) in &snapshot.bffs {
            let path = bff.settings().component.clone();
            let Some(now) = looks.at(name, move || Mark::of(&path)).await else {
                continue;
            };
            let seen = files.entry(name.clone()).or_default();
            look(&changes, name, bff, seen, now, interval).await;
        }
        changes.tick();
        // Held through the pause, it would keep alive what a reload has replaced.
        drop(snapshot);
        tokio::time::sleep(interval).await;
    }
}

async fn look(
    changes: &Changes,
    name: &str,
    bff: &Bff,
    seen: &mut Seen,
    now: Option<Mark>,
    interval: Duration,
) {
    seen.note(name, bff, now);
    let anew = seen.settles(now, bff.file());
    if anew || !bff.is_tried_again() {
        seen.again = None;
    } else if seen.again.is_none() {
        seen.try_again(interval);
    }
    if anew || (seen.is_due() && seen.pending.is_none() && now.is_some()) {
        match swap(changes, name).await {
            Swapped::Done => seen.again = None,
            Swapped::Postponed => seen.try_again(interval),
        }
    }
}

/// How an attempt ended.
enum Swapped {
    /// There is nothing more to do.
    Done,
    /// The same content is tried again.
    Postponed,
}

async fn swap(changes: &Changes, name: &str) -> Swapped {
    match changes.swap(name).await {
        Ok(Some(version)) => tracing::info!(bff = name, version, "new version is live"),
        Ok(None) => {}
        Err(error) if error.is_tried_again() => {
            tracing::warn!(
                bff = name,
                "new version is not loaded and is tried again, the old one goes on: {error}"
            );
            return Swapped::Postponed;
        }
        Err(error) => tracing::error!(
            bff = name,
            "new version is refused, the old one goes on: {error}"
        ),
    }
    Swapped::Done
}
