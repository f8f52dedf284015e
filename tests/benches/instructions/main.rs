//! How many instructions each case is, compared with the accepted counts in
//! `tests/benches/instructions.toml`.
//!
//! `cargo instructions` fails where a case has grown by more than 3 %;
//! `cargo instructions -- --accept` writes the counts of this run as the accepted ones. A name
//! counts the cases with this in their name. See `tests/benches/README.md`.

mod accepted;
mod callgrind;
#[path = "../cases.rs"]
mod cases;

use std::process::ExitCode;

use accepted::{Accepted, Verdict};
use anyhow::{Context as _, bail, ensure};
use cases::{CASES, Case};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The options of the command line.
#[derive(Default)]
struct Options {
    /// Write the counts as the accepted ones.
    accept: bool,
    /// Run one case, under valgrind.
    once: bool,
    /// The name of the case, or what the names of those to count contain.
    name: String,
}

fn main() -> anyhow::Result<ExitCode> {
    let mut options = Options::default();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--accept" => options.accept = true,
            callgrind::ONCE => options.once = true,
            // Cargo says so to every benchmark.
            "--bench" => {}
            flag if flag.starts_with('-') => {
                bail!("{flag}: there is no such flag, only --accept")
            }
            name => name.clone_into(&mut options.name),
        }
    }
    if options.once {
        callgrind::once(Case::prepare(&options.name)?.turn())?;
        return Ok(ExitCode::SUCCESS);
    }
    count(&options)
}

/// Counts, compares and reports, a line for each case.
fn count(options: &Options) -> anyhow::Result<ExitCode> {
    let names: Vec<&str> = CASES
        .into_iter()
        .filter(|name| name.contains(&options.name))
        .collect();
    ensure!(
        !names.is_empty(),
        "no case has {:?} in its name; there are {CASES:?}",
        options.name
    );
    // Built before anything is counted: a build under valgrind takes minutes.
    tailor_harness::components::bench()?;
    callgrind::hide_vdso()?;
    let mut accepted = Accepted::read()?;
    let mut worse = 0;
    println!(
        "{:14} {:>12} {:>12} {:>9}",
        "case", "accepted", "now", "change"
    );
    for name in names {
        let now = callgrind::count(name).with_context(|| format!("case {name:?}"))?;
        let verdict = accepted.judge(name, now);
        println!("{name:14} {verdict}");
        worse += usize::from(matches!(verdict, Verdict::New(_) | Verdict::Worse { .. }));
        accepted.take(name, now);
    }
    if options.accept {
        accepted.write(&CASES)?;
        println!("accepted: {}", accepted::shown_path());
        return Ok(ExitCode::SUCCESS);
    }
    if worse == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "{worse} of the cases cost more than before by over {} %, or have no accepted count.\n\
         If that is what it should cost now: cargo instructions -- --accept, and say why in the commit.",
        accepted::TOLERANCE
    );
    if let Some(difference) = accepted.other_tools()? {
        println!("{difference}");
    }
    Ok(ExitCode::FAILURE)
}
