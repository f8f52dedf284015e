//! A whole run.

use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::{Cell, Measured, Options, Session, cells, measure, measure_paced};
use crate::drive::Protocol;
use crate::machine::machine;
use crate::report::{table, write};
use crate::targets::Scenario;

/// Measures what the options ask for, prints each table when it is there, and writes the report if
/// asked to.
///
/// # Errors
///
/// When something does not build or start, and when one answer is not the expected one.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let session = Session::start(options)?;
    let cells = cells(options);
    let again = cells.iter().filter(|cell| is_paced(cell, options)).count();
    let each = options.time() + Duration::from_secs_f64(options.warm_up + 0.05);
    let all =
        session.measurements(&cells, options) + again * options.rounds() * session.systems.len();
    let all = each * u32::try_from(all)?;
    eprintln!(
        "{}\n{} kinds of load, {} systems, {} rounds: about {} s",
        machine(),
        cells.len() + again,
        session.systems.len(),
        options.rounds(),
        all.as_secs()
    );
    let started = Instant::now();
    let mut all: Vec<Measured> = Vec::new();
    for cell in cells {
        all.push(shown(measure(&session, cell, options)?));
    }
    let fit = all.iter().filter(|it| is_paced(&it.cell, options));
    let paced = fit.map(|it| Ok(shown(measure_paced(&session, it, options)?)));
    let paced: Vec<Measured> = paced.collect::<anyhow::Result<_>>()?;
    all.extend(paced);
    eprintln!("took {} s", started.elapsed().as_secs());
    if let Some(path) = &options.json {
        let rounds = all.iter().map(|it| (it.cell.to_string(), &it.systems));
        let rounds: Vec<_> = rounds.collect();
        std::fs::write(path, serde_json::to_vec_pretty(&rounds)?)
            .with_context(|| path.display().to_string())?;
    }
    if options.write {
        write(&all, &session.versions, &notes(options))?;
    }
    Ok(())
}

/// Whether a kind of load is measured a second time, in an open loop at 70 % of the maximum.
fn is_paced(cell: &Cell, options: &Options) -> bool {
    !options.quick
        && cell.rate.is_none()
        && matches!(cell.scenario, Scenario::Watch | Scenario::Dashboard)
        && cell.at_a_time == 32
        && cell.protocol == Protocol::Http1
        && cell.delay.is_zero()
}

fn shown(measured: Measured) -> Measured {
    println!("### {}\n\n{}", measured.cell, table(&measured));
    measured
}

fn notes(options: &Options) -> Vec<String> {
    vec![
        format!(
            "{} rounds of {:.1} s, systems in turn; {} thread(s) make the load",
            options.rounds(),
            options.time().as_secs_f64(),
            options.threads()
        ),
        format!(
            "tailor: the configuration of the demo, with room for 256 requests of a BFF at once; {}",
            options.log.said()
        ),
    ]
}
