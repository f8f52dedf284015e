use std::fs;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn an_old_node_is_refused_with_both_versions() {
    assert!(new_enough("v20.20.2").is_ok());
    assert!(new_enough("v104.0.0").is_ok());
    let error = new_enough("v18.19.0").unwrap_err().to_string();
    assert_eq!(
        error,
        "node: its version is \"v18.19.0\"; TypeScript BFFs need Node 20 or later with npm: https://nodejs.org"
    );
    assert!(new_enough("").is_err());
}

fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// A BFF in `folder`, with these dependencies.
fn bff(folder: &Path, dependencies: &[&str]) -> Package {
    fs::create_dir_all(folder).unwrap();
    let versions = dependencies
        .iter()
        .map(|name| (name.to_string(), "1.0.0".to_owned()));
    Package {
        folder: folder.to_owned(),
        name: "partner".to_owned(),
        entry: "src/main.ts".into(),
        wit: None,
        dependencies: versions.collect(),
        dev_dependencies: Default::default(),
        modules: crate::build::folder::Bounds {
            time: std::time::Duration::from_secs(60),
            memory: 2 << 30,
        },
    }
}

const TOOL: (&str, &str) = ("esbuild/package.json", r#"{"bin": {"esbuild": "run.js"}}"#);
const LAST: (&str, &str) = ("componentize-qjs/package.json", r#"{"bin": "run"}"#);

fn say_nothing(line: &str) {
    panic!("said: {line}");
}

#[test]
fn tools_are_found_in_the_folder_and_above_it() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("apps/web/partner");
    fs::create_dir_all(&folder).unwrap();
    write(root.path(), &[("node_modules/.bin/tsc", "")]);
    let modules = Modules::seen_from(&folder);
    assert_eq!(
        modules.tool("tsc", "typescript").unwrap().get_program(),
        root.path().join("node_modules/.bin/tsc")
    );
    let error = modules.tool("esbuild", "esbuild").unwrap_err().to_string();
    assert!(
        error.starts_with("esbuild: not among the installed npm packages"),
        "{error}"
    );
    assert!(error.contains("devDependencies"), "{error}");
}

#[test]
fn tools_without_links_are_found_by_their_manifests() {
    let root = tempfile::tempdir().unwrap();
    write(
        &root.path().join("node_modules"),
        &[
            TOOL,
            LAST,
            ("esbuild/run.js", "#!/usr/bin/env node\n"),
            ("componentize-qjs/run", "ELF"),
        ],
    );
    let modules = Modules::seen_from(root.path());
    let esbuild = modules.tool("esbuild", "esbuild").unwrap();
    assert_eq!(esbuild.get_program(), "node");
    let packages = root.path().join("node_modules");
    assert_eq!(
        esbuild.get_args().collect::<Vec<_>>(),
        [packages.join("esbuild/run.js")]
    );
    let last = modules
        .tool("componentize-qjs", "componentize-qjs")
        .unwrap();
    assert_eq!(last.get_program(), packages.join("componentize-qjs/run"));
}

#[test]
fn pnpms_links_and_its_hidden_folder_are_looked_through() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().canonicalize().unwrap();
    let store = root.join("node_modules/.pnpm");
    write(
        &store,
        &[
            ("esbuild@1/node_modules/esbuild/package.json", "{}"),
            ("node_modules/componentize-qjs/package.json", "{}"),
            ("kit@1/node_modules/@tailor/kit/package.json", "{}"),
            ("kit@1/node_modules/typescript/package.json", "{}"),
        ],
    );
    let folder = root.join("apps/partner");
    let packages = folder.join("node_modules");
    fs::create_dir_all(packages.join("@tailor")).unwrap();
    symlink(
        store.join("esbuild@1/node_modules/esbuild"),
        packages.join("esbuild"),
    )
    .unwrap();
    symlink(
        store.join("kit@1/node_modules/@tailor/kit"),
        packages.join("@tailor/kit"),
    )
    .unwrap();
    let package = bff(&folder, &["@tailor/kit"]);
    write(&folder, &[("tsconfig.json", "{}")]);
    let modules = Modules::ready(&package, &mut say_nothing).unwrap();
    assert_eq!(modules.package("esbuild"), Some(packages.join("esbuild")));
    let linked = store.join("kit@1/node_modules/typescript");
    assert_eq!(modules.package("typescript"), Some(linked));
}

