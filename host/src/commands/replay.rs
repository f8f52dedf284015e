//! `tailor replay`: recorded requests run again, and are compared with what was recorded.

use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tailor::bff::runtime::Runtime;
use tailor::config::{Bff, Config};
use tailor::fixture::Fixture;
use tailor::recording::{Replayed, Verdict, replay};
use tailor::text::visible;

use super::kept_code::KeptCode;
use super::output::Output;

/// Differences of one file that are shown.
const MAX_SHOWN: usize = 20;

#[derive(Args)]
pub struct Replay {
    /// The component file
    component: PathBuf,
    /// Fixtures that `tailor record` wrote
    #[arg(value_name = "RECORDING", required = true)]
    recordings: Vec<PathBuf>,
    /// How often each is run
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    times: u32,
}

impl Replay {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let runtime = Arc::new(Runtime::new(1)?);
        let code = KeptCode::open(None::<&Config>);
        let (component, loading) = (self.component.clone(), runtime.clone());
        let load = move || code.load(&loading, &component);
        let loaded = tokio::task::spawn_blocking(load).await??;
        let name = self.component.file_stem().unwrap_or_default();
        let settings = Bff::with_defaults(&name.to_string_lossy(), &self.component, &[]);
        let (mut all_same, mut out) = (true, Output::default());
        for path in self.recordings {
            let shown = visible(&path.display().to_string()).into_owned();
            let read = tokio::task::spawn_blocking(move || Fixture::read(&path)).await?;
            let mut ran = 0;
            let verdict = loop {
                let replayed = match &read {
                    Ok(fixture) => replay(&runtime, &loaded, &settings, fixture).await,
                    Err(error) => Ok(Replayed::refused(error.to_string())),
                };
                let verdict = match replayed {
                    Ok(replayed) => replayed.verdict,
                    Err(error) => Verdict::Refused(error.to_string()),
                };
                ran += 1;
                if !matches!(verdict, Verdict::Same) || ran == self.times {
                    break verdict;
                }
            };
            all_same &= matches!(verdict, Verdict::Same);
            show(&shown, &verdict, ran, &mut out);
        }
        out.end()?;
        Ok(match all_same {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }
}

fn show(path: &str, verdict: &Verdict, ran: u32, out: &mut Output) {
    let times = match ran {
        1 => String::new(),
        ran => format!(", {ran} times"),
    };
    match verdict {
        Verdict::Same => out.line(format_args!("same     {path}{times}")),
        Verdict::Refused(why) => out.line(format_args!("refused  {path}: {}", visible(why))),
        Verdict::Departs(departure) => differs(path, ran, std::slice::from_ref(departure), out),
        Verdict::Differs(differences) => differs(path, ran, differences, out),
    }
}

fn differs(path: &str, ran: u32, places: &[impl Display], out: &mut Output) {
    let run = match ran {
        1 => String::new(),
        ran => format!(", at run {ran}"),
    };
    out.line(format_args!("differs  {path}{run}"));
    for place in places.iter().take(MAX_SHOWN) {
        out.line(format_args!("         {}", visible(&place.to_string())));
    }
    if places.len() > MAX_SHOWN {
        let more = places.len() - MAX_SHOWN;
        out.line(format_args!("         and at least {more} more"));
    }
}
