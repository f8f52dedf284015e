//! Sends an order, and asks what became of it until it has an end.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tailor::config::show_duration;
use tokio::time::sleep;

use super::error::{OrderError, REFUSED, ROLLED_BACK, is_conflict};
use super::patience::Patience;
use super::report::Report;
use crate::commands::remote::{Begun, Later, Release, Remote, RemoteError, all_releases, short};

/// The first pause between two questions.
const FIRST: Duration = Duration::from_millis(100);
/// The longest.
const LONGEST: Duration = Duration::from_secs(1);
/// How often a release begins whose host ends in the middle of it. More often would be a way to end
/// a host again and again with one component.
const MOST_ORDERS: u32 = 2;

/// States that are told at the end.
const ENDS: [&str; 7] = [
    "live",
    "previewed",
    "replaced",
    "refused",
    "rolled-back",
    "aborted",
    "interrupted",
];

/// An order.
pub struct Order<'a> {
    pub remote: &'a Remote,
    pub bff: &'a str,
    /// Where it goes: `releases`, `previews` or `rollback`.
    pub kind: &'static str,
    pub body: Value,
    pub key: String,
    pub timeout: Duration,
}

/// Whether a command waits for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It does.
    Awaited,
    /// It ends when the release has begun.
    Detached,
}

/// Sends an order, and waits for its end unless it is detached. Returns the exit code.
///
/// # Errors
///
/// When the order has no good end.
pub async fn follow(
    order: &Order<'_>,
    until: Ended,
    patience: &mut Patience,
    report: &mut Report,
) -> Result<u8, OrderError> {
    let begun = order.begin(patience, report).await?;
    follow_begun(order, begun, until, patience, report).await
}

/// The same of an order that the host has taken.
///
/// # Errors
///
/// When the order has no good end.
pub async fn follow_begun(
    order: &Order<'_>,
    begun: Begun,
    until: Ended,
    patience: &mut Patience,
    report: &mut Report,
) -> Result<u8, OrderError> {
    let mut orders = 1;
    let mut release = match begun {
        Begun::Recorded(release) => *release,
        Begun::Unrecorded { digest, unrecorded } => {
            return Ok(live_without_record(&digest, &unrecorded, report));
        }
    };
    tell_begun(&release, report);
    let mut pause = FIRST;
    // What was told last of a release on trial.
    let mut share = None;
    loop {
        match &*release.state {
            "live" => {
                report.release(&format!("release {} is live", release.number), &release);
                return Ok(0);
            }
            "previewed" => {
                let (number, name) = (release.number, release.name.as_deref());
                let name = name.unwrap_or_default();
                report.release(&format!("release {number} is shown as {name}"), &release);
                return Ok(0);
            }
            "replaced" => return order.replaced(&release, patience, report).await,
            "refused" => return refused(&release, report),
            "rolled-back" | "aborted" => return Ok(ended_on_trial(&release, report)),
            "interrupted" => {
                let number = release.number;
                let sentence = format!("the host ended before release {number} was live");
                report.release(&sentence, &release);
                if orders == MOST_ORDERS {
                    let bff = release.bff;
                    return Err(OrderError::Interrupted {
                        bff,
                        release: number,
                    });
                }
                orders += 1;
                release = match order.send(orders, patience, report).await? {
                    Begun::Recorded(release) => *release,
                    Begun::Unrecorded { digest, unrecorded } => {
                        return Ok(live_without_record(&digest, &unrecorded, report));
                    }
                };
                tell_begun(&release, report);
                continue;
            }
            _ if until == Ended::Detached => return Ok(0),
            "canary" if share.as_ref() != Some(&(release.percent, release.held.clone())) => {
                share = Some((release.percent, release.held.clone()));
                on_trial(&release, report)?;
            }
            _ => {}
        }
        if patience.left() <= pause {
            return Err(order.unfinished(&release, None));
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST);
        release = order.ask(&release, patience, report).await?;
    }
}

/// A release gets a share of the requests.
///
/// # Errors
///
/// When the share is held: somebody has to decide how it goes on.
fn on_trial(release: &Release, report: &mut Report) -> Result<(), OrderError> {
    let (number, percent) = (release.number, release.percent.unwrap_or_default());
    let Some(held) = release.held.clone() else {
        let sentence = format!("release {number} gets {percent} % of the requests");
        report.release(&sentence, release);
        return Ok(());
    };
    let sentence = format!("release {number} keeps {percent} % of the requests");
    report.release(&sentence, release);
    Err(OrderError::ShareHeld {
        bff: release.bff.clone(),
        release: number,
        percent,
        held,
    })
}

/// A trial ended, and what was live before serves all.
fn ended_on_trial(release: &Release, report: &mut Report) -> u8 {
    let reason = why(release);
    let what = match &*release.state {
        "rolled-back" => "is rolled back",
        _ => "was ended",
    };
    let sentence = format!("release {} {what}: {reason}", release.number);
    report.release(&sentence, release);
    ROLLED_BACK
}

/// A rollback is live, and the host's disk takes no row of it.
fn live_without_record(digest: &str, why: &str, report: &mut Report) -> u8 {
    let sentence = format!(
        "{} is live again, which a restart of the host forgets until it is recorded: {why}",
        short(digest)
    );
    let members = json!({"digest": digest, "reason": why});
    report.step("unrecorded", &sentence, members);
    0
}

/// A release has begun. What has an end already, a sentence of its own says.
fn tell_begun(release: &Release, report: &mut Report) {
    if !ENDS.contains(&&*release.state) {
        let (number, digest) = (release.number, short(&release.digest));
        report.release(&format!("release {number} of {digest} has begun"), release);
    }
}

