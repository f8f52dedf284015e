//! Folders that are made, and packages that are added to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::build::{NO_TESTS, component_of};

const ALL: [Template; 4] = [
    Template::Ts,
    Template::Hono,
    Template::Rust,
    Template::Python,
];

/// All files of a folder, by their paths in it.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// What a run added, with the files after it. All that was there before is there as it was, but for
/// the manifest; another run changes nothing.
fn initialized(
    folder: &Path,
    template: Option<Template>,
) -> (Vec<String>, BTreeMap<String, String>) {
    let before = files(folder);
    let steps = init(folder, template).unwrap();
    let after = files(folder);
    for (name, text) in &before {
        let is_manifest = ["package.json", "Cargo.toml"].contains(&name.as_str());
        assert!(is_manifest || after[name] == *text, "{name}");
    }
    let again = init(folder, template).unwrap();
    assert!(
        again.iter().all(|step| matches!(step, Step::Kept(_))),
        "{again:?}"
    );
    assert_eq!(files(folder), after);
    let added = steps.into_iter().filter_map(|step| match step {
        Step::Added(what) => Some(what),
        Step::Kept(_) => None,
    });
    (added.collect(), after)
}

#[test]
fn a_new_folder_is_a_bff_with_its_name_in_each_place() {
    let parent = tempfile::tempdir().unwrap();
    for template in ALL {
        let name = format!("my-{template:?}").to_lowercase();
        let made = create(parent.path(), &name, template).unwrap();
        assert_eq!(made.folder, parent.path().join(&name));
        let files = files(&made.folder);
        for (file, text) in &files {
            assert!(!text.contains(NAME) && !text.contains(COMPONENT), "{file}");
        }
        for file in &made.files {
            assert!(files.contains_key(&file.display().to_string()), "{file:?}");
        }
        assert!(files.contains_key("vendor/tailor-kit/wit/tailor.wit"));
        assert!(files[".github/workflows/ci.yml"].contains(&format!("components/{name}.wasm")));
        let fixtures: Vec<_> = files
            .keys()
            .filter(|it| it.starts_with("fixtures/"))
            .collect();
        assert_eq!(fixtures.len(), 2, "{fixtures:?}");
        // Where the configuration has the component, a build puts it.
        let config = made.folder.join("tailor.toml");
        let config = crate::config::load_but_components(&config).unwrap();
        let component = made.folder.join(component_of(&made.folder).unwrap());
        assert_eq!(config.bffs[name.as_str()].component, Some(component));
        assert!(config.admin.is_some() && !config.downstreams.is_empty());
        assert_eq!(config.routes.len(), 1);
    }
}

#[test]
fn a_new_folder_takes_the_place_of_nothing_but_an_empty_one() {
    let parent = tempfile::tempdir().unwrap();
    fs::create_dir(parent.path().join("empty")).unwrap();
    create(parent.path(), "empty", Template::Ts).unwrap();
    write(parent.path(), &[("full/notes", "mine"), ("file", "mine")]);
    for (name, what) in [
        ("empty", "not empty"),
        ("full", "not empty"),
        ("file", "no folder"),
    ] {
        let before = files(parent.path());
        let error = create(parent.path(), name, Template::Rust).unwrap_err();
        let place = parent.path().join(name);
        let words = format!(
            "{}: is there already, and is {what}; take another name, or move it away",
            place.display()
        );
        assert_eq!(error.to_string(), words);
        assert_eq!(files(parent.path()), before);
    }
    // A link is somebody's, whatever it leads to.
    std::os::unix::fs::symlink("nowhere", parent.path().join("link")).unwrap();
    create(parent.path(), "link", Template::Ts).unwrap_err();
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), &[("file", "")]);
    let parent = root.path().join("file");
    let error = create(&parent, "scales", Template::Ts)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!("{}: cannot read", parent.join("scales").display())
    );
    let error = create(&root.path().join("gone"), "scales", Template::Ts);
    let error = error.unwrap_err().to_string();
    assert!(error.ends_with("gone/scales: cannot write"), "{error}");
    assert_eq!(files(root.path()).len(), 1);
}

