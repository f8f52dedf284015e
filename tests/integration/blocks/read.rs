//! Blocks that are read by the program that reads such a text.

use std::path::Path;
use std::process::Command;

use downstream_mock::scripted::{Authority, Validity};
use tailor::build::component_of;
use tailor::fixture::Fixture;
use tailor_harness::components::{example, root};
use toml::{Table, Value};

use super::shell::installed;
use super::{Block, block, blocks};
use crate::cli::run;
use crate::structure::read;

fn of(language: &str) -> Vec<Block> {
    let mut found = blocks();
    found.retain(|block| block.language == language);
    assert!(!found.is_empty(), "no block of {language}");
    found
}

/// What a block of settings is a part of: the demo with the usual deadlines, and a service that
/// pages name.
fn whole() -> Table {
    let demo = read("bffs/tailor.toml");
    let demo = demo.lines().filter(|line| !line.starts_with("deadline"));
    let demo: Vec<&str> = demo.collect();
    let mut whole: Table = demo.join("\n").parse().unwrap();
    let more = r#"
        [engine]
        data-dir = "data"
        [downstream.catalog]
        url = "http://127.0.0.1:9106"
    "#;
    put(&mut whole, more.parse().unwrap());
    whole
}

/// Puts settings over others. Routes come on top, and take the place of those that match the same.
fn put(whole: &mut Table, settings: Table) {
    for (key, value) in settings {
        match (whole.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => put(old, new),
            (Some(Value::Array(old)), Value::Array(new)) if key == "route" => {
                for route in new {
                    old.retain(|old| old.get("path") != route.get("path"));
                    old.push(route);
                }
            }
            (_, value) => {
                whole.insert(key, value);
            }
        }
    }
}

/// A folder with the components and files that the pages name. All components are the smallest one:
/// it is the settings that are checked.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let components = dir.path().join("target/components");
    std::fs::create_dir_all(&components).unwrap();
    for name in [
        "watch",
        "dashboard",
        "partner",
        "phone",
        "coach",
        "balance",
        "scales",
        "mirror",
        "earbuds",
        "treadmill",
    ] {
        std::fs::copy(
            example("watch").unwrap(),
            components.join(format!("{name}.wasm")),
        )
        .unwrap();
    }
    std::fs::copy(example("watch").unwrap(), dir.path().join("watch.wasm")).unwrap();
    let fixture = root().join("bffs/watch/fixtures/face.json");
    std::fs::copy(fixture, dir.path().join("smoke.json")).unwrap();
    for name in ["activity", "registry"] {
        std::fs::write(dir.path().join(name), "secret").unwrap();
    }
    let signed = Authority::new()
        .unwrap()
        .sign("tailor.example", Validity::Now)
        .unwrap();
    std::fs::write(dir.path().join("admin.pem"), signed.certificate).unwrap();
    std::fs::write(dir.path().join("admin.key"), signed.key).unwrap();
    dir
}

#[test]
fn settings_of_the_documents_are_good() {
    let dir = folder();
    for block in of("toml") {
        let mut settings = block.text.clone();
        // Folders of a machine that runs a host.
        for folder in ["/run/secrets", "/run/credentials/tailor.service"] {
            settings = settings.replace(folder, &dir.path().display().to_string());
        }
        // The manifest of a Python project is the build's to read.
        if settings.starts_with("[project]") {
            let project = tempfile::tempdir().unwrap();
            std::fs::write(project.path().join("pyproject.toml"), settings).unwrap();
            let component = component_of(project.path()).unwrap();
            assert_eq!(component, Path::new("target/components/balance.wasm"));
            continue;
        }
        let settings = settings.replace("/var/lib/tailor/state", "data");
        let mut whole = whole();
        put(&mut whole, settings.parse().unwrap());
        // A BFF that is released to has no file.
        let bffs = whole.get_mut("bff").and_then(Value::as_table_mut).unwrap();
        for bff in bffs.iter_mut().filter_map(|(_, bff)| bff.as_table_mut()) {
            if bff.contains_key("releases") {
                bff.remove("component");
            }
        }
        let file = dir.path().join("tailor.toml");
        std::fs::write(&file, whole.to_string()).unwrap();
        let (code, _, said) = run(&["check", "--config", file.to_str().unwrap()]);
        assert_eq!(code, 0, "{}:\n{}\n{said}", block.page, block.text);
    }
}

/// The documents of a block of JSON: one, a few one after the other, or members of one.
fn documents(text: &str) -> Vec<serde_json::Value> {
    let all = |text: &str| {
        let read = serde_json::Deserializer::from_str(text).into_iter();
        read.collect::<Result<Vec<_>, _>>()
    };
    let members = || format!("{{{}}}", text.trim_end().trim_end_matches(','));
    all(text).unwrap_or_else(|_| all(&members()).unwrap_or_else(|error| panic!("{error}:\n{text}")))
}

#[test]
fn json_of_the_documents_is_json_and_fixtures_are_fixtures() {
    let mut fixtures = 0;
    for block in of("json") {
        for document in documents(&block.text) {
            if document.get("request").is_some() {
                fixtures += 1;
                Fixture::parse(&block.text, &block.page).unwrap();
            }
        }
    }
    assert!(fixtures >= 4, "only {fixtures} fixtures");
}

#[test]
fn python_of_the_documents_is_python() {
    if !installed("python3") {
        eprintln!("skipped: there is no python3");
        return;
    }
    for block in of("python") {
        let mut python = Command::new("python3");
        let arguments = ["-c", "import ast, sys; ast.parse(sys.argv[1])", &block.text];
        let status = python.args(arguments).status().unwrap();
        assert!(status.success(), "{}:\n{}", block.page, block.text);
    }
}

/// The configuration of nginx on the page, in a folder: with a certificate, on a port that any
/// user may take.
fn nginx(dir: &Path) -> String {
    let signed = Authority::new().unwrap();
    let signed = signed.sign("bff.example", Validity::Now).unwrap();
    std::fs::write(dir.join("bff.example.pem"), signed.certificate).unwrap();
    std::fs::write(dir.join("bff.example.key"), signed.key).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    let [server, user] =
        ["upstream tailor", "auth_request "].map(|begins| block("docs/operate/tls.md", begins));
    let server = server
        .replace("listen 443", &format!("listen {address}"))
        .replace("/etc/nginx/tls", &dir.display().to_string())
        .replace("location / {", &format!("location / {{\n{user}"));
    let folder = dir.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/{name};\n"))
        .concat();
    format!(
        "pid {folder}/pid;\nerror_log stderr;\nevents {{}}\n\
         http {{\naccess_log off;\n{temporary}{server}}}\n"
    )
}

#[test]
fn nginx_takes_its_configuration() {
    if Command::new("nginx").arg("-v").output().is_err() {
        eprintln!("skipped: there is no nginx");
        return;
    }
    assert_eq!(of("nginx").len(), 2);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("nginx.conf");
    std::fs::write(&file, nginx(dir.path())).unwrap();
    let mut test = Command::new("nginx");
    test.arg("-t").arg("-p").arg(dir.path()).arg("-c").arg(file);
    let output = test.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_line_on_the_page_of_the_log_has_fields_of_its_table() {
    let page = read("docs/reference/log.md");
    let line = block("docs/reference/log.md", "2026-");
    let fields = line.split(' ').filter_map(|word| word.split_once('='));
    let names: Vec<&str> = fields.map(|(name, _)| name).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}
