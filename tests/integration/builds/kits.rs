//! The kits that the program writes, as a package manager takes them.

use std::fs;
use std::path::Path;
use std::process::Command;

use tailor_harness::components::root;

use super::repository::{install, tailor, write};

/// Runs a program without a network.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    let output = command.env("npm_config_offline", "true").output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}\n{printed}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    printed
}

#[test]
fn the_packed_kit_is_all_that_a_bff_in_typescript_needs_of_this_repository() {
    let at = tempfile::tempdir().unwrap();
    let folder = at.path().canonicalize().unwrap();
    let said = tailor(&folder, &["kit", "--npm", "vendor/tailor-kit"], &[]);
    assert_eq!(
        (said.good, said.printed.as_str()),
        (true, "vendor/tailor-kit\n")
    );
    let packed = run(
        &folder.join("vendor/tailor-kit"),
        "npm",
        &["pack", "--silent"],
    );
    let packed = packed.trim();
    assert_eq!(
        packed,
        format!("tailor-kit-{}.tgz", env!("CARGO_PKG_VERSION"))
    );
    let manifest = format!(
        r#"{{"name": "scales", "type": "module", "tailor": {{"entry": "src/main.ts"}},
            "dependencies": {{"@tailor/kit": "file:vendor/tailor-kit/{packed}"}}}}"#
    );
    let example = root().join("host/templates/ts");
    for file in [
        "src/main.ts",
        "test/main.test.ts",
        "fixtures/no-profile.json",
    ] {
        let text = fs::read_to_string(example.join(file)).unwrap();
        write(&folder, &[(file, &text)]);
    }
    let settings = r#"{"extends": "@tailor/kit/tsconfig.json", "include": ["src"]}"#;
    write(
        &folder,
        &[("package.json", &manifest), ("tsconfig.json", settings)],
    );
    run(&folder, "npm", &["install", "--silent"]);
    let kit = folder.join("node_modules/@tailor/kit");
    assert!(!kit.is_symlink() && kit.join("wit/tailor.wit").is_file());

    install(&folder, Path::new("../../nothing"));
    let said = tailor(&folder, &["build", "."], &[]);
    assert!(said.good, "{}", said.errors);
    let call = [
        "call",
        said.printed.trim(),
        "-f",
        "fixtures/no-profile.json",
    ];
    let called = tailor(&folder, &call, &[]);
    assert!(called.good, "{}{}", called.printed, called.errors);
    run(
        &folder,
        "node",
        &["node_modules/@tailor/kit/tools/test.mjs", "test"],
    );
}

#[test]
fn a_kit_is_asked_for_and_its_folder_is_free() {
    let at = tempfile::tempdir().unwrap();
    let none = tailor(at.path(), &["kit"], &[]);
    assert!(
        !none.good && none.errors.contains("--npm <DIR>|--crate <DIR>"),
        "{}",
        none.errors
    );
    write(at.path(), &[("src/main.rs", "")]);
    let other = tailor(at.path(), &["kit", "--crate", "."], &[]);
    assert!(
        !other.good && other.errors.contains("no kit"),
        "{}",
        other.errors
    );
}
