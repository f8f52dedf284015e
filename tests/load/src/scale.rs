//! How cost and memory of the host grow: with idle connections, with calls of a request, with the
//! size of a body, with requests in flight and with BFFs.

mod host;
mod steps;

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use crate::report::heading;
use crate::run::root;
use crate::systems::{Mock, Programs, components};
use anyhow::Context as _;
use steps::Step;

/// What to measure.
#[derive(Args, Clone, Debug)]
pub struct ScaleOptions {
    /// The largest number of connections, calls, requests and BFFs
    #[arg(long, default_value_t = 10_000)]
    pub most: usize,
    /// The build of the host to measure, instead of the one of this source
    #[arg(long, value_name = "PATH")]
    pub tailor: Option<PathBuf>,
    /// Length of a measurement
    #[arg(long, default_value_t = 2.0)]
    pub seconds: f64,
    /// Write tests/load/SCALE.md
    #[arg(long)]
    pub write: bool,
}

/// Measures all of it, prints the table and writes it if the options say so.
///
/// # Errors
///
/// When something does not start, or answers wrong.
pub fn scale(options: &ScaleOptions) -> anyhow::Result<()> {
    more_files();
    let programs = Programs::build(root(), options.tailor.is_none())?;
    let tailor = match &options.tailor {
        Some(path) => path
            .canonicalize()
            .with_context(|| path.display().to_string())?,
        None => programs.tailor,
    };
    let component = components(root(), &tailor)?;
    let mock = Mock::start(&programs.mock)?;
    let hosts = host::Hosts {
        tailor,
        component,
        mock: &mock,
    };
    let upto = |sizes: &[usize]| -> Vec<usize> {
        let kept = sizes.iter().filter(|size| **size <= options.most);
        kept.copied().collect()
    };
    let steps = [
        Step::Connections(upto(&[0, 100, 1_000, 10_000])),
        Step::Calls(upto(&[0, 1, 2, 5, 10, 20, 50])),
        Step::Body(vec![100, 1_000, 10_000, 100_000, 1_000_000]),
        Step::InFlight(upto(&[0, 64, 256])),
        Step::Bffs(upto(&[1, 10, 100, 1_000])),
    ];
    let title = "How the host grows";
    let notes = [
        "One request at a time of each of 32 connections, HTTP/1.1, closed loop, except for requests in flight; \
         access log on, written to /dev/null"
            .to_owned(),
    ];
    let mut text = heading(title, &[], &notes);
    for step in steps {
        let section = step.measure(&hosts, options.seconds)?;
        println!("{section}");
        let _ = write!(text, "\n{section}");
    }
    if options.write {
        let path = root().join("tests/load/SCALE.md");
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

/// Ten thousand connections need as many files, here and in the host, which inherits the limit.
fn more_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // If it is not allowed, opening the connections says so.
    let _ = setrlimit(Resource::Nofile, raised);
}
