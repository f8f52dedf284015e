//! `tailor rollback`: back to a component that was live.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::order::{
    Ended, Options, Order, OrderError, Patience, Report, body, follow_begun, key_or_random,
};
use super::remote::{Bff, Reference, Release, Remote, all_releases, bff_name, resolve, short};
use super::trial::end;

/// How long a part of the history is waited for, which is told and decides nothing.
const HISTORY: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct Rollback {
    /// The BFF
    #[arg(value_name = "BFF", value_parser = bff_name)]
    bff: String,
    /// The component to go back to: previous, latest, a digest or its first digits
    #[arg(long, value_name = "NAME", default_value = "previous")]
    to: Reference,
    #[command(flatten)]
    options: Options,
}

impl Rollback {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut report = self.options.report(&self.bff);
        let ended = self.roll_back(&mut report).await;
        report.end(ended).map(ExitCode::from)
    }

    async fn roll_back(self, report: &mut Report) -> anyhow::Result<u8> {
        let timeout = self.options.short_timeout();
        let mut patience = Patience::new(timeout);
        let remote = self.options.access.open().await?;
        let path = format!("/v1/bffs/{}", self.bff);
        let mut promoted = None;
        let bff = loop {
            let asked = patience.ask(report, async |left| remote.get(&path, left).await);
            let bff: Bff = asked.await.map_err(OrderError::from)?;
            if !bff.releases {
                return Err(OrderError::FromFile(self.bff).into());
            }
            let canary = match &bff.canary {
                // The newest release is undone, which is not live yet.
                Some(canary) if self.to == Reference::Previous => canary,
                _ => break bff,
            };
            let key = key_or_random(self.options.key.clone())?;
            let message = self.options.message.as_ref();
            let ending = end(
                &remote,
                canary,
                &self.bff,
                message,
                &key,
                &mut patience,
                report,
            );
            match ending.await {
                // It was promoted at this moment: the newest release is live now.
                Err(error) if error.has_no_trial() && promoted != Some(canary.release) => {
                    promoted = Some(canary.release);
                }
                ended => {
                    ended?;
                    return Ok(0);
                }
            }
        };
        if self.to == Reference::Previous && bff.previous().is_none() {
            let error = match bff.digest() {
                Some(_) => OrderError::NoPrevious(self.bff),
                None => OrderError::NothingLive(self.bff),
            };
            return Err(error.into());
        }
        let resolved = resolve(&remote, &bff, &self.to, patience.left()).await;
        let to = resolved.map_err(OrderError::from)?;
        let way = way(&remote, &bff, &to, patience.left()).await;
        let order = Order {
            remote: &remote,
            bff: &self.bff,
            kind: "rollback",
            // The very component that was told, also where another release is live by now.
            body: body(&[
                ("to", Some(&to)),
                ("message", self.options.message.as_ref()),
            ]),
            key: key_or_random(self.options.key)?,
            timeout,
        };
        let begun = order.begin(&mut patience, report).await?;
        // A host that refuses the order goes back to nothing.
        report.step("going-back", &way.sentence, way.members);
        let done = follow_begun(&order, begun, Ended::Awaited, &mut patience, report);
        Ok(done.await?)
    }
}

/// What goes back to what, and when that was live last, for people and for programs.
struct Way {
    sentence: String,
    members: Value,
}

/// Asks once when the component was live last. A history that cannot be read, or not now, keeps
/// nobody from going back.
async fn way(remote: &Remote, bff: &Bff, to: &str, within: Duration) -> Way {
    let all = all_releases(remote, &bff.name, usize::MAX, within.min(HISTORY)).await;
    let last = all.as_ref().map(|all| last_time(to, all));
    let (when, since, until) = match last {
        Ok(Some((release, until))) => {
            let ended = until.map_or_else(|| "until now".to_owned(), |it| format!("until {it}"));
            let number = release.number;
            let when = format!("release {number}, live from {} {ended}", release.since);
            (when, Some(&release.since), until)
        }
        Ok(None) => (
            "which no release in the history is of".to_owned(),
            None,
            None,
        ),
        Err(error) => (format!("the history cannot be read: {error}"), None, None),
    };
    let from = bff.digest();
    let of = |digest| match &bff.live {
        Some(live) if live.digest == digest => {
            format!("{} (release {})", short(digest), live.release)
        }
        _ => short(digest).to_owned(),
    };
    let shown = from.map_or_else(|| "nothing that is live".to_owned(), of);
    Way {
        sentence: format!("{shown} goes back to {} ({when})", short(to)),
        members: json!({"from": from, "to": to, "ran_since": since, "ran_until": until}),
    }
}

/// The last release of a component that was live, and until when it was.
fn last_time<'a>(digest: &str, all: &'a [Release]) -> Option<(&'a Release, Option<&'a str>)> {
    // A time of all is of one clock, and written with the same number of digits.
    let was_live = |it: &&Release| ["live", "replaced"].contains(&&*it.state);
    let of_it = all.iter().filter(was_live).filter(|it| it.digest == digest);
    let last = of_it.max_by(|a, b| a.since.cmp(&b.since))?;
    let next = all.iter().filter(was_live).map(|it| &*it.since);
    Some((last, next.filter(|since| **since > *last.since).min()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_time_of_a_component_ends_where_another_one_began_to_live() {
        let release = |number: i64, digest: &str, state: &str| {
            let since = format!("2026-01-01T00:00:0{number}.000Z");
            Release::sample(number, digest, state, &since)
        };
        let all = [
            release(5, "b", "live"),
            release(4, "a", "refused"),
            release(3, "a", "replaced"),
            release(2, "c", "replaced"),
            release(1, "a", "replaced"),
        ];
        let (last, until) = last_time("a", &all).unwrap();
        assert_eq!((last.number, until), (3, Some(&*all[0].since)));
        let (last, until) = last_time("b", &all).unwrap();
        assert_eq!((last.number, until), (5, None));
        assert!(last_time("d", &all).is_none());
    }
}
