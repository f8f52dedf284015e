//! `tailor status`: what is live of each BFF, and what runs.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use tailor::text::visible;

use super::order::{OrderError, told};
use super::outcome;
use super::output::Output;
use super::remote::{Access, Bff, bff_name, short, table};

/// Time for one answer of the host.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Args)]
pub struct Status {
    /// One BFF [default: all]
    #[arg(value_name = "BFF", value_parser = bff_name)]
    bff: Option<String>,
    /// Print a JSON document a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

/// All BFFs, each with what a newer host may add.
#[derive(Deserialize)]
struct Bffs {
    bffs: Vec<Value>,
}

impl Status {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let is_json = self.json;
        told(self.show().await, is_json)
    }

    async fn show(self) -> anyhow::Result<ExitCode> {
        let remote = self.access.open().await?;
        let documents = match &self.bff {
            Some(bff) => {
                let one = remote.get(&format!("/v1/bffs/{bff}"), TIMEOUT).await;
                vec![one.map_err(OrderError::from)?]
            }
            None => {
                let all = remote.get::<Bffs>("/v1/bffs", TIMEOUT).await;
                all.map_err(OrderError::from)?.bffs
            }
        };
        let mut out = Output::default();
        if self.json {
            for document in &documents {
                out.line(outcome::line(document));
            }
        } else {
            let bffs = documents.into_iter().map(serde_json::from_value);
            let bffs: Vec<Bff> = bffs.collect::<Result<_, _>>()?;
            let head = ["BFF", "SERVES", "DIGEST", "RELEASE", "PREVIOUS", "SINCE"];
            let rows: Vec<Vec<String>> = bffs.iter().map(row).collect();
            out.print(&table(&head, &rows));
            for bff in &bffs {
                more(bff, &mut out);
            }
        }
        out.end()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn row(bff: &Bff) -> Vec<String> {
    let none = || "-".to_owned();
    // Of one that has a file by now, the journal may have what was live before.
    let live = bff.live.as_ref().filter(|_| bff.releases);
    let digest = bff.sha256.as_deref();
    // The release of the journal is not what runs.
    let is_other = bff.unrecorded.is_some() && digest != live.map(|it| &*it.digest);
    let release = match live {
        _ if !bff.releases => "file".to_owned(),
        _ if is_other => "unrecorded".to_owned(),
        Some(live) => live.release.to_string(),
        None => none(),
    };
    let previous = match is_other {
        true => bff.previous(),
        false => live.and_then(|it| it.previous.as_deref()),
    };
    let since = live.filter(|_| !is_other).map(|it| it.since.clone());
    let since = since.or(bff.published_at.clone());
    vec![
        bff.name.clone(),
        bff.serves.clone(),
        digest.map_or_else(none, |it| short(it).to_owned()),
        release,
        previous.map_or_else(none, |it| short(it).to_owned()),
        since.unwrap_or_else(none),
    ]
}

/// What does not fit into a row.
fn more(bff: &Bff, out: &mut Output) {
    let name = visible(&bff.name);
    if let Some(refused) = &bff.refused {
        let (at, reason) = (visible(&refused.at), visible(&refused.reason));
        out.line(format_args!("{name}: refused at {at}: {reason}"));
    }
    if let Some(why) = &bff.unrecorded {
        let why = visible(why);
        out.line(format_args!(
            "{name}: unrecorded: a restart of the host forgets what runs until it is recorded: {why}"
        ));
    }
    if let Some(why) = &bff.automation_off {
        let why = visible(why);
        out.line(format_args!(
            "{name}: canaries keep their first share until tailor hold {name} --off: {why}"
        ));
    }
    if let Some(canary) = &bff.canary {
        let (release, digest, percent) = (canary.release, short(&canary.digest), canary.percent);
        let count = |track: &str| {
            let counts = canary.evidence.as_ref()?.get(track)?;
            counts.get("requests")?.as_u64()
        };
        let requests = count("candidate").unwrap_or_default();
        let mut line = format!(
            "release {release} of {digest} gets {percent} % of the requests, {requests} in this step"
        );
        if let Some(held) = &canary.held {
            line = format!("{line}; its share is held: {held}");
        } else if let Some(waits) = &canary.waits_for {
            line = format!("{line}; it waits for {waits}");
        }
        out.line(format_args!("{name}: {}", visible(&line)));
    }
    if !bff.draining.is_empty() {
        let versions = bff.draining.join(", ");
        let versions = visible(&versions);
        out.line(format_args!("{name}: finishing requests: {versions}"));
    }
}