#[test]
fn an_installation_that_lacks_a_package_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let package = bff(&root.path().join("partner"), &["zod"]);
    let lock = [("package-lock.json", "{}"), ("partner/package.json", "{}")];
    write(root.path(), &lock);
    write(
        root.path(),
        &[("package.json", r#"{"workspaces": ["partner"]}"#)],
    );
    write(&root.path().join("node_modules"), &[TOOL, LAST]);
    let error = Modules::ready(&package, &mut say_nothing)
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        error,
        format!(
            "{}/package.json: not installed: zod: looked in node_modules of its folder and of those \
             above it; name them in package.json (tools in devDependencies) and run `npm install` in {}",
            package.folder.display(),
            root.path().display()
        )
    );
    let left = fs::read_dir(root.path().join("node_modules")).unwrap();
    assert_eq!(left.count(), 2);
}

#[test]
fn a_version_that_package_json_does_not_name_is_told() {
    let root = tempfile::tempdir().unwrap();
    let package = bff(root.path(), &["zod", "date-fns"]);
    let installed = [
        ("zod/package.json", r#"{"version": "0.9.0"}"#),
        ("date-fns/package.json", r#"{"version": "1.0.0"}"#),
    ];
    write(&root.path().join("node_modules"), &[TOOL, LAST]);
    write(&root.path().join("node_modules"), &installed);
    let mut said = Vec::new();
    Modules::ready(&package, &mut |line| said.push(line.to_owned())).unwrap();
    assert_eq!(
        said,
        [
            "partner: package.json names zod 1.0.0, and 0.9.0 is installed: install the packages again"
        ]
    );
    assert!(is_exact("1.2.3-rc.1") && !is_exact("^1.2.3") && !is_exact("file:../kit-ts"));
}

#[test]
fn the_lock_file_says_who_installs_and_where() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("apps/partner");
    fs::create_dir_all(&folder).unwrap();
    let command = || {
        let installation = Installation::of(&folder);
        let (program, arguments) = installation.command();
        format!(
            "{program} {} in {:?}",
            arguments.join(" "),
            lock_file(&folder)
        )
    };
    assert_eq!(
        command(),
        "npm install --include=dev --ignore-scripts --loglevel=error --no-audit --no-fund in None"
    );
    // A lock file above is another project's, unless there is a workspace.
    write(root.path(), &[("yarn.lock", "")]);
    assert!(command().ends_with("in None"), "{}", command());
    write(
        root.path(),
        &[("package.json", r#"{"workspaces": ["apps/*"]}"#)],
    );
    let yarn = root.path().join("yarn.lock");
    assert_eq!(
        command(),
        format!(
            "yarn install --frozen-lockfile --ignore-scripts --production=false in {:?}",
            Some(&yarn)
        )
    );
    write(root.path(), &[(".yarnrc.yml", "")]);
    assert!(command().starts_with("yarn install --immutable --mode=skip-build in "));
    write(
        root.path(),
        &[
            ("apps/pnpm-workspace.yaml", ""),
            ("apps/pnpm-lock.yaml", ""),
        ],
    );
    assert!(command().starts_with("pnpm install --frozen-lockfile --ignore-scripts in "));
    write(&folder, &[("package-lock.json", "")]);
    assert!(
        command().starts_with("npm ci --include=dev "),
        "{}",
        command()
    );
}

#[test]
fn yarn_without_node_modules_is_told_with_the_setting() {
    let root = tempfile::tempdir().unwrap();
    let package = bff(root.path(), &[]);
    write(root.path(), &[("yarn.lock", ""), (".pnp.cjs", "")]);
    let error = Modules::ready(&package, &mut say_nothing)
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("nodeLinker: node-modules"), "{error}");
}
