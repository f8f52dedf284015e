//! Tables in Markdown.

use std::fmt::Write as _;

use super::grouped;
use crate::run::{Measured, Rounds};
use crate::stats::Ratio;

/// The table of one cell, a line for each system.
pub fn table(measured: &Measured) -> String {
    let mut text = String::new();
    let Some(first) = measured.systems.first() else {
        return text;
    };
    let against = &first.label;
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "| system | requests/s | of {against} | CPU us/request | of {against} | p50 ms | p99 ms | p99.9 ms | peak MiB | services us | machine busy |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    );
    for system in &measured.systems {
        let _ = writeln!(text, "{}", line(system, first));
    }
    text
}

fn line(system: &Rounds, first: &Rounds) -> String {
    let is_first = system.label == first.label;
    let ratio = |ratio: Option<Ratio>| match ratio {
        Some(ratio) if !is_first => format!(
            "{:.2} ({:.2}–{:.2})",
            ratio.of_medians, ratio.least, ratio.most
        ),
        _ => String::new(),
    };
    #[expect(clippy::cast_precision_loss, reason = "bytes of memory")]
    let peak = system.median(|round| round.peak as f64) / f64::from(1 << 20);
    format!(
        "| {} | {} | {} | {:.1} | {} | {:.2} | {:.2} | {:.2} | {peak:.1} | {:.0} | {:.0} % |",
        system.label,
        grouped(system.median(|round| round.rate)),
        ratio(system.ratio(first, |round| round.rate)),
        system.median(|round| round.cpu_us),
        ratio(system.ratio(first, |round| round.cpu_us)),
        system.median(|round| round.p50_ms),
        system.median(|round| round.p99_ms),
        system.median(|round| round.p999_ms),
        system.median(|round| round.services_cpu_us),
        system.median(|round| round.machine_busy) * 100.0,
    )
}
