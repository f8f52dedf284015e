//! The report in the repository.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::{Plot, table};
use crate::drive::Protocol;
use crate::machine::{machine, said};
use crate::run::{Measured, Round, root};

/// The head of a report: the machine, the day, the command, the versions.
pub fn heading(title: &str, versions: &[String], notes: &[String]) -> String {
    let day = said("date", &["-u", "+%Y-%m-%d"], root()).unwrap_or_default();
    let commit = said("git", &["describe", "--always", "--dirty"], root()).unwrap_or_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut text = format!(
        "# {title}\n\nMade by `cargo load {}` on {day}, at {commit}; [README.md](README.md) says how it measures and how to read this.\n\n- Machine: {}\n",
        arguments.join(" ").trim(),
        machine()
    );
    for version in versions {
        // Writing to a String does not fail.
        let _ = writeln!(text, "- {version}");
    }
    for note in notes {
        let _ = writeln!(text, "- {note}");
    }
    text
}

/// Writes the report and its plots into `tests/load`.
///
/// # Errors
///
/// When a file cannot be written.
pub fn write(all: &[Measured], versions: &[String], notes: &[String]) -> anyhow::Result<()> {
    let folder = root().join("tests/load");
    let mut text = heading("Load test", versions, notes);
    text.push_str("\n![requests a second](requests.svg)\n\n![CPU time a request](cpu.svg)\n");
    for measured in all {
        let _ = write!(text, "\n## {}\n\n{}", measured.cell, table(measured));
    }
    save(&folder.join("REPORT.md"), &text)?;
    let requests = plot(all, "Requests a second", "more is better", |round| {
        round.rate
    });
    save(&folder.join("requests.svg"), &requests.svg())?;
    let cpu = plot(
        all,
        "CPU time of the host for a request",
        "us, less is better",
        |round| round.cpu_us,
    );
    save(&folder.join("cpu.svg"), &cpu.svg())
}

/// Writes a file of the report.
fn save(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| path.display().to_string())?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

/// The closed loops at 32 requests at a time, which every run has.
fn plot(all: &[Measured], title: &str, unit: &str, figure: fn(&Round) -> f64) -> Plot {
    let mut series: Vec<String> = Vec::new();
    for system in all.iter().flat_map(|measured| &measured.systems) {
        if !series.contains(&system.label) {
            series.push(system.label.clone());
        }
    }
    let shown = all.iter().filter(|it| {
        it.cell.rate.is_none()
            && it.cell.delay.is_zero()
            && it.cell.protocol == Protocol::Http1
            && it.cell.at_a_time == 32
    });
    let groups = shown.map(|measured| {
        let value = |label: &String| {
            let found = measured.systems.iter().find(|it| it.label == *label);
            Some(found?.median(figure))
        };
        let name = measured.cell.scenario.to_string();
        (name, series.iter().map(value).collect())
    });
    Plot {
        title: format!("{title}, 32 connections of HTTP/1.1"),
        unit: unit.to_owned(),
        groups: groups.collect(),
        series: series.clone(),
    }
}