impl Order<'_> {
    /// Sends the order. The host has taken it then.
    ///
    /// # Errors
    ///
    /// When the host refuses it, or does not answer in time.
    pub async fn begin(
        &self,
        patience: &mut Patience,
        report: &mut Report,
    ) -> Result<Begun, OrderError> {
        self.send(1, patience, report).await
    }

    /// Sends the order for the first time, or anew. The same key begins one release.
    async fn send(
        &self,
        nth: u32,
        patience: &mut Patience,
        report: &mut Report,
    ) -> Result<Begun, OrderError> {
        let path = format!("/v1/bffs/{}/{}", self.bff, self.kind);
        let body = Bytes::from(self.body.to_string());
        let key = match nth {
            1 => self.key.clone(),
            nth => format!("{}/{nth}", self.key),
        };
        let is_pulled = self.body.get("oci").is_some();
        let sent = patience.ask(report, async |left| {
            let (remote, body) = (self.remote, body.clone());
            match is_pulled {
                true => remote.post_and_wait(&path, body, &key, left).await,
                false => remote.post(&path, body, &key, left).await,
            }
        });
        sent.await.map_err(|error| match error.later() {
            Later::MayWorkAgain => OrderError::Unknown {
                error,
                key: self.key.clone(),
            },
            Later::MayWork | Later::Same => OrderError::Ordered(error),
        })
    }

    /// Asks where a release is.
    async fn ask(
        &self,
        release: &Release,
        patience: &mut Patience,
        report: &mut Report,
    ) -> Result<Release, OrderError> {
        let path = format!("/v1/bffs/{}/releases/{}", self.bff, release.number);
        let asked = patience.ask(report, async |left| {
            self.remote.get(&path, left).await.map_err(passing)
        });
        asked.await.map_err(|error| match error.later() {
            Later::Same => error.into(),
            Later::MayWork | Later::MayWorkAgain => self.unfinished(release, Some(error)),
        })
    }

    /// The release was live, and another one is: was it taken back?
    async fn replaced(
        &self,
        release: &Release,
        patience: &mut Patience,
        report: &mut Report,
    ) -> Result<u8, OrderError> {
        let asked = patience.ask(report, async |left| {
            all_releases(self.remote, self.bff, usize::MAX, left).await
        });
        let number = release.number;
        let (sentence, exit) = match next_live(release, &asked.await?) {
            Some(next) if next.kind == "rollback" => (
                format!(
                    "release {number} was live, and release {} went back to {}",
                    next.number,
                    short(&next.digest)
                ),
                ROLLED_BACK,
            ),
            Some(next) => (
                format!(
                    "release {number} was live, until release {} was",
                    next.number
                ),
                0,
            ),
            None => (format!("release {number} was live"), 0),
        };
        report.release(&sentence, release);
        Ok(exit)
    }

    fn unfinished(&self, release: &Release, error: Option<RemoteError>) -> OrderError {
        OrderError::Unfinished {
            bff: self.bff.to_owned(),
            release: release.number,
            timeout: show_duration(self.timeout),
            error,
        }
    }
}

/// A host whose store fails may be well again before the time is over: the release goes on.
fn passing(error: RemoteError) -> RemoteError {
    match error {
        RemoteError::Refused { url, problem } if problem.status.is_server_error() => {
            RemoteError::Lost {
                url,
                why: problem.to_string(),
                retry_after: problem.retry_after,
            }
        }
        error => error,
    }
}

/// The release that was live after this one.
pub fn next_live<'a>(release: &Release, all: &'a [Release]) -> Option<&'a Release> {
    let was_live = |it: &&Release| ["live", "replaced"].contains(&&*it.state);
    // Times of one clock, written with the same number of digits.
    let later = all.iter().filter(|it| it.since > release.since);
    later.filter(was_live).min_by(|a, b| a.since.cmp(&b.since))
}

/// Why a release ended, and the way out.
fn why(release: &Release) -> String {
    let reason = release.reason.as_deref().unwrap_or("unknown");
    match &release.fix {
        Some(fix) => format!("{reason}; {fix}"),
        None => reason.to_owned(),
    }
}

/// The release is refused: by its proof, or because something else is live than it expects.
fn refused(release: &Release, report: &mut Report) -> Result<u8, OrderError> {
    let step = release.step.clone().unwrap_or_else(|| "unknown".to_owned());
    let reason = why(release);
    let number = release.number;
    let sentence = format!("release {number} is refused at {step}: {reason}");
    report.release(&sentence, release);
    if is_conflict(&step) {
        return Err(OrderError::Conflict {
            bff: release.bff.clone(),
            release: number,
            step,
            reason,
        });
    }
    Ok(REFUSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(number: i64, kind: &str, state: &str, since: &str) -> Release {
        Release {
            kind: kind.to_owned(),
            ..Release::sample(number, "a", state, since)
        }
    }

    #[test]
    fn what_came_after_a_release_is_what_was_live_next() {
        let at = |second: u32| format!("2026-01-01T00:00:{second:02}.000Z");
        let ours = release(2, "deploy", "replaced", &at(10));
        let all = [
            release(5, "deploy", "live", &at(40)),
            release(4, "rollback", "replaced", &at(30)),
            release(3, "deploy", "refused", &at(20)),
            ours.clone(),
            release(1, "deploy", "replaced", &at(5)),
        ];
        assert_eq!(next_live(&ours, &all).unwrap().number, 4);
        assert_eq!(next_live(&all[0], &all), None);
    }
}
