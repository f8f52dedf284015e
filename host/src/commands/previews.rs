//! `tailor previews`: the versions of a BFF that are shown, and are not live.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::order::{OrderError, told};
use super::outcome;
use super::output::Output;
use super::remote::{Access, Preview, Release, bff_name, short, table};

/// Time for one answer of the host.
const TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Args)]
pub struct Previews {
    /// The BFF
    #[arg(value_name = "BFF", value_parser = bff_name)]
    bff: String,
    /// End the preview of this name
    #[arg(long, value_name = "NAME")]
    end: Option<String>,
    /// Print a JSON document a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

impl Previews {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let is_json = self.json;
        told(self.show().await, is_json)
    }

    async fn show(self) -> anyhow::Result<ExitCode> {
        let remote = self.access.open().await?;
        let path = format!("/v1/bffs/{}/previews", self.bff);
        let mut out = Output::default();
        if let Some(name) = &self.end {
            let path = format!("{path}/{}", percent_encode(name));
            let ended = remote.delete::<Release>(&path, TIMEOUT).await;
            let ended = ended.map_err(OrderError::from)?;
            match self.json {
                true => out.line(outcome::line(&json!(ended))),
                false => {
                    let (bff, digest) = (&self.bff, short(&ended.digest));
                    out.line(format_args!("{bff}: the preview of {digest} has ended"));
                }
            }
            out.end()?;
            return Ok(ExitCode::SUCCESS);
        }
        let found = remote.get::<super::remote::Previews>(&path, TIMEOUT).await;
        let found = found.map_err(OrderError::from)?;
        let previews = &found.previews;
        if self.json {
            for preview in previews {
                out.line(outcome::line(&json!(preview)));
            }
        } else {
            match previews.is_empty() {
                true => out.line(format_args!("{} has no previews", self.bff)),
                false => {
                    let head = ["NAME", "DIGEST", "RELEASE", "UNTIL", "ADDRESS"];
                    let rows: Vec<Vec<String>> = previews.iter().map(row).collect();
                    out.print(&table(&head, &rows));
                }
            }
            if !found.served {
                out.line("the host shows no previews: it has no [releases.preview]");
            }
        }
        out.end()?;
        Ok(ExitCode::SUCCESS)
    }
}

fn row(preview: &Preview) -> Vec<String> {
    vec![
        preview.name.clone(),
        short(&preview.digest).to_owned(),
        preview.release.to_string(),
        preview.until.clone(),
        preview.url.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}

/// A name as a segment of a path: no name that a preview can have needs it.
fn percent_encode(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}
