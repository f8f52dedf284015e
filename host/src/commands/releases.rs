//! `tailor releases`: the history of a BFF.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::order::{OrderError, next_live, told};
use super::outcome;
use super::output::Output;
use super::remote::{Access, Release, all_releases, bff_name, short, table};

/// Time for one answer of the host.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The column of the keys that signed.
const SIGNER: usize = 5;

#[derive(Args)]
pub struct Releases {
    /// The BFF
    #[arg(value_name = "BFF", value_parser = bff_name)]
    bff: String,
    /// The newest N releases
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print a JSON document a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

impl Releases {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let is_json = self.json;
        told(self.list().await, is_json)
    }

    async fn list(self) -> anyhow::Result<ExitCode> {
        let remote = self.access.open().await?;
        let most = usize::try_from(self.limit)?;
        let found = all_releases(&remote, &self.bff, most, TIMEOUT).await;
        let found = found.map_err(OrderError::from)?;
        let mut out = Output::default();
        if self.json {
            for release in &found {
                out.line(outcome::line(&json!(release)));
            }
        } else if found.is_empty() {
            out.line(format_args!("{} has no releases yet", self.bff));
        } else {
            let mut head = vec!["RELEASE", "STATE", "DIGEST", "KIND", "SINCE", "MESSAGE"];
            let rows = found.iter().map(|it| row(it, since(it, &found)));
            let mut rows: Vec<Vec<String>> = rows.collect();
            // The keys, where anything is signed.
            if found.iter().any(|it| it.signer.is_some()) {
                head.insert(SIGNER, "SIGNER");
                for (row, release) in rows.iter_mut().zip(&found) {
                    row.insert(SIGNER, release.signer.clone().unwrap_or_default());
                }
            }
            out.print(&table(&head, &rows));
        }
        out.end()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Since when a release is in its state. One that was replaced is so since the next one was live;
/// `None` where that one is not in the list.
fn since<'a>(release: &'a Release, all: &'a [Release]) -> Option<&'a str> {
    match &*release.state {
        "replaced" => next_live(release, all).map(|next| &*next.since),
        _ => Some(&release.since),
    }
}

fn row(release: &Release, since: Option<&str>) -> Vec<String> {
    let why = release.reason.as_ref().map(|reason| match &release.step {
        Some(step) => format!("({step}: {reason})"),
        None => format!("({reason})"),
    });
    let state = match release.percent {
        Some(percent) => format!("{} {percent} %", release.state),
        None => release.state.clone(),
    };
    let texts = [release.message.clone(), release.source.clone(), why];
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    vec![
        release.number.to_string(),
        state,
        short(&release.digest).to_owned(),
        release.kind.clone(),
        since.unwrap_or_default().to_owned(),
        texts.join(" "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_replaced_since_the_next_one_was_live() {
        let at = |second: u32| format!("2026-01-01T00:00:{second:02}.000Z");
        let all = [
            Release::sample(5, "e", "live", &at(20)),
            // Its canary took long: the one after it was live before it.
            Release::sample(3, "c", "replaced", &at(15)),
            Release::sample(4, "d", "replaced", &at(10)),
            Release::sample(2, "b", "refused", &at(8)),
            Release::sample(1, "a", "replaced", &at(5)),
        ];
        let since = |index: usize| since(&all[index], &all).unwrap().to_owned();
        assert_eq!(since(0), at(20));
        assert_eq!(since(1), at(20));
        assert_eq!(since(2), at(15));
        assert_eq!(since(3), at(8));
        assert_eq!(since(4), at(10));
        // What replaced it is not in the list.
        assert_eq!(super::since(&all[4], &all[4..]), None);
    }
}