#[test]
fn templates_pin_the_tools_that_the_examples_are_built_with() {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let phone = read(include_str!("../../../bffs/phone/package.json"));
    for template in [Template::Ts, Template::Hono] {
        let own = read(template.text("package.json"));
        for key in ["devDependencies", "overrides", "scripts"] {
            assert_eq!(own[key], phone[key], "{template:?}: {key}");
        }
    }
    let hono = read(Template::Hono.text("package.json"));
    assert_eq!(hono["dependencies"]["hono"], phone["dependencies"]["hono"]);
}

#[test]
fn a_package_without_a_source_gets_that_of_the_template() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path();
    let placeholder = json!({"scripts": {"test": NO_TESTS}}).to_string();
    write(
        folder,
        &[("package.json", &placeholder), (".gitignore", "mine\n")],
    );
    let (added, files) = initialized(folder, None);
    assert!(added.contains(&"src/main.ts".to_owned()), "{added:?}");
    assert!(!added.contains(&".gitignore".to_owned()), "{added:?}");
    for file in [
        "src/main.ts",
        "test/main.test.ts",
        "fixtures/no-profile.json",
        "answers.json",
    ] {
        assert_eq!(files[file], Template::Ts.text(file));
    }
    let json: serde_json::Value = serde_json::from_str(&files["package.json"]).unwrap();
    let mut model: serde_json::Value =
        serde_json::from_str(Template::Ts.text("package.json")).unwrap();
    for other in ["name", "private", "type"] {
        model.as_object_mut().unwrap().remove(other);
    }
    assert_eq!(json, model);
}

#[test]
fn a_package_of_npm_keeps_its_source_its_scripts_and_its_versions() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path();
    let package = "{\r\n  \"name\": \"@team/Partner\",\r\n  \"type\": \"commonjs\",\r\n  \
                   \"scripts\": { \"check\": \"eslint .\" },\r\n  \
                   \"devDependencies\": { \"esbuild\": \"0.27.0\", \"hono\": \"4.0.0\" }\r\n}\r\n";
    write(
        folder,
        &[
            ("package.json", package),
            ("src/index.ts", "export default {};\n"),
        ],
    );
    let (added, files) = initialized(folder, None);
    let text = &files["package.json"];
    assert!(!text.replace("\r\n", "").contains('\n'), "{text}");
    assert!(
        text.starts_with(package.split("\"scripts\"").next().unwrap()),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(json["tailor"]["entry"], "src/index.ts");
    assert_eq!(json["scripts"]["check"], "eslint .");
    assert_eq!(json["devDependencies"]["esbuild"], "0.27.0");
    assert!(json["dependencies"].get("hono").is_none());
    assert!(
        added.contains(&"fixtures/first.json".to_owned()),
        "{added:?}"
    );
    assert!(!files.contains_key("src/main.ts") && !files.contains_key("test/main.test.ts"));
    let config = &files["tailor.toml"];
    assert!(config.contains("[bff.partner]\ncomponent = \"target/components/Partner.wasm\""));
}

#[test]
fn a_member_of_a_workspace_keeps_its_manifest_and_has_its_component_in_the_root() {
    let root = tempfile::tempdir().unwrap();
    let member = "[package] # ours\nname = \"watch\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    write(
        root.path(),
        &[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"bffs/watch\"]\nresolver = \"2\"\n",
            ),
            ("bffs/watch/Cargo.toml", member),
            ("bffs/watch/src/main.rs", "fn main() {}\n"),
        ],
    );
    let (added, files) = initialized(&root.path().join("bffs/watch"), None);
    assert!(added.contains(&"src/lib.rs".to_owned()), "{added:?}");
    let manifest = &files["Cargo.toml"];
    assert!(
        manifest.starts_with(member) && !manifest.contains("[profile"),
        "{manifest}"
    );
    assert!(files["tailor.toml"].contains("component = \"../../target/components/watch.wasm\""));
}

