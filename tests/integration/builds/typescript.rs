//! BFFs in TypeScript.

use std::fs;
use std::path::{Path, PathBuf};

use tailor_harness::components::{example, root};

use super::repository::{Said, copy, install, names, tailor, write};

const MAIN: &str = "import { bff, get, json } from \"@tailor/kit\";\n\
                    import { text } from \"../dist/text.ts\";\n\
                    export const handler = bff([get(\"/\", () => json({ text }))]);\n";

/// A BFF two folders below the root, where the packages and the settings of tsc are.
pub(super) fn repository(root_folder: &Path) -> PathBuf {
    let folder = root_folder.join("apps/web/scales");
    write(
        &folder,
        &[
            (
                "package.json",
                r#"{"name": "scales", "type": "module", "tailor": {"entry": "src/main.ts"},
                    "dependencies": {"@tailor/kit": "*"}}"#,
            ),
            (
                "tsconfig.json",
                r#"{"extends": "../../../base.json", "include": ["src"]}"#,
            ),
            ("src/main.ts", MAIN),
            ("dist/text.ts", "export const text = \"first\";\n"),
        ],
    );
    let base = "{\n  // For all.\n  \"extends\": \"@tailor/kit/tsconfig.json\",\n}\n";
    write(root_folder, &[("base.json", base)]);
    copy(&root().join("bffs/kit-ts"), &root_folder.join("kit"));
    copy(&root().join("wit"), &root_folder.join("wit"));
    folder
}

fn build(folder: &Path) -> Said {
    tailor(folder, &["build", "."], &[])
}

#[test]
fn packages_above_are_used_and_left_alone_and_a_moved_folder_is_the_same() {
    let at = tempfile::tempdir().unwrap();
    let one = at.path().join("one");
    let folder = repository(&one);
    install(&one, Path::new("../../kit"));
    let installed = names(&one.join("node_modules"));
    let said = build(&folder);
    let first = said.component();
    assert!(!said.errors.contains("npm"), "{}", said.errors);
    assert_eq!(names(&one.join("node_modules")), installed);
    assert!(!folder.join("node_modules").exists());
    for made in ["scales.js", "scales.stamp", "scales.wasm"] {
        let made = fs::read(folder.join("target/components").join(made)).unwrap();
        let made = String::from_utf8_lossy(&made);
        assert!(!made.contains(at.path().to_str().unwrap()), "{made}");
    }

    // What is moved, installation and all, is as it was: there is nothing to do.
    let two = at.path().join("elsewhere/two");
    fs::create_dir_all(two.parent().unwrap()).unwrap();
    fs::rename(&one, &two).unwrap();
    let moved = build(&two.join("apps/web/scales"));
    assert_eq!(moved.errors, "");
    assert_eq!(moved.component(), first);
}

#[test]
fn what_was_read_is_looked_at_again_and_nothing_else() {
    let at = tempfile::tempdir().unwrap();
    let folder = repository(at.path());
    install(at.path(), Path::new("../../kit"));
    let first = build(&folder).component();
    write(&folder, &[("README.md", "more"), ("fixtures/a.json", "{}")]);
    assert_eq!(build(&folder).errors, "");

    // A folder whose name is that of many builds.
    write(
        &folder,
        &[("dist/text.ts", "export const text = \"second\";\n")],
    );
    let said = build(&folder);
    assert!(said.errors.contains("built scales"), "{}", said.errors);
    assert_ne!(said.component(), first);

    // A file that is no part of the bundle, but is checked with it.
    write(
        &folder,
        &[(
            "src/more.d.ts",
            "declare const more: Gone;\nexport const less: Gone;\n",
        )],
    );
    write(
        &folder,
        &[("src/wrong.ts", "export const wrong: string = 1;\n")],
    );
    let said = build(&folder);
    assert!(
        !said.good && said.errors.contains("src/wrong.ts:1:14"),
        "{}",
        said.errors
    );
    fs::remove_file(folder.join("src/wrong.ts")).unwrap();
    assert!(build(&folder).good);

    // The kit.
    let kit = at.path().join("kit/src/answer.ts");
    let code = fs::read_to_string(&kit).unwrap();
    fs::write(&kit, format!("{code}export const wrong: string = 1;\n")).unwrap();
    let said = build(&folder);
    assert!(
        !said.good && said.errors.contains("kit/src/answer.ts"),
        "{}",
        said.errors
    );
    fs::write(&kit, code).unwrap();
    assert!(build(&folder).good);

    // Settings that are extended.
    let base =
        r#"{"extends": "@tailor/kit/tsconfig.json", "compilerOptions": {"types": ["none"]}}"#;
    write(at.path(), &[("base.json", base)]);
    let said = build(&folder);
    assert!(
        !said.good && said.errors.contains("'none'"),
        "{}",
        said.errors
    );
}

