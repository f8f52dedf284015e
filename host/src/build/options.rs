//! The options of a caller. The only part of this module that reads the environment.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use super::target::FLAGS;

/// Choices for a build. The default suits tests: plain text, and a private standard library in
/// `<bffs>/target`.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// Where [`super::build`] puts the component. Default: `<bffs>/target/components/<name>.wasm`.
    pub output: Option<PathBuf>,
    /// Folder for what is built once for the whole machine (a standard library of 80 MB). Default:
    /// below `target`, so once for each clone.
    pub cache_dir: Option<PathBuf>,
    /// The folder of the contract for languages that need it at build time. Default: the key
    /// `tailor.wit` of package.json, else the nearest folder `wit` in or above the BFF.
    pub wit: Option<PathBuf>,
    /// cargo's own folder, whose name components do not tell. Default: it is told.
    pub cargo_home: Option<PathBuf>,
    /// Variables of the environment with flags that are not for components: a build of Rust says
    /// so.
    pub ignored: Vec<&'static str>,
    /// Colours in what compilers print.
    pub color: bool,
}

impl BuildOptions {
    /// The choices for a command: the cache is `$TAILOR_CACHE`, else `$XDG_CACHE_HOME/tailor`, else
    /// `~/.cache/tailor`; colours when standard error is a terminal and `$NO_COLOR` is not set.
    #[must_use]
    pub fn from_env() -> Self {
        let variable = |name: &str| std::env::var_os(name);
        Self {
            cache_dir: cache_dir(variable),
            cargo_home: cargo_home(variable),
            ignored: FLAGS
                .into_iter()
                .filter(|name| variable(name).is_some_and(|value| !value.is_empty()))
                .collect(),
            color: std::io::stderr().is_terminal() && variable("NO_COLOR").is_none(),
            ..Self::default()
        }
    }
}

fn cargo_home(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let home = || Some(PathBuf::from(variable("HOME")?).join(".cargo"));
    let named = variable("CARGO_HOME").map(PathBuf::from);
    named.or_else(home).filter(|path| path.is_absolute())
}

fn cache_dir(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    // The specification of XDG says that relative paths and empty values count as not set.
    let folder = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    folder("TAILOR_CACHE")
        .or_else(|| folder("XDG_CACHE_HOME").map(|path| path.join("tailor")))
        .or_else(|| folder("HOME").map(|path| path.join(".cache/tailor")))
}

#[cfg(test)]
mod tests {
    use super::cache_dir;
    use std::path::Path;

    fn with(set: &[(&str, &str)]) -> Option<std::path::PathBuf> {
        cache_dir(|name| {
            let value = set.iter().find(|(key, _)| *key == name)?.1;
            Some(value.into())
        })
    }

    #[test]
    fn the_cache_is_where_the_user_said_else_where_caches_are() {
        let home = ("HOME", "/home/ada");
        let xdg = ("XDG_CACHE_HOME", "/var/ada");
        let ours = ("TAILOR_CACHE", "/fast/tailor");
        assert_eq!(
            with(&[home, xdg, ours]).as_deref(),
            Some(Path::new("/fast/tailor"))
        );
        assert_eq!(
            with(&[home, xdg]).as_deref(),
            Some(Path::new("/var/ada/tailor"))
        );
        assert_eq!(
            with(&[home]).as_deref(),
            Some(Path::new("/home/ada/.cache/tailor"))
        );
        assert_eq!(with(&[]), None);
    }

    #[test]
    fn a_relative_or_empty_variable_counts_as_not_set() {
        let set = [
            ("TAILOR_CACHE", ""),
            ("XDG_CACHE_HOME", "cache"),
            ("HOME", "/home/ada"),
        ];
        assert_eq!(
            with(&set).as_deref(),
            Some(Path::new("/home/ada/.cache/tailor"))
        );
    }
}
