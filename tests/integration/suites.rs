//! A BFF's fixtures in its component, as `tailor test` runs them: what is told of each.

use std::path::PathBuf;
use std::sync::Arc;

use tailor::bff::runtime::Runtime;
use tailor::config::Bff;
use tailor::suite::{
    Case, Coverage, LastRuns, Options, Outcome, Routes, Subject, Verdict, fixtures, run,
};
use tailor_harness::components;

/// The call that the hostile component makes for `/wait`.
const PATH: &str = "/users/ada/goals?date=2026-01-15";

/// A folder with these fixtures: name, request path, entries, expectation.
fn folder(files: &[(&str, &str, &str, &str)]) -> (tempfile::TempDir, Vec<PathBuf>) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("fixtures")).unwrap();
    for (name, path, entries, expect) in files {
        let text = format!(
            r#"{{"request": {{"path": "{path}"}}, "downstreams": [{entries}], "expect": {expect}}}"#
        );
        std::fs::write(dir.path().join(format!("fixtures/{name}.json")), text).unwrap();
    }
    let found = fixtures(dir.path()).unwrap();
    (dir, found)
}

fn hostile() -> Subject {
    subject(components::hostile().unwrap(), None)
}

/// A component that answers the requests of fixtures.
pub fn subject(component: PathBuf, settings: Option<Bff>) -> Subject {
    let runtime = Arc::new(Runtime::new(Options::instances()).unwrap());
    let loader = tailor_harness::loader(&runtime, None).unwrap();
    Subject {
        loaded: loader.load("suite", &component, None).unwrap(),
        runtime,
        component,
        settings,
    }
}

fn outcomes(files: &[(&str, &str, &str, &str)]) -> Vec<Outcome> {
    let (_dir, found) = folder(files);
    run(
        &hostile(),
        &found,
        Options::default(),
        &mut LastRuns::default(),
    )
    .unwrap()
}

