//! The default data directory: not beside the components, where those who deliver them may rename
//! and remove files.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Context, Part};
use crate::config::field::Field;
use crate::config::problem::Location;
use crate::digest::hex;

/// Digits of the digest in the name of a host's own folder.
const DIGITS: usize = 8;

/// The folder in force. Reports one that neither the file nor the environment says.
pub(super) fn check(written: &Field<String>, cx: &mut Context<'_>) -> PathBuf {
    if let Some(at) = written.written() {
        return cx.resolve(&at.value);
    }
    let default = default_for(cx.path, |name| std::env::var_os(name));
    if matches!(cx.part, Part::Bffs | Part::Grants) {
        return default.unwrap_or_default();
    }
    default.unwrap_or_else(|| {
        let place = Location {
            key: "engine.data-dir".to_owned(),
            line: 1,
            column: 1,
        };
        let what = "missing, and there is no $HOME to have a default in";
        cx.report_at(
            &place,
            what,
            "write data-dir in [engine]: a folder for the host's own files",
        );
        PathBuf::new()
    })
}

/// The folder for the host of a configuration file: that which systemd gives its unit
/// (`StateDirectory=`), else one of its own below the folder for the state of programs (XDG Base
/// Directory Specification 0.8). Empty and relative values do not count, as the specification has
/// it.
pub(in crate::config) fn default_for(
    file: &Path,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    // A unit may have several, with colons between them.
    let given = variable("STATE_DIRECTORY").and_then(|all| std::env::split_paths(&all).next());
    if let Some(given) = given.and_then(absolute) {
        return Some(given);
    }
    let state = variable("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.and_then(absolute).or_else(|| {
        let home = variable("HOME").map(PathBuf::from).and_then(absolute)?;
        Some(home.join(".local/state"))
    })?;
    Some(state.join("tailor").join(own_name(file)))
}

/// The name of the folder of a host, by its configuration file: two hosts share none.
fn own_name(file: &Path) -> String {
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let digest = hex(whole.as_os_str().as_encoded_bytes());
    format!("{stem}-{}", &digest[..DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default(variables: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let folder = default_for(Path::new("/srv/bffs/tailor.toml"), variable)?;
        Some(folder.display().to_string())
    }

    #[test]
    fn the_folder_is_that_of_the_unit_or_one_of_the_users() {
        let own = own_name(Path::new("/srv/bffs/tailor.toml"));
        assert!(own.starts_with("tailor-") && own.len() == "tailor-".len() + DIGITS);
        let home = ("HOME", "/home/op");
        let given = |folder: &str| Some(format!("{folder}/tailor/{own}"));
        assert_eq!(default(&[home]), given("/home/op/.local/state"));
        let state = ("XDG_STATE_HOME", "/var/state");
        assert_eq!(default(&[home, state]), given("/var/state"));
        let unit = ("STATE_DIRECTORY", "/var/lib/tailor:/var/lib/other");
        assert_eq!(
            default(&[home, state, unit]),
            Some("/var/lib/tailor".to_owned())
        );
        // What is empty or relative does not count.
        for value in ["", "state"] {
            let state = ("XDG_STATE_HOME", value);
            let unit = ("STATE_DIRECTORY", value);
            assert_eq!(
                default(&[home, state, unit]),
                given("/home/op/.local/state")
            );
        }
        assert_eq!(default(&[("HOME", "")]), None);
        assert_ne!(own_name(Path::new("/srv/other/tailor.toml")), own);
    }

    #[test]
    fn a_file_without_a_folder_in_an_environment_without_one_is_refused() {
        let folder = default_for(Path::new("tailor.toml"), |_| None);
        assert_eq!(folder, None);
    }
}
