use super::types::{fitting, split_listing, with_colons};
use super::*;
use std::collections::BTreeMap;
use std::fs;

#[test]
fn type_errors_are_told_with_file_and_line_as_editors_take_them() {
    assert_eq!(
        with_colons("src/main.ts(3,14): error TS2322: Type 'string' (no number): wrong."),
        "src/main.ts:3:14: error TS2322: Type 'string' (no number): wrong."
    );
    let detail = "  Property 'a' is missing (see above): really.";
    assert_eq!(with_colons(detail), detail);
}

#[test]
fn the_advice_to_add_the_types_of_browsers_or_node_is_not_passed_on() {
    let ours =
        "A component has the language and what the kit adds, and nothing of browsers or Node";
    for (name, advice) in [
        (
            "console",
            "Do you need to change your target library? Try changing the 'lib' compiler option to \
             include 'dom'.",
        ),
        (
            "Buffer",
            "Do you need to install type definitions for node? Try `npm i --save-dev @types/node` \
             and then add 'node' to the types field in your tsconfig.",
        ),
    ] {
        let error = format!("src/main.ts(1,2): error TS2584: Cannot find name '{name}'.");
        assert_eq!(
            fitting(&format!("{error} {advice}")),
            format!("{error} {ours}")
        );
        assert_eq!(fitting(&error), error);
    }
}

#[test]
fn the_files_that_tsc_read_are_told_from_its_messages() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("main.ts");
    fs::write(&file, "").unwrap();
    let stdout = format!(
        "src/main.ts(1,1): error TS1: bad\n{}\n/no/such/file\n",
        file.display()
    );
    let (files, messages) = split_listing(&stdout);
    assert_eq!(files, [file]);
    assert_eq!(messages, "src/main.ts:1:1: error TS1: bad\n/no/such/file");
}

fn package(folder: &Path) -> Package {
    Package {
        folder: folder.to_owned(),
        name: "partner".to_owned(),
        entry: "src/main.ts".into(),
        wit: None,
        dependencies: BTreeMap::new(),
        dev_dependencies: BTreeMap::new(),
        modules: crate::build::folder::Bounds {
            time: std::time::Duration::from_secs(60),
            memory: 2 << 30,
        },
    }
}

#[test]
fn the_contract_is_found_in_or_above_the_folder_or_where_it_was_named() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let folder = root.join("bffs/partner");
    fs::create_dir_all(&folder).unwrap();
    for wit in ["wit", "other"] {
        fs::create_dir_all(root.join(wit)).unwrap();
        fs::write(root.join(wit).join("tailor.wit"), "").unwrap();
    }
    let plain = package(&folder);
    let find = |package: &Package, options: &BuildOptions| find_wit(package, options).unwrap();
    assert_eq!(find(&plain, &BuildOptions::default()), root.join("wit"));
    let named = Package {
        wit: Some(folder.join("../../other")),
        ..plain
    };
    assert_eq!(find(&named, &BuildOptions::default()), root.join("other"));
    let options = BuildOptions {
        wit: Some(root.join("wit")),
        ..BuildOptions::default()
    };
    assert_eq!(find(&named, &options), root.join("wit"));

    // The one that the kit brings along is that of its types.
    let kit = folder.join("node_modules/@tailor/kit");
    fs::create_dir_all(kit.join("wit")).unwrap();
    for file in ["package.json", "wit/tailor.wit"] {
        fs::write(kit.join(file), "").unwrap();
    }
    let found = find(&package(&folder), &BuildOptions::default());
    assert_eq!(found, kit.join("wit"));
}

#[test]
fn a_missing_contract_is_told_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let error = find_wit(&package(folder.path()), &BuildOptions::default());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("no wit/tailor.wit"), "{error}");
    assert!(error.contains("\"tailor\": { \"wit\""), "{error}");
}

#[test]
fn what_is_written_while_a_build_runs_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["kit.mjs", "bff/src/main.ts"] {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }
    let package = package(&folder.path().join("bff"));
    let at = |name: &str, seconds: u64| {
        let file = fs::File::options()
            .write(true)
            .open(folder.path().join(name));
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        file.unwrap().set_modified(time).unwrap();
        time
    };
    let begun = at("kit.mjs", 100);
    at("bff/src/main.ts", 99);
    let is_changed = |read: &[PathBuf]| read::is_changed_since(&package, read, begun).unwrap();
    assert!(!is_changed(&["src/main.ts".into()]));
    assert!(is_changed(&["src/main.ts".into(), "../kit.mjs".into()]));
    at("bff/src/main.ts", 101);
    assert!(is_changed(&[]), "a source that was not there before");
}

#[test]
fn what_a_bundle_exports_is_found_where_the_bundler_lists_it() {
    let bundle =
        |end: &str| format!("var handler = {{}};\n\n// src/main.ts\nvar main = 1;\n{end}\n");
    let statement = |end: &str| handler::statement(&bundle(end), Path::new("src/main.ts"));
    let given = |end: &str| {
        let statement = statement(end).unwrap();
        let (_, given) = statement.rsplit_once("})(").unwrap();
        given.trim_end().to_owned()
    };
    let kit = "globalThis.tailorTurns);";
    let plain = "export {\n  handler\n};";
    assert_eq!(given(plain), format!("handler, undefined, {kit}"));
    let named = "export {\n  other,\n  main as handler\n};\nglobalThis.tailorLines = {};";
    assert_eq!(given(named), format!("main, undefined, {kit}"));
    let app = "export {\n  main_default as default\n};";
    assert_eq!(given(app), format!("undefined, main_default, {kit}"));
    let both = "export {\n  main_default as default,\n  handler\n};";
    assert_eq!(given(both), format!("handler, main_default, {kit}"));
    assert_eq!(statement("export {\n  handler as handle\n};"), None);
    assert_eq!(statement(""), None);
}

#[test]
fn what_is_said_of_a_handler_is_taken_out_of_what_the_componentizer_prints() {
    let printed = "Error: : Failed to evaluate: Error: src/main.ts: it exports a `handler` that is a \
                   function\n    at <anonymous> (/bff.js:6:27)";
    assert_eq!(
        handler::refusal(printed).unwrap(),
        "its entry src/main.ts exports a `handler` that is a function; it has to be an object with \
         a function `handle`, `export const handler = bff([ ... ])`, or one with a function \
         `fetch`, `export default { fetch }`"
    );
    assert_eq!(handler::refusal("Error: src/main.ts is wrong"), None);
}
