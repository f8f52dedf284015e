//! What the build says of a `handler` of the wrong kind, which the engine would meet with the first
//! request.

use std::path::{Path, PathBuf};

use tailor::build::{BuildOptions, build};
use tailor_harness::components::{example, root};

/// A BFF in JavaScript below a folder that has the packages of `partner`.
fn bff(at: &Path) -> PathBuf {
    example("partner").unwrap();
    let folder = at.join("bff");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let packages = root().join("bffs/partner/node_modules");
    std::os::unix::fs::symlink(packages, at.join("node_modules")).unwrap();
    let manifest = serde_json::json!({
        "name": "bff",
        "private": true,
        "type": "module",
        "tailor": {"entry": "src/main.js", "wit": root().join("wit")},
    });
    std::fs::write(folder.join("package.json"), manifest.to_string()).unwrap();
    folder
}

/// What a build says against an entry of this text.
fn refused(folder: &Path, entry: &str) -> Option<String> {
    std::fs::write(folder.join("src/main.js"), entry).unwrap();
    let error = build(folder, &BuildOptions::from_env(), &mut |_| ()).err()?;
    Some(format!("{:#}", anyhow::Error::from(error)))
}

#[test]
fn a_handler_of_the_wrong_kind_fails_the_build_with_the_file_and_what_was_found() {
    let at = tempfile::tempdir().unwrap();
    let folder = bff(at.path());
    for (handler, found) in [
        ("() => ({})", "a function"),
        ("Promise.resolve({ handle() {} })", "a promise"),
        ("{ fetch() {} }", "an object without `handle`"),
        (
            "{ *handle() {} }",
            "an object whose `handle` is of the kind GeneratorFunction, which returns no answer",
        ),
    ] {
        let error = refused(&folder, &format!("export const handler = {handler};\n"));
        let error = error.expect(handler);
        let expected = format!("its entry src/main.js exports a `handler` that is {found}; it has");
        assert!(error.contains(&expected), "{handler}: {error}");
    }
    let error = refused(&folder, "export const handle = 1;\n").unwrap();
    assert!(
        error.contains("src/main.js exports neither `handler` nor a default"),
        "{error}"
    );
    for (entry, found) in [
        ("export default () => ({});", "a default that is a function"),
        (
            "export default { fetch: 1 };",
            "a default that is an object whose `fetch` is a number",
        ),
        (
            "export default { fetch() {} };\nexport const handler = { handle() {} };",
            "both a `handler` and a default",
        ),
    ] {
        let error = refused(&folder, entry).expect(entry);
        let expected = format!("its entry src/main.js exports {found}; it has to be");
        assert!(error.contains(&expected), "{entry}: {error}");
    }
    let route = "import { bff, get } from \"@tailor/kit\";\n\
                 const goals = undefined;\n\
                 export const handler = bff([get(\"/goals\", goals)]);\n";
    let error = refused(&folder, route).unwrap();
    let expected = "the handler of GET /goals is undefined, not a function";
    assert!(error.contains(expected), "{error}");
    assert!(error.contains("src/main.js:3"), "{error}");
}
