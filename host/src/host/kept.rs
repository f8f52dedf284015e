//! Retries to store components that could not be stored: without a reload and without a new
//! version, as soon as there is room. Unused ones are removed later.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::change::Changes;

/// The longest interval of the check. It also removes old code.
const TIDYING: Duration = Duration::from_secs(3600);

/// The wait between attempts to record what is live already: a restart forgets it until then.
const RECORDING: Duration = Duration::from_millis(500);

/// The waits between attempts, as the operator sets them.
#[derive(Clone, Copy)]
struct Waits {
    first: Duration,
    longest: Duration,
}

/// Waits for components that were not stored, and tries again with growing waits, until it is
/// ended.
pub(super) async fn keep_again(changes: Arc<Changes>) {
    let waits = || {
        let snapshot = changes.shared().snapshot.load();
        let engine = &snapshot.config.engine;
        Waits {
            first: engine.watch_interval,
            longest: engine.max_retry_wait,
        }
    };
    let keep = || async {
        let snapshot = changes.shared().snapshot.load_full();
        changes.keep_live(&snapshot).await
    };
    keep_when_due(changes.unkept(), waits, keep).await;
}

/// Records what the journal could not take, as soon as it can be written, until it is ended.
pub(super) async fn record_again(changes: Arc<Changes>) {
    loop {
        changes.unrecorded.left().await;
        loop {
            sleep(RECORDING).await;
            if changes.record_left().await {
                break;
            }
        }
    }
}

async fn keep_when_due<F: Future<Output = bool>>(
    unkept: &Notify,
    waits: impl Fn() -> Waits,
    keep: impl Fn() -> F,
) {
    loop {
        // A timeout is the ordinary case.
        let _ = timeout(TIDYING, unkept.notified()).await;
        let mut wait = waits().first;
        loop {
            sleep(wait).await;
            if keep().await {
                break;
            }
            let Waits { first, longest } = waits();
            wait = wait.saturating_mul(2).min(longest).max(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::future::ready;

    use tokio::time::Instant;

    use super::*;

    /// The seconds after the start at which components are kept within this time, where the first
    /// attempts fail and these times tell of an attempt that failed elsewhere.
    async fn kept(within: u64, failures: usize, unkept: &[u64]) -> Vec<u64> {
        let (start, notify) = (Instant::now(), Notify::new());
        let at = |seconds| start + Duration::from_secs(seconds);
        let attempts = RefCell::new(Vec::new());
        let waits = || Waits {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(5),
        };
        let keep = || {
            let mut attempts = attempts.borrow_mut();
            attempts.push(start.elapsed().as_secs());
            ready(attempts.len() > failures)
        };
        let fails = async {
            for seconds in unkept {
                tokio::time::sleep_until(at(*seconds)).await;
                notify.notify_one();
            }
            tokio::time::sleep_until(at(within)).await;
        };
        tokio::select! {
            () = keep_when_due(&notify, waits, keep) => {}
            () = fails => {}
        }
        attempts.into_inner()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_old_is_looked_for_each_hour() {
        assert_eq!(kept(3 * 3601 + 1, 0, &[]).await, [3601, 7202, 10_803]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_stored_is_tried_again_with_growing_waits_until_it_is() {
        let times = kept(3000, 5, &[10, 1000]).await;
        assert_eq!(times, [11, 13, 17, 22, 27, 32, 1001]);
    }
}