/// What is said of a fixture beside its verdict.
fn warnings(outcome: &Outcome) -> Vec<String> {
    let run = outcome.run.as_ref().unwrap();
    run.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn one_fixture_s_guest_does_no_harm_to_the_next() {
    let ok = r#"{"status": 200}"#;
    let all = outcomes(&[
        ("a-loop", "/loop", "", ok),
        ("b-panic", "/panic", "", ok),
        ("c-memory", "/grow-vec", "", ok),
        ("d-flood", "/log?lines=1000&bytes=1000", "", ok),
        ("e-fine", "/", "", ok),
    ]);
    for (outcome, wanted) in
        all.iter()
            .zip([Some("CPU time"), Some(""), Some("memory"), None, None])
    {
        match (&outcome.verdict, wanted) {
            (Verdict::NoAnswer { error, backtrace }, Some(wanted)) => {
                assert!(error.contains(wanted) && !backtrace.is_empty(), "{error}");
            }
            (Verdict::Passed, None) => assert!(outcome.passed()),
            (verdict, _) => panic!("{}: {verdict:?}", outcome.path.display()),
        }
    }
    let flood = all[3].run.as_ref().unwrap();
    assert!(flood.log_dropped > 0 && flood.log.len() < 1000);
}

#[test]
fn a_misspelt_entry_fails_a_fixture_whose_expectation_holds() {
    let misspelt = r#"{"service": "goals", "path": "/users/ada/gaols", "reply": {}}"#;
    let other = r#"{"service": "gaols", "path": "*", "reply": {}}"#;
    let ok = r#"{"status": 200}"#;
    let all = outcomes(&[("a", "/wait", misspelt, ok), ("b", "/wait", other, ok)]);
    let call = format!("GET goals {PATH}");
    for (outcome, entry) in all.iter().zip(["goals /users/ada/gaols", "gaols *"]) {
        assert!(matches!(outcome.verdict, Verdict::Passed) && !outcome.passed());
        let [unused, nothing] = &warnings(outcome)[..] else {
            panic!("{:?}", warnings(outcome));
        };
        let wanted = format!("downstreams[0], {entry}: no call used it; ");
        assert!(unused.starts_with(&wanted), "{unused}");
        assert!(nothing.contains(&call), "{nothing}");
    }
    let near = format!("no entry answers {call}: is it meant?");
    assert!(
        warnings(&all[0])[0].ends_with(&near),
        "{:?}",
        warnings(&all[0])
    );
}

#[test]
fn each_call_has_its_method_path_and_entry_and_each_case_is_counted_that_happened() {
    let entry = |rest: &str| format!(r#"{{"service": "goals", "path": "{PATH}", {rest}}}"#);
    let case = |case: Case| entry(&case.entry().replace("...", r#"{"a": 1}"#));
    let cases = Case::ALL.map(case);
    let names = ["a", "b", "c", "d", "e"];
    let ok = r#"{"status": 200}"#;
    let files: Vec<_> = names
        .iter()
        .zip(&cases)
        .map(|(name, entry)| (*name, "/wait", entry.as_str(), ok))
        .collect();
    let all = outcomes(&files);
    assert!(all.iter().all(Outcome::passed), "{all:#?}");
    let first = all[0].run.as_ref().unwrap();
    let [call] = &first.calls[..] else {
        panic!("{:?}", first.calls);
    };
    assert_eq!(call.to_string(), format!("GET goals {PATH}"));
    assert_eq!((call.entry, call.record.outcome), (Some(0), Ok(200)));
    let bytes = r#"{"a":1}"#.len();
    assert_eq!((first.cost.calls, first.cost.bytes_in), (1, bytes));
    assert_eq!(Coverage::of(&all, &Routes::default()).share(), (5, 5));
    let most = Coverage::of(&all[..3], &Routes::default());
    assert_eq!(
        most.services["goals"].missing(),
        [Case::TimesOut, Case::Fails]
    );
    assert_eq!(most.requests["GET /wait"], 3);
}

#[test]
fn a_call_that_was_refused_covers_nothing_and_its_service_is_listed() {
    let entry = r#"{"service": "goals", "path": "*", "reply": {}}"#;
    let (_dir, found) = folder(&[("a", "/wait", entry, r#"{"status": 200}"#)]);
    let component = components::hostile().unwrap();
    let settings = Bff::with_defaults("hostile", &component, &[]);
    let subject = subject(component, Some(settings));
    let all = run(
        &subject,
        &found,
        Options::default(),
        &mut LastRuns::default(),
    )
    .unwrap();
    assert!(!all[0].passed());
    let call = &all[0].run.as_ref().unwrap().calls[0];
    assert_eq!((call.entry, call.record.outcome), (None, Err("denied")));
    assert_eq!(Coverage::of(&all, &Routes::default()).share(), (0, 5));

    // Of calls past the limit, none was answered.
    let all = outcomes(&[("a", "/fetch-each?count=20", entry, r#"{"status": 200}"#)]);
    let coverage = Coverage::of(&all, &Routes::default());
    let missing = coverage.services["goals"].missing();
    assert!(missing.contains(&Case::Fails), "{missing:?}");
}

#[test]
fn a_file_that_is_no_fixture_fails_alone_and_costs_are_compared_with_the_last_run() {
    let ok = r#"{"status": 200}"#;
    let (dir, found) = folder(&[("a", "/", "", ok), ("b", "/", "", "{")]);
    let subject = hostile();
    let mut last = LastRuns::default();
    let mut once = || run(&subject, &found, Options::default(), &mut last).unwrap();
    let all = once();
    assert!(all[0].passed() && all[0].run.as_ref().unwrap().changes.is_empty());
    assert!(matches!(all[1].verdict, Verdict::Unusable(_)));

    let path = dir.path().join("fixtures/a.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"/\"", "\"/random?bytes=100\"")).unwrap();
    let all = once();
    let changes = &all[0].run.as_ref().unwrap().changes;
    let names: Vec<&str> = changes.iter().map(|change| change.name).collect();
    assert!(names.contains(&"response_bytes"), "{names:?}");
}

#[test]
fn each_example_tells_its_routes_in_its_language() {
    for (name, routes) in [
        ("watch", &["GET /{user}"][..]),
        ("dashboard", &["GET /{user}", "POST /{user}/workouts"]),
        (
            "partner",
            &[
                "GET /v1/openapi.json",
                "GET /v1/users/{user}/summaries",
                "POST /v1/users/{user}/workouts",
            ],
        ),
        ("phone", &["GET /{user}/feed", "POST /{user}/workouts"]),
        ("coach", &["GET /{athlete}/week"]),
    ] {
        let subject = subject(components::example(name).unwrap(), None);
        let told = subject.routes().unwrap().unwrap();
        let coverage = Coverage::of(&[], &told);
        let found: Vec<_> = coverage.routes.keys().map(String::as_str).collect();
        assert_eq!(found, routes, "{name}");
        assert_eq!(coverage.share_of_routes(), (0, routes.len()), "{name}");
    }
    // One that was made without a kit tells none.
    let told = hostile().routes().unwrap().unwrap();
    assert_eq!(told, Routes::default());
}
