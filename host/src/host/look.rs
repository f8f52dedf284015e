//! Reads files that may hang, without waiting for those that do.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Time limit of a wait for a look. A file on a disk answers in microseconds.
const MOMENT: Duration = Duration::from_millis(100);

/// The looks that are under way, one for each name at most.
pub(super) struct Looks<T>(HashMap<String, JoinHandle<T>>);

impl<T> Default for Looks<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Send + 'static> Looks<T> {
    /// The result of a look. `None` when it takes longer than the limit: then it continues, and a
    /// later call returns its result.
    pub(super) async fn at(
        &mut self,
        name: &str,
        look: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (mut under_way, wait) = match self.0.remove(name) {
            Some(earlier) => (earlier, Duration::ZERO),
            None => (tokio::task::spawn_blocking(look), MOMENT),
        };
        match timeout(wait, &mut under_way).await {
            Ok(found) => found.ok(),
            Err(_) => {
                self.0.insert(name.to_owned(), under_way);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn a_look_that_hangs_is_begun_once_and_its_answer_comes_later() {
        let mut looks = Looks::default();
        assert_eq!(looks.at("page", || 1).await, Some(1));
        let (release, released) = channel::<()>();
        let hangs = move || released.recv().map_or(2, |()| 3);
        assert_eq!(looks.at("page", hangs).await, None);
        for _ in 0..3 {
            assert_eq!(looks.at("page", || unreachable!()).await, None);
        }
        assert_eq!(looks.at("other", || 4).await, Some(4));
        drop(release);
        let found = loop {
            if let Some(found) = looks.at("page", || 5).await {
                break found;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(found, 2);
        assert_eq!(looks.at("page", || 6).await, Some(6));
    }
}
