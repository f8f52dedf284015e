//! Retries to store components that could not be stored: without a reload and without a new
//! version, as soon as there is room. Unused ones are removed later.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::change::Changes;

/// The longest interval of the check. It also removes old code.
const TIDYING: Duration = Duration::from_secs(3600);

/// Waits for components that were not stored, and tries again with growing waits, until it is
/// ended.
pub(super) async fn keep_again(changes: Arc<Changes>) {
    loop {
        // A timeout is the ordinary case.
        let _ = timeout(TIDYING, changes.unkept().notified()).await;
        let first = changes
            .shared()
            .snapshot
            .load()
            .config
            .engine
            .watch_interval;
        let mut wait = first;
        loop {
            sleep(wait).await;
            let snapshot = changes.shared().snapshot.load_full();
            if changes.keep_live(&snapshot).await {
                break;
            }
            let longest = snapshot.config.engine.max_retry_wait;
            wait = wait.saturating_mul(2).min(longest).max(first);
        }
    }
}
