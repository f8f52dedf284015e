use super::*;

fn workspace() -> Workspace {
    let json = serde_json::json!({
        "packages": [
            package("kit", &["rlib"], serde_json::Value::Null),
            package("watch", &["cdylib", "rlib"], serde_json::json!({"component": {"package": "tailor:watch"}})),
            package("probe", &["cdylib"], serde_json::Value::Null),
        ],
        "target_directory": "/bffs/target",
        "workspace_root": "/bffs",
    });
    serde_json::from_value(json).unwrap()
}

fn package(name: &str, kinds: &[&str], metadata: serde_json::Value) -> serde_json::Value {
    serde_json::json!({
        "id": format!("path+file:///bffs/{name}#0.1.0"),
        "name": name,
        "manifest_path": format!("/bffs/{name}/Cargo.toml"),
        "rust_version": "1.95",
        "targets": [{"name": name, "crate_types": kinds}],
        "metadata": metadata,
    })
}

#[test]
fn bffs_of_a_workspace_are_modules_with_the_metadata() {
    let workspace = workspace();
    let names: Vec<&str> = workspace
        .components()
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["watch"]);
}

#[test]
fn a_folder_that_was_named_needs_no_metadata() {
    let workspace = workspace();
    let probe = workspace.package_in(Path::new("/bffs/probe")).unwrap();
    assert_eq!(probe.name, "probe");
}

#[test]
fn a_library_or_a_whole_workspace_is_refused_with_the_way_out() {
    let workspace = workspace();
    let error = |folder: &str| {
        let found = workspace.package_in(Path::new(folder));
        found.unwrap_err().to_string()
    };
    assert_eq!(
        error("/bffs/kit"),
        "/bffs/kit/Cargo.toml: not a BFF: its library is not a WebAssembly module: add crate-type = [\"cdylib\"] to [lib]"
    );
    assert_eq!(
        error("/bffs"),
        "/bffs/Cargo.toml: not a BFF: it is a workspace: name the folder of one BFF (watch)"
    );
}

#[test]
fn messages_of_the_compiler_are_passed_on_and_failures_named() {
    let lines = [
        r#"{"reason":"compiler-artifact","package_id":"w","target":{"name":"watch","crate_types":["cdylib","rlib"]},"filenames":["/t/libwatch.rlib","/t/watch.wasm"],"fresh":false}"#,
        r#"{"reason":"compiler-message","target":{"name":"watch","crate_types":["cdylib"]},"message":{"level":"warning","rendered":"warning: unused\n --> watch/src/lib.rs:3:5\n"}}"#,
        r#"{"reason":"compiler-message","target":{"name":"dashboard","crate_types":["cdylib"]},"message":{"level":"error","rendered":"error[E0308]: mismatched types\n --> dashboard/src/lib.rs:7:9\n"}}"#,
        "printed by something else",
        r#"{"reason":"build-finished","success":false}"#,
    ];
    let mut said = Vec::new();
    let text = lines.join("\n");
    let (modules, failed) =
        read_messages(text.as_bytes(), &mut |line| said.push(line.to_owned())).unwrap();
    assert_eq!(modules, [("w".to_owned(), "/t/watch.wasm".into())]);
    assert_eq!(failed.into_iter().collect::<Vec<_>>(), ["dashboard"]);
    assert_eq!(
        said,
        [
            "warning: unused\n --> watch/src/lib.rs:3:5",
            "error[E0308]: mismatched types\n --> dashboard/src/lib.rs:7:9"
        ]
    );
}
