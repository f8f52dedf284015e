//! What fixtures cost the last time, kept beside the compiled code of `tailor call` and `tailor test`.

use std::path::Path;

use tailor::build::BuildOptions;
use tailor::suite::LastRuns;

/// What the fixtures of a component cost the last time; says why that is not known.
pub fn last_runs(component: &Path) -> LastRuns {
    let cache = BuildOptions::from_env().cache_dir;
    let (last, known) = LastRuns::open(cache.as_deref(), component);
    if let Err(error) = known {
        eprintln!("what the last run cost is not known: {error}");
    }
    last
}

/// Keeps what fixtures cost for the next time; says when that fails.
pub fn save(last: &mut LastRuns) {
    if let Err(error) = last.save() {
        eprintln!("what this run cost is not kept: {error}");
    }
}
