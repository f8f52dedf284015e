//! What a module of Rust asks for that nobody gives it: functions of a browser, which crates such
//! as `chrono` and `getrandom` take for the only place that this target runs in, and functions of
//! C.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use wasmparser::{Parser, Payload};

use super::super::command::run;
use super::super::target::{TARGET, clean};
use super::CARGO_MISSING;

/// Modules of the glue code between Rust and JavaScript begin so.
const BROWSER: &str = "__wbindgen";
/// The crate that asks for them.
const BINDGEN: &str = "wasm-bindgen";
/// Lines of a tree of dependencies in a message.
const MAX_LINES: usize = 24;

/// What crates are told to leave the browser out, each by a word of its entry in the tree.
const WAYS_OUT: [(&str, &str); 4] = [
    (
        "chrono v",
        "chrono: default-features = false, with the features that you need but `clock` and \
         `wasmbind`; the time is utc_now() of tailor-kit's feature `chrono`",
    ),
    (
        "getrandom v",
        "getrandom: leave out its features `js` and `wasm_js`, and turn on tailor-kit's feature \
         `getrandom`",
    ),
    (
        "uuid v",
        "uuid: leave out its feature `js`, turn on `rng-getrandom`, and tailor-kit's feature \
         `getrandom`",
    ),
    (
        "web-time v",
        "web-time: has the clock of browsers only; use tailor_kit::elapsed()",
    ),
];

/// Names that the module imports from elsewhere than the contract, by the module that they are
/// wanted from. Bytes that are no module have none: who makes a component of them says so.
fn foreign(module: &[u8]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for payload in Parser::new(0).parse_all(module) {
        let Ok(Payload::ImportSection(section)) = payload else {
            continue;
        };
        for import in section.into_imports().flatten() {
            // Interfaces of components have a colon in their names: `tailor:bff/runtime@0.1.1`.
            if !import.module.contains(':') && !import.module.starts_with("[export]") {
                let names = found.entry(import.module.to_owned()).or_default();
                names.push(import.name.to_owned());
            }
        }
    }
    found
}

/// Why no component can be made of this module, if it asks for what nobody gives it. `package` is
/// the id of the BFF's package in the workspace of `folder`.
pub(super) fn reason(module: &[u8], folder: &Path, package: &str) -> Option<String> {
    let foreign = foreign(module);
    let (from, names) = foreign
        .iter()
        .find(|(from, _)| from.starts_with(BROWSER))
        .or_else(|| foreign.iter().next())?;
    let first = names.first().map_or("", String::as_str);
    let asked = format!(
        "its code asks for {} function{} of the module `{from}`, such as `{first}`",
        names.len(),
        if names.len() == 1 { "" } else { "s" }
    );
    if first.contains("getrandom") {
        return Some(format!("{asked}; turn on tailor-kit's feature `getrandom`"));
    }
    if !from.starts_with(BROWSER) {
        return Some(format!(
            "{asked}, which nobody gives it: a crate of C, or one with a feature for another \
             system, is among its dependencies (cargo tree --target {TARGET})"
        ));
    }
    let tree = tree(folder, package);
    let ways: Vec<&str> = WAYS_OUT
        .iter()
        .filter(|(word, _)| tree.contains(word))
        .map(|(_, way)| *way)
        .collect();
    let ways = match ways.is_empty() {
        true => "turn off the feature that wants it".to_owned(),
        false => ways.join("\n"),
    };
    Some(format!(
        "{asked}, which only a browser has. These crates bring it in (cargo tree -i {BINDGEN} \
         --target {TARGET}):\n{tree}\n{ways}"
    ))
}

/// Who depends on the glue code, as cargo shows it; empty where it does not.
fn tree(folder: &Path, package: &str) -> String {
    let mut command = Command::new("cargo");
    clean(&mut command).current_dir(folder).args([
        "tree",
        "--invert",
        BINDGEN,
        "--target",
        TARGET,
        "--edges",
        "normal",
        "--color=never",
        "--package",
        package,
    ]);
    let Ok(finished) = run(&mut command, CARGO_MISSING) else {
        return String::new();
    };
    let lines: Vec<&str> = finished.stdout.lines().collect();
    let mut shown = lines[..lines.len().min(MAX_LINES)].join("\n");
    if lines.len() > MAX_LINES {
        shown += &format!("\n... {} lines more", lines.len() - MAX_LINES);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{EntityType, ImportSection, Module, TypeSection};

    fn module(imports: &[(&str, &str)]) -> Vec<u8> {
        let (mut types, mut section) = (TypeSection::new(), ImportSection::new());
        types.ty().function([], []);
        for (from, name) in imports {
            section.import(from, name, EntityType::Function(0));
        }
        let mut module = Module::new();
        module.section(&types).section(&section);
        module.finish()
    }

    #[test]
    fn imports_of_the_contract_are_nothing_to_tell() {
        let module = module(&[
            ("tailor:bff/runtime@0.1.1", "now-ms"),
            ("[export]tailor:bff/x", "y"),
        ]);
        assert_eq!(reason(&module, Path::new("."), "x"), None);
        assert_eq!(reason(b"no module", Path::new("."), "x"), None);
    }

    #[test]
    fn functions_of_c_are_named() {
        let module = module(&[("env", "deflate")]);
        let text = reason(&module, Path::new("."), "x").unwrap();
        assert!(
            text.starts_with("its code asks for 1 function of the module `env`, such as `deflate`"),
            "{text}"
        );
    }
}