/// Packages as the registry has them.
const SHAPES: [(&str, &str); 9] = [
    (
        "shape/package.json",
        r#"{"name": "shape", "version": "1.0.0", "type": "module", "exports": {".": {
            "types": "./index.d.ts", "node": "./node.js", "browser": "./browser.js", "default": "./node.js"}}}"#,
    ),
    // Types that only a browser has.
    (
        "shape/index.d.ts",
        "export declare function shape(file: File | string): HTMLElement;\nexport declare const where: string;\n",
    ),
    (
        "shape/node.js",
        "import { inspect } from \"node:util\";\nexport const where = inspect(1);\n",
    ),
    (
        "shape/browser.js",
        "export const where = process.env.NODE_ENV === \"production\" ? \"browser\" : \"test\";\n",
    ),
    // A file that is left out for browsers, as the older field says it.
    (
        "older/package.json",
        r#"{"name": "older", "version": "1.0.0", "main": "main.js", "types": "main.d.ts",
            "browser": {"./util.js": false}}"#,
    ),
    ("older/main.d.ts", "export declare const older: string;\n"),
    (
        "older/main.js",
        "var util = require(\"./util.js\");\nexports.older = typeof util.inspect;\n",
    ),
    ("older/util.js", "module.exports = require(\"util\");\n"),
    (
        "asks/package.json",
        r#"{"name": "asks", "version": "1.0.0", "main": "main.js"}"#,
    ),
];

#[test]
fn packages_for_browsers_and_workers_are_taken_and_their_types_are_theirs() {
    let at = tempfile::tempdir().unwrap();
    let folder = repository(at.path());
    install(at.path(), Path::new("../../kit"));
    write(&folder.join("node_modules"), &SHAPES);
    let main = "import { bff, get, json } from \"@tailor/kit\";\nimport { where } from \"shape\";\n\
                import { older } from \"older\";\n\
                export const handler = bff([get(\"/\", () => json([where, older]))]);\n";
    write(&folder, &[("src/main.ts", main)]);
    let said = build(&folder);
    assert!(said.good, "{}", said.errors);
    let fixture = r#"{"request": {"path": "/"}, "expect": {"json": ["browser", "undefined"]}}"#;
    write(&folder, &[("fixture.json", fixture)]);
    let component = said.printed.trim();
    let called = tailor(&folder, &["call", component, "-f", "fixture.json"], &[]);
    assert!(called.good, "{}{}", called.printed, called.errors);
}

#[test]
fn what_only_node_has_is_named_with_the_package_that_asks_for_it() {
    let at = tempfile::tempdir().unwrap();
    let folder = repository(at.path());
    install(at.path(), Path::new("../../kit"));
    write(&folder.join("node_modules"), &SHAPES);
    write(
        &folder,
        &[(
            "node_modules/asks/main.js",
            "require(\"util\");\nrequire(\"gone\");\n",
        )],
    );
    write(
        &folder,
        &[(
            "src/main.ts",
            &format!("// @ts-ignore\nimport \"asks\";\n{MAIN}"),
        )],
    );
    let said = build(&folder);
    assert!(!said.good);
    // Of esbuild's advice nothing is left.
    for other in ["platform", "external"] {
        assert!(!said.errors.contains(other), "{}", said.errors);
    }
    for expected in [
        "node_modules/asks/main.js:1:8",
        "\"util\" is a part of Node, and the engine of a component has nothing of it.",
        "The package \"asks\" asks for it",
        "\"gone\" is not installed where the package \"asks\" can see it",
    ] {
        let plain = said.errors.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain.contains(expected), "{expected}: {}", said.errors);
    }

    // The same without the kit.
    let bare = "import \"asks\";\nexport const handler = { handle() {} };\n";
    write(&folder, &[("src/main.js", bare)]);
    let manifest = r#"{"name": "bare", "tailor": {"entry": "src/main.js"}}"#;
    write(&folder, &[("package.json", manifest)]);
    fs::remove_file(folder.join("tsconfig.json")).unwrap();
    fs::remove_file(at.path().join("node_modules/@tailor/kit")).unwrap();
    let said = build(&folder);
    assert!(
        said.errors.contains("\"util\" is a part of Node") && !said.errors.contains("platform"),
        "{}",
        said.errors
    );
}

