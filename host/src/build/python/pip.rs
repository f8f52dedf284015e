//! Python and pip as they are run here.

use std::process::Command;

use super::super::command::Finished;

/// What is said when Python is not there.
pub(super) const MISSING: &str = "Python BFFs need Python 3.10 or later with venv and pip (Debian: apt-get install python3-venv)";

/// The last error of pip: those before are of single attempts.
pub(super) fn pip_reason(finished: &Finished) -> String {
    let printed = finished.printed();
    let mut errors = printed
        .lines()
        .filter_map(|line| line.strip_prefix("ERROR: "));
    match errors.next_back() {
        Some(error) => error.trim().to_owned(),
        None => finished.reason(),
    }
}

/// Python and its programs take the place of their packages from the environment.
pub(super) fn clean(mut command: Command) -> Command {
    for variable in ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV"] {
        command.env_remove(variable);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_pip_prints_the_last_error_is_told() {
        let finished = |stderr: &str| Finished {
            ok: false,
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        let printed = "ERROR: Could not find a version that satisfies the requirement x==1\n\
                       ERROR: No matching distribution found for x==1\n";
        assert_eq!(
            pip_reason(&finished(printed)),
            "No matching distribution found for x==1"
        );
        assert_eq!(pip_reason(&finished("boom\n")), "boom");
    }
}
