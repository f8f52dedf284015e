//! How long a command waits for a host, and how it goes on where the host is away for a while.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::report::Report;
use crate::commands::remote::{Later, RemoteError};

/// The first pause before a request is sent again.
const FIRST: Duration = Duration::from_millis(100);
/// The longest.
const LONGEST: Duration = Duration::from_secs(2);
/// The longest time that a command may be told to wait.
const MOST: Duration = Duration::from_secs(24 * 3600);

/// A time of an argument, such as `30m`.
///
/// # Errors
///
/// When it is none.
pub fn timeout(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text);
    let time = time
        .ok()
        .filter(|it| (Duration::from_secs(1)..=MOST).contains(it));
    time.ok_or_else(|| "write a time of 1s to 24h, such as 30m".to_owned())
}

/// The time that is left to a command.
pub struct Patience {
    until: Instant,
    /// Whether the host has answered once: before that, what does not answer may be no host.
    is_known: bool,
}

impl Patience {
    pub fn new(timeout: Duration) -> Self {
        let now = Instant::now();
        Self {
            until: now.checked_add(timeout).unwrap_or(now),
            is_known: false,
        }
    }

    /// The time that is left.
    pub fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Sends a request, which may be repeated, until it is answered: after pauses that grow to two
    /// seconds, or when who answered asks for it, which is within an hour.
    ///
    /// # Errors
    ///
    /// When it is answered with an error that stays, or the time is over or would be by then.
    pub async fn ask<T>(
        &mut self,
        report: &mut Report,
        mut request: impl AsyncFnMut(Duration) -> Result<T, RemoteError>,
    ) -> Result<T, RemoteError> {
        let mut pause = FIRST;
        let mut told = None;
        loop {
            let error = match request(self.left()).await {
                Ok(answer) => {
                    self.is_known = true;
                    if told.is_some() {
                        report.answers_again();
                    }
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let goes_on = match error.later() {
                Later::MayWork => true,
                Later::MayWorkAgain => self.is_known,
                Later::Same => false,
            };
            // Sooner than it is asked to, it would be refused once more.
            let asked = error.retry_after().filter(|it| *it > pause);
            let wait = asked.unwrap_or(pause);
            if !goes_on || self.left() <= wait {
                return Err(error);
            }
            // Each reason once.
            let text = error.to_string();
            if told.as_ref() != Some(&text) {
                report.waits(&text, asked);
                told = Some(text);
            }
            sleep(wait).await;
            pause = pause.saturating_mul(2).min(LONGEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_bounded() {
        assert_eq!(timeout("30m"), Ok(Duration::from_secs(1800)));
        assert_eq!(timeout("24h"), Ok(MOST));
        for text in ["", "0s", "25h", "30", "soon"] {
            assert!(timeout(text).is_err(), "{text}");
        }
    }
}