#[test]
fn an_installation_without_a_package_is_told_and_not_changed() {
    let at = tempfile::tempdir().unwrap();
    let folder = repository(at.path());
    install(at.path(), Path::new("../../kit"));
    let manifest = r#"{"name": "scales", "tailor": {"entry": "src/main.ts"},
                       "dependencies": {"@tailor/kit": "*", "zod": "4.0.0"}}"#;
    write(
        &folder,
        &[
            ("package.json", manifest),
            ("node_modules/own/index.js", ""),
        ],
    );
    let said = build(&folder);
    assert!(!said.good);
    let expected = format!(
        "package.json: not installed: zod: looked in node_modules of its folder and of those above it; \
         name them in package.json (tools in devDependencies) and run `npm install` in {}",
        folder.canonicalize().unwrap().display()
    );
    assert!(said.errors.contains(&expected), "{}", said.errors);
    assert_eq!(
        names(&folder.join("node_modules")),
        [folder.join("node_modules/own")]
    );
}

/// A package that stands for one of `partner`'s: its module and its program are that one's.
fn stand_in(at: &Path, name: &str) -> (String, String) {
    example("partner").unwrap();
    let real = root().join("bffs/partner/node_modules").join(name);
    let program = root().join("bffs/partner/node_modules/.bin").join(name);
    let manifest = format!(
        r#"{{"name": "{name}", "version": "1.0.0", "main": "main.js", "bin": {{"{name}": "run.js"}}}}"#
    );
    let main = format!("module.exports = require({real:?});\n");
    let run = format!(
        "#!/usr/bin/env node\nconst {{ spawnSync }} = require(\"child_process\");\n\
         process.exit(spawnSync({program:?}, process.argv.slice(2), {{ stdio: \"inherit\" }}).status);\n"
    );
    let files = [
        ("package.json", &*manifest),
        ("main.js", &*main),
        ("run.js", &*run),
    ];
    write(&at.join("tools").join(name), &files);
    (name.to_owned(), format!("file:../../../tools/{name}"))
}

#[test]
fn where_nothing_is_installed_all_is_installed_in_production_too() {
    let at = tempfile::tempdir().unwrap();
    let folder = repository(at.path());
    fs::remove_file(folder.join("tsconfig.json")).unwrap();
    // The contract comes with the kit alone.
    fs::rename(at.path().join("wit"), at.path().join("kit/wit")).unwrap();
    let tools = ["esbuild", "componentize-qjs"].map(|name| stand_in(at.path(), name));
    let manifest = serde_json::json!({
        "name": "scales",
        "type": "module",
        "tailor": {"entry": "src/main.ts"},
        "dependencies": {"@tailor/kit": "file:../../../kit"},
        "devDependencies": std::collections::BTreeMap::from(tools),
    });
    // What another tool keeps there is no installation.
    write(
        &folder,
        &[
            ("package.json", &manifest.to_string()),
            ("node_modules/.cache/x", ""),
        ],
    );
    let said = build(&folder);
    assert!(
        said.errors
            .contains("installing the npm packages of scales (npm install)"),
        "{}",
        said.errors
    );
    said.component();
    let modules = folder.join("node_modules");
    assert!(modules.join("esbuild").exists() && modules.join("@tailor/kit").exists());
    // Nobody but npm has put something there.
    let marks = names(&modules).into_iter().filter(|name| {
        let name = name.file_name().unwrap().to_string_lossy();
        name.starts_with('.') && ![".bin", ".cache", ".package-lock.json"].contains(&&*name)
    });
    assert_eq!(marks.count(), 0);
    assert_eq!(build(&folder).errors, "");
}