#[test]
fn a_run_that_was_broken_off_goes_on() {
    for (manifest, text, source) in [
        ("package.json", "{}", "src/main.ts"),
        (
            "Cargo.toml",
            "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n",
            "src/lib.rs",
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        // A file in place of a folder.
        write(root.path(), &[(manifest, text), ("fixtures", "mine")]);
        let error = init(root.path(), None).unwrap_err().to_string();
        assert!(
            error.contains("fixtures") && error.ends_with(": cannot write"),
            "{error}"
        );
        fs::remove_file(root.path().join("fixtures")).unwrap();
        let (_, files) = initialized(root.path(), None);
        assert!(files.contains_key(source));
        assert!(files.contains_key("fixtures/good-day.json"));
    }
}

#[test]
fn a_package_that_cannot_be_added_to_stays_as_it_is() {
    for (file, text, template, words) in [
        (
            "README.md",
            "",
            None,
            "no package: looked for package.json and Cargo.toml",
        ),
        (
            "package.json",
            "{ // ours\n}",
            None,
            "not JSON, which has no comments",
        ),
        ("package.json", "[]", None, "is no object"),
        (
            "package.json",
            "\u{feff}{}",
            None,
            "begins with a byte order mark",
        ),
        (
            "package.json",
            r#"{"scripts": []}"#,
            None,
            "scripts is no object",
        ),
        (
            "package.json",
            r#"{"tailor": {"entry": "a.ts"}}"#,
            None,
            "tailor.entry is \"a.ts\"",
        ),
        (
            "package.json",
            r#"{"scripts": {}, "type": "module", "scripts": {}}"#,
            None,
            "scripts is there twice",
        ),
        (
            "package.json",
            r#"{"scripts": {"test": "a", "b": {"test": 1}, "t\u0065st": "c"}}"#,
            None,
            "scripts.test is there twice",
        ),
        (
            "package.json",
            "{}",
            Some(Template::Rust),
            "is for `--lang ts` or `--lang hono`",
        ),
        (
            "Cargo.toml",
            "[package]",
            Some(Template::Ts),
            "is for `--lang rust`",
        ),
        ("Cargo.toml", "[workspace]", None, "has no [package]"),
        (
            "pyproject.toml",
            "",
            None,
            "is a Python project, which nothing is added to",
        ),
        (
            "package.json",
            "{}",
            Some(Template::Python),
            "is for `--lang ts` or `--lang hono`",
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), &[(file, text)]);
        let before = files(root.path());
        let error = init(root.path(), template).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(files(root.path()), before, "{error}");
    }
    let root = tempfile::tempdir().unwrap();
    let theirs = ("vendor/tailor-kit/notes", "mine");
    write(
        root.path(),
        &[("package.json", "{}"), theirs, ("src/index.ts", "")],
    );
    let before = files(root.path());
    let error = init(root.path(), None).unwrap_err().to_string();
    assert!(error.contains("has files in it that are no kit"), "{error}");
    assert_eq!(files(root.path()), before);
}

#[test]
fn a_workspace_above_that_takes_a_new_package_for_a_member_is_told() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("bffs")).unwrap();
    write(
        root.path(),
        &[("Cargo.toml", "[workspace]\nmembers = [\"bffs/*\"]\n")],
    );
    let of = |name: &str, template| {
        let made = create(&root.path().join("bffs"), name, template).unwrap();
        made.workspace.map(|it| (it.pattern, it.member))
    };
    let wanted = ("bffs/*".to_owned(), "bffs/scales".to_owned());
    assert_eq!(of("scales", Template::Rust), Some(wanted));
    assert_eq!(of("steps", Template::Ts), None);
}
