//! The BFFs' own tests: their fixtures in the real components, and what their authors run in their
//! folders.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use downstream_mock::Service;
use http::{HeaderValue, StatusCode};
use tailor::bff::runtime::Runtime;
use tailor::config::Bff;
use tailor::fixture::Fixture;
use tailor::suite::{self, Subject};
use tailor_harness::{Offline, components, json, load_kept, reply};

mod habits;
pub(crate) mod typescript;

use crate::python;
use crate::suites::subject;
use typescript::componentized;

/// The fixtures of a BFF, by name.
fn fixtures(bff: &str) -> Vec<(String, Arc<Fixture>)> {
    let folder = components::root().join("bffs").join(bff).join("fixtures");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}: no fixtures", folder.display());
    paths
        .iter()
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, Arc::new(Fixture::read(path).unwrap()))
        })
        .collect()
}

/// Runs all fixtures of a BFF in its component as `tailor test` does, with the limits and grants of
/// the demo. Besides what they expect, each of their entries has to be used.
fn check_fixtures(bff: &str) {
    check_fixtures_in(&components::example(bff).unwrap(), bff);
}

/// The same for another component of that BFF.
pub(crate) fn check_fixtures_in(component: &Path, bff: &str) {
    check_fixtures_of(bff, |_, settings| subject(component.to_owned(), settings));
}

/// The same with a component that is loaded in its own way.
fn check_fixtures_of(bff: &str, subject: impl Fn(PathBuf, Option<Bff>) -> Subject) {
    let folder = components::root().join("bffs").join(bff);
    let own = components::example(bff).unwrap();
    let settings = suite::settings_of(&own, &folder, None).unwrap();
    let settings = settings.unwrap();
    assert!(settings.file.ends_with("bffs/tailor.toml"), "{settings:?}");
    let files = suite::fixtures(&folder).unwrap();
    let options = suite::Options::default();
    let mut last = suite::LastRuns::default();
    let subject = subject(own, Some(settings.bff));
    let all = suite::run(&subject, &files, options, &mut last).unwrap();
    let failed: Vec<_> = all.iter().filter(|outcome| !outcome.passed()).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn the_fixtures_of_watch_hold_in_its_component() {
    check_fixtures("watch");
}

#[test]
fn the_fixtures_of_dashboard_hold_in_its_component() {
    check_fixtures("dashboard");
}

#[test]
fn the_fixtures_of_partner_hold_in_its_component() {
    check_fixtures("partner");
}

#[test]
fn the_fixtures_of_phone_hold_in_its_component() {
    check_fixtures("phone");
}

#[test]
fn the_fixtures_of_coach_hold_in_its_component() {
    check_fixtures_of("coach", |component, settings| {
        let runtime = Arc::new(Runtime::new(suite::Options::instances()).unwrap());
        Subject {
            loaded: load_kept(&runtime, &component, &python::code()).unwrap(),
            runtime,
            component,
            settings,
        }
    });
}

#[tokio::test]
async fn the_watch_face_has_less_than_120_bytes_for_everybody() {
    let mut watch = Offline::from_file(&components::example("watch").unwrap()).unwrap();
    for service in [Service::Activity, Service::Heart, Service::Sleep] {
        watch = watch.service(service.name(), move |outbound| async move {
            let answer = downstream_mock::answer(service, &outbound.target.to_string());
            let mut found = reply(answer.status, answer.body);
            let content_type = HeaderValue::from_static(answer.content_type);
            found
                .headers
                .insert(http::header::CONTENT_TYPE, content_type);
            Ok(found)
        });
    }
    for user in ["ada", "grace", "linus", "margaret"] {
        for year in 2020..=2035 {
            for day in ["01-01", "03-29", "07-15", "12-31"] {
                let target = format!("/{user}?date={year}-{day}");
                let answer = watch.get(&target).await.result.unwrap();
                assert_eq!(answer.status, 200, "{target}");
                let body = String::from_utf8_lossy(&answer.body);
                assert!(body.len() < 120, "{target}: {body}");
                assert!(!body.contains("null"), "{target}: {body}");
            }
        }
    }
}

/// Takes away what is meant for the build of this test: for another one, it would change what is
/// compiled, or with what.
pub fn without_our_build(command: &mut Command) {
    for name in [
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "RUSTC",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTFLAGS",
    ] {
        command.env_remove(name);
    }
}

/// Runs a program in a folder below `bffs`; when it fails, so does the test, with all that it
/// printed.
fn run(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str], folder: &Path) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    without_our_build(&mut command);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?} in {}: {}\n{}{}",
        folder.display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}

#[test]
fn the_tests_of_the_rust_bffs_and_of_their_kit_pass() {
    let bffs = components::root().join("bffs");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(
        cargo,
        &[
            "test",
            "--workspace",
            "--all-features",
            "--locked",
            "--target-dir",
            "target",
        ],
        &bffs,
    );
}

#[test]
fn the_tests_of_the_typescript_bffs_and_of_their_kit_pass() {
    for bff in ["partner", "phone"] {
        // Building it installs the packages that its tests need, too.
        components::example(bff).unwrap();
        let folder = components::root().join("bffs").join(bff);
        run("npm", &["run", "check"], &folder);
        run("npm", &["test"], &folder);
    }
}

#[test]
fn the_tests_of_the_python_bff_and_of_its_kit_pass() {
    for folder in ["kit-py", "coach"] {
        let folder = components::root().join("bffs").join(folder);
        let limit = std::time::Duration::from_secs(600);
        let run = suite::unit_tests(&folder, limit, &suite::Interrupt::default());
        let run = run.unwrap().unwrap();
        assert!(run.passed(), "{}: {}", folder.display(), run.output);
        assert!(run.output.contains("OK"), "{}", run.output);
    }
}

/// The files of `kit-ts/test/fixtures` are read by the tests of all kits, which are run above, too.
#[tokio::test]
async fn all_readers_of_fixtures_see_the_same_in_them() {
    let echo = Offline::from_bytes(&componentized("echo.ts").unwrap()).unwrap();
    let mut wrong = Vec::new();
    let all = fixtures("kit-ts/test");
    assert!(all.len() > 10);
    for (name, fixture) in all {
        let offline = echo.again().fixture(&fixture).unwrap();
        if let Err(error) = offline.check(&fixture).await {
            wrong.push(format!("{name}.json: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn what_one_reader_of_fixtures_refuses_all_do() {
    let file = components::root().join("bffs/kit-ts/test/fixtures/refused/all.json");
    let all = std::fs::read_to_string(file).unwrap();
    let all: Vec<serde_json::Value> = serde_json::from_str(&all).unwrap();
    assert!(all.len() > 20);
    for refused in all {
        let text = refused["fixture"].as_str().unwrap();
        assert!(Fixture::parse(text, "x.json").is_err(), "{refused}");
    }
}

#[tokio::test]
async fn the_example_of_the_readme_holds() -> anyhow::Result<()> {
    let watch = Offline::from_file(&components::example("watch")?)?
        .service("activity", |_call| async { Ok(json(r#"{"steps":8423}"#)) })
        .service("heart", |_call| async {
            Ok(reply(StatusCode::SERVICE_UNAVAILABLE, ""))
        });
    let invoked = watch.get("/ada?date=2026-01-15").await;
    assert_eq!(
        invoked.result?.body,
        r#"{"steps":8423,"heart":null,"sleep":null}"#
    );
    assert_eq!(watch.asked().len(), 2);
    Ok(())
}
