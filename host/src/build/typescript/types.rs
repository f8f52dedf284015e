//! The type check, and which files it read.

use std::path::{Path, PathBuf};

use super::super::npm::{Modules, compile};
use super::super::project::Package;
use super::super::{BuildError, BuildOptions, Report};

/// Runs tsc, and gives the files that it read. A BFF in JavaScript has no tsconfig.json, and
/// nothing is checked.
pub(super) fn check(
    package: &Package,
    modules: &Modules,
    options: &BuildOptions,
    say: Report<'_>,
) -> Result<Vec<PathBuf>, BuildError> {
    if !package.folder.join("tsconfig.json").is_file() {
        return Ok(Vec::new());
    }
    let mut tsc = modules.tool("tsc", "typescript")?;
    tsc.args(["--noEmit", "--listFiles", "--pretty"]);
    tsc.arg(if options.color { "true" } else { "false" });
    let finished = compile(&mut tsc)?;
    let (files, messages) = split_listing(&finished.stdout);
    if finished.ok {
        return Ok(files);
    }
    let printed = [messages.trim(), finished.stderr.trim()];
    for text in printed.into_iter().filter(|text| !text.is_empty()) {
        say(text);
    }
    Err(BuildError::Compile(vec![package.name.clone()]))
}

/// tsc prints the files it read, one line each, among its messages.
pub(super) fn split_listing(stdout: &str) -> (Vec<PathBuf>, String) {
    let is_file = |line: &str| {
        let path = Path::new(line);
        path.is_absolute() && path.is_file()
    };
    let (files, messages): (Vec<&str>, Vec<&str>) = stdout.lines().partition(|line| is_file(line));
    let messages: Vec<String> = messages
        .into_iter()
        .map(|line| with_colons(&fitting(line)))
        .collect();
    (
        files.into_iter().map(PathBuf::from).collect(),
        messages.join("\n"),
    )
}

/// A message with advice that fits the engine. That of tsc for a name it does not know is to add the
/// types of browsers or of Node: the build would pass then, and the component would lack them.
pub(super) fn fitting(line: &str) -> String {
    let advice = line.split_once(" Do you need to ");
    match advice.filter(|(before, _)| before.contains("Cannot find name '")) {
        Some((before, _)) => format!(
            "{before} A component has the language and what the kit adds, and nothing of browsers or \
             Node"
        ),
        None => line.to_owned(),
    }
}

/// `src/main.ts(3,14): error ...` as `src/main.ts:3:14: error ...`, which editors and terminals can
/// open.
pub(super) fn with_colons(line: &str) -> String {
    let place = || {
        let (before, message) = line.split_once("): ")?;
        let (file, position) = before.rsplit_once('(')?;
        let (row, column) = position.split_once(',')?;
        let number = |text: &str| text.parse::<u32>().is_ok();
        (number(row) && number(column)).then(|| format!("{file}:{row}:{column}: {message}"))
    };
    place().unwrap_or_else(|| line.to_owned())
}
