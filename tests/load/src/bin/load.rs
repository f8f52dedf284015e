//! `cargo load`: measures the host under load, interleaved with what it is compared with.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Parser;
use tailor_load::machine::machine;
use tailor_load::report::table;
use tailor_load::run::{Measured, Options, Session, cells, measure, paced};

/// Measures the host under load, interleaved with what it is compared with.
#[derive(Parser)]
struct Command {
    #[command(flatten)]
    options: Options,
}

fn main() -> anyhow::Result<()> {
    let options = Command::parse().options;
    let session = Session::start(&options)?;
    let cells = cells(&options);
    let each = options.time() + Duration::from_secs_f64(options.warm_up + 0.05);
    let systems = u32::try_from(session.systems.len())?;
    let rounds = u32::try_from(options.rounds())?;
    // Those that are measured a second time, at 70 % of the load.
    let again = if paces(&options) { 2 } else { 0 };
    let all = each * systems * rounds * (u32::try_from(cells.len())? + again);
    eprintln!(
        "{}\n{} kinds of load, {systems} systems, {rounds} rounds: about {} s",
        machine(),
        cells.len(),
        all.as_secs()
    );
    let started = Instant::now();
    let mut all: Vec<Measured> = Vec::new();
    for cell in cells {
        let measured = measure(&session, cell, &options)?;
        show(&measured);
        all.push(measured);
    }
    if paces(&options) {
        let usual: Vec<_> = all
            .iter()
            .filter(|it| {
                let cell = it.cell;
                let name = cell.scenario.name();
                (name == "watch" || name == "dashboard")
                    && cell.at_a_time == 32
                    && cell.protocol == tailor_load::drive::Protocol::Http1
                    && cell.delay.is_zero()
            })
            .map(paced)
            .collect();
        for cell in usual {
            let measured = measure(&session, cell, &options)?;
            show(&measured);
            all.push(measured);
        }
    }
    eprintln!("took {} s", started.elapsed().as_secs());
    if let Some(path) = &options.json {
        let rounds: Vec<_> = all
            .iter()
            .map(|it| (it.cell.to_string(), &it.systems))
            .collect();
        std::fs::write(path, serde_json::to_vec_pretty(&rounds)?)
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Whether the latency at 70 % of the load is measured as well.
fn paces(options: &Options) -> bool {
    !options.quick && options.rate.is_none()
}

fn show(measured: &Measured) {
    println!("### {}\n\n{}", measured.cell, table(measured));
}
