//! The flags of rustc for components.
//!
//! cargo takes them from one source only: `target.<triple>.rustflags` of its configuration, which
//! is where ours go, hides `build.rustflags`. So what is written there is passed on from here.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::super::target::TARGET;

/// What BFFs with the kit `tailor-kit` are compiled with, each flag with the word by which it is
/// known: 48 KiB of stack instead of 1 MiB, 64 KiB of memory for what a request allocates, and the
/// kit as the source of `getrandom`'s numbers. A configuration of cargo that has the word decides
/// instead.
pub(super) const KIT: [(&str, &str); 3] = [
    ("stack-size", "-Clink-arg=-zstack-size=49152"),
    ("initial-heap", "-Clink-arg=--initial-heap=65536"),
    ("getrandom_backend", "--cfg=getrandom_backend=\"custom\""),
];

/// The flags for a build that cargo runs in `folder`. `home` is cargo's own folder, whose name is
/// left out of components: it is in the places that panics tell.
pub(super) fn flags(folder: &Path, home: Option<&Path>, with_kit: bool) -> Vec<String> {
    let configurations = configurations(folder, home);
    let of = |table: &str, key: Option<&str>| -> Vec<String> {
        let found = configurations.iter().filter_map(|configuration| {
            let section = configuration.get(table)?;
            let section = key.map_or(Some(section), |key| section.get(key))?;
            Some(listed(section.get("rustflags")?))
        });
        found.flatten().collect()
    };
    let target = of("target", Some(TARGET));
    let mut flags = Vec::new();
    if target.is_empty() {
        flags.extend(of("build", None));
    }
    let known: Vec<String> = target.iter().chain(&flags).cloned().collect();
    if with_kit {
        let open = |word: &str| !known.iter().any(|flag| flag.contains(word));
        let kit = KIT.into_iter().filter(|(word, _)| open(word));
        flags.extend(kit.map(|(_, flag)| flag.to_owned()));
    }
    flags.extend(home.map(|home| format!("--remap-path-prefix={}=/cargo", home.display())));
    flags
}

/// What cargo reads in a folder, the outermost first.
fn configurations(folder: &Path, home: Option<&Path>) -> Vec<Table> {
    let mut folders: Vec<PathBuf> = folder.ancestors().map(|up| up.join(".cargo")).collect();
    folders.reverse();
    if let Some(home) = home
        && !folders.iter().any(|folder| folder == home)
    {
        folders.insert(0, home.to_owned());
    }
    let read = |folder: &PathBuf| {
        // The name without an end is the older one, and wins.
        let files = ["config", "config.toml"].map(|name| folder.join(name));
        let text = files
            .iter()
            .find_map(|file| std::fs::read_to_string(file).ok())?;
        // cargo says what is wrong with it.
        text.parse().ok()
    };
    folders.iter().filter_map(read).collect()
}

/// The flags of a list, or of a text with spaces between them.
fn listed(value: &Value) -> Vec<String> {
    match value {
        Value::Array(flags) => flags
            .iter()
            .filter_map(|flag| flag.as_str().map(str::to_owned))
            .collect(),
        Value::String(flags) => flags.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".cargo")).unwrap();
        std::fs::write(folder.path().join(".cargo/config.toml"), text).unwrap();
        folder
    }

    #[test]
    fn the_settings_are_those_of_the_kit_unless_the_author_has_others() {
        let ours = KIT.map(|(_, flag)| flag);
        let plain = configured("");
        assert_eq!(flags(plain.path(), None, true), ours);
        assert!(flags(plain.path(), None, false).is_empty());
        let home = Some(Path::new("/home/ada/.cargo"));
        assert_eq!(
            flags(plain.path(), home, false),
            ["--remap-path-prefix=/home/ada/.cargo=/cargo"]
        );

        let own = "[target.wasm32-unknown-unknown]\nrustflags = [\"-Clink-arg=-zstack-size=1\"]";
        let own = configured(own);
        assert_eq!(flags(own.path(), None, true), ours[1..]);
        let below = own.path().join("watch");
        assert_eq!(flags(&below, None, true), ours[1..]);
    }

    #[test]
    fn flags_for_all_targets_are_passed_on_where_cargo_would_use_them() {
        let all = configured("build.rustflags = \"-Ca=1 -Cb=2\"");
        assert_eq!(flags(all.path(), None, false), ["-Ca=1", "-Cb=2"]);
        let both = "build.rustflags = [\"-Ca=1\"]\n\
                    target.wasm32-unknown-unknown.rustflags = [\"-Cc=3\"]";
        let both = configured(both);
        assert!(flags(both.path(), None, false).is_empty());
    }

    #[test]
    fn the_examples_have_the_same_settings() {
        let bffs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bffs");
        let own = configurations(&bffs, None);
        let own = listed(&own.last().unwrap()["target"][TARGET]["rustflags"]);
        assert_eq!(own, KIT.map(|(_, flag)| flag));
    }
}
