//! `tailor diff`: how far one component of a BFF reaches beyond another one.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use serde_json::Value;
use tailor::text::visible;

use super::order::{OrderError, told};
use super::outcome;
use super::output::Output;
use super::remote::{Access, Reference, bff_name, short};

/// Time for one answer of the host.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Args)]
pub struct Diff {
    /// The BFF
    #[arg(value_name = "BFF", value_parser = bff_name)]
    bff: String,
    /// The component to compare with: live, previous, latest, a digest or its first digits
    #[arg(long, value_name = "NAME", default_value = "live")]
    from: Reference,
    /// The component: the same names
    #[arg(long, value_name = "NAME", default_value = "latest")]
    to: Reference,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

/// A difference.
#[derive(Deserialize)]
struct Difference {
    from: String,
    to: String,
    imports: Changed,
    /// Absent where one of them made no smoke request.
    calls: Option<Changed>,
    /// The same.
    picks: Option<Changed>,
    contract: Changed,
    wasi: Changed,
    memory: [u64; 2],
    size: [u64; 2],
    grows: Vec<String>,
    consent: String,
}

#[derive(Deserialize)]
struct Changed {
    added: Vec<String>,
    removed: Vec<String>,
}

impl Diff {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let is_json = self.json;
        told(self.show().await, is_json)
    }

    async fn show(self) -> anyhow::Result<ExitCode> {
        let remote = self.access.open().await?;
        let (bff, from, to) = (&self.bff, &self.from, &self.to);
        let path = format!("/v1/bffs/{bff}/diff?from={from}&to={to}");
        let found: Value = remote.get(&path, TIMEOUT).await.map_err(OrderError::from)?;
        let mut out = Output::default();
        if self.json {
            out.line(outcome::line(&found));
        } else {
            tell(&serde_json::from_value(found)?, &mut out);
        }
        out.end()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn tell(difference: &Difference, out: &mut Output) {
    let (from, to) = (short(&difference.from), short(&difference.to));
    out.line(format_args!("{} against {}", visible(to), visible(from)));
    let lists = [
        ("imports", Some(&difference.imports)),
        ("calls", difference.calls.as_ref()),
        ("select", difference.picks.as_ref()),
        ("contract", Some(&difference.contract)),
        ("wasi", Some(&difference.wasi)),
    ];
    for (name, changed) in lists {
        let Some(changed) = changed else {
            out.line(format_args!("{name}: not known of both"));
            continue;
        };
        for (sign, names) in [("+", &changed.added), ("-", &changed.removed)] {
            for it in names {
                out.line(format_args!("{name}: {sign} {}", visible(it)));
            }
        }
    }
    for (name, [before, after]) in [("memory", difference.memory), ("size", difference.size)] {
        if before != after {
            out.line(format_args!("{name}: {before} -> {after} bytes"));
        }
    }
    if difference.grows.is_empty() {
        out.line(format_args!("it reaches no further"));
    } else {
        let grows = difference.grows.join(", ");
        out.line(format_args!("it reaches further: {}", visible(&grows)));
        let consent = visible(&difference.consent);
        out.line(format_args!("consent: {consent}"));
    }
}
