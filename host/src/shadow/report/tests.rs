mod noise;

use super::*;
use crate::shadow::difference::Differences;

fn differences(all: &[(Place, Kind)]) -> Differences {
    let all = all.iter().cloned().map(|it| (it, Example::default()));
    Differences {
        all: all.collect(),
        ..Differences::default()
    }
}

fn ran(all: &[(Place, Kind)]) -> Ran {
    Ran {
        differences: differences(all),
        failed: None,
        new_calls: Vec::new(),
        missing_calls: Vec::new(),
        has_same_time: true,
        live_failed: false,
        usage: None,
    }
}

fn body(pointer: &str, kind: Kind) -> (Place, Kind) {
    (Place::Body(pointer.to_owned()), kind)
}

/// The places of noise, each once.
fn noise_of(document: &Value) -> Vec<&str> {
    let rows = document["noise"].as_array().unwrap().iter();
    let mut places: Vec<&str> = rows.map(|it| it["place"].as_str().unwrap()).collect();
    places.dedup();
    places
}

/// What is told of a place of a body: its kind, and in how many runs.
fn told(document: &Value) -> Vec<(&str, &str, u64)> {
    let rows = document["body"].as_array().unwrap().iter();
    let told = rows.map(|it| {
        let text = |name: &str| it[name].as_str().unwrap();
        (text("pointer"), text("kind"), it["times"].as_u64().unwrap())
    });
    told.collect()
}

#[test]
fn where_the_live_version_differs_from_itself_a_difference_says_nothing() {
    let mut report = Report::default();
    let id = body("/id", Kind::Changed);
    let name = body("/name", Kind::Changed);
    // Also what was counted before that is known.
    assert_eq!(report.ran(ran(std::slice::from_ref(&id))), DIFFERENT);
    let status = (Place::Status, Kind::Changed);
    let more = body("/items/*", Kind::Added);
    report.ran_again(Other::Dice, ran(&[id.clone(), status.clone(), more]));
    assert_eq!(report.ran(ran(std::slice::from_ref(&id))), SAME);
    assert_eq!(report.ran(ran(&[id.clone(), name])), DIFFERENT);
    // Items that it has at times, it lacks at others.
    assert_eq!(report.ran(ran(&[body("/items/*", Kind::Missing)])), SAME);
    // Another type is another thing, and a status is always told.
    assert_eq!(report.ran(ran(&[body("/id", Kind::Type)])), DIFFERENT);
    assert_eq!(report.ran(ran(&[status])), DIFFERENT);
    let document = report.document();
    assert_eq!(
        told(&document),
        [("/id", "type", 1), ("/name", "changed", 1)]
    );
    assert_eq!(document["status"].as_array().unwrap().len(), 1);
    assert_eq!(noise_of(&document), ["body /id", "body /items/*", "status"]);
    let id = json!({"place": "body /id", "kind": "changed", "of_live": 1, "runs_of_live": 1,
        "left_out": 3});
    assert_eq!(document["noise"][0], id);
    assert_eq!(
        (&document["runs"], &document["same"]),
        (&json!(6), &json!(2))
    );
}

#[test]
fn a_report_is_bounded_and_says_so() {
    let mut report = Report::default();
    for number in 0..2 * MAX_PLACES {
        let place = body(&format!("/{number}"), Kind::Changed);
        report.ran_again(
            Other::Dice,
            ran(&[body(&format!("/x{number}"), Kind::Type)]),
        );
        report.ran(Ran {
            new_calls: vec![format!("GET a /{number}"); 2],
            ..ran(&[place])
        });
        report.used(
            Side::Candidate,
            Duration::from_micros(number as u64),
            number,
        );
    }
    let document = report.document();
    let length = |part: &str| document[part].as_array().unwrap().len();
    assert_eq!(length("body"), MAX_PLACES);
    assert_eq!(length("noise"), MAX_PLACES);
    assert_eq!(length("new_calls"), MAX_WORDS);
    // In each run, each call once.
    assert_eq!(document["new_calls"][0]["times"], 1);
    assert_eq!(document["cut"], true);
    assert_eq!(
        document["unknown"],
        json!(["there was more than a report has"])
    );
    let usage = json!({"cpu_us_p50": 200, "cpu_us_p95": 380, "memory": 399});
    assert_eq!(document["usage"]["candidate"], usage);
    assert_eq!(document["usage"]["live"], Value::Null);
    for _ in 0..2 * MAX_SAMPLES {
        report.used(Side::Live, Duration::from_micros(7), 1);
    }
    assert_eq!(report.live.cpu.len(), MAX_SAMPLES);
}

#[test]
fn a_run_of_the_live_version_that_makes_other_calls_says_nothing_of_noise() {
    let mut report = Report::default();
    let facts = body("/facts", Kind::Changed);
    report.ran_again(
        Other::Dice,
        Ran {
            new_calls: vec!["GET facts /a/*".to_owned()],
            ..ran(std::slice::from_ref(&facts))
        },
    );
    // What the service was not asked again is no reason to leave this out.
    assert_eq!(report.ran(ran(std::slice::from_ref(&facts))), DIFFERENT);
    // Where the candidate makes another such call, nothing can be said of its answer.
    let with_call = |missing: &str, new: Option<&str>| Ran {
        missing_calls: vec![missing.to_owned()],
        new_calls: Vec::from_iter(new.map(str::to_owned)),
        ..ran(std::slice::from_ref(&facts))
    };
    let other = with_call("GET facts /a/*", Some("GET facts /a/*"));
    assert_eq!(report.ran(other), UNCOMPARED);
    // One that makes none in its place does something else.
    assert_eq!(report.ran(with_call("GET facts /a/*", None)), DIFFERENT);
    let document = report.document();
    assert_eq!(document["differs"], true);
    assert_eq!(document["body"][0]["times"], 2);
    assert_eq!(document["missing_calls"][0]["times"], 1);
    assert_eq!(document["runs_of_live_with_other_calls"], 1);
    assert_eq!(document["uncompared"], 1);
    assert_eq!(noise_of(&document), ["call GET facts /a/*"]);
    let unknown = "calls are others each time, and there is no answer to those of the candidate";
    assert_eq!(document["unknown"], json!([unknown]));
    report.ran(with_call("GET facts /b", None));
    assert_eq!(report.document()["missing_calls"][1]["times"], 1);
}

#[test]
fn where_the_time_is_a_run_that_was_told_another_one_says_nothing() {
    let mut report = Report::default();
    let made = body("/made", Kind::Changed);
    report.ran_again(Other::Clocks, ran(std::slice::from_ref(&made)));
    // No run was told another time yet.
    assert_eq!(report.document()["noise"], json!([]));
    let of_other_time = |places| Ran {
        has_same_time: false,
        ..ran(places)
    };
    assert_eq!(report.ran(of_other_time(std::slice::from_ref(&made))), SAME);
    let document = report.document();
    assert_eq!(document["differs"], false);
    assert_eq!(noise_of(&document), ["body /made"]);
    // Told the same time, it makes something else of it.
    assert_eq!(report.ran(ran(std::slice::from_ref(&made))), DIFFERENT);
    assert_eq!(
        report.ran(of_other_time(&[body("/made", Kind::Type)])),
        DIFFERENT
    );
    let document = report.document();
    assert_eq!(
        told(&document),
        [("/made", "changed", 1), ("/made", "type", 1)]
    );
}

#[test]
fn names_of_members_that_are_others_each_time_say_nothing() {
    let mut report = Report::default();
    let member = |name: &str, kind| body(&format!("/all/{name}"), kind);
    let mut again = ran(&[member("kx", Kind::Missing), member("qp", Kind::Added)]);
    again.differences.maps.insert("/all".to_owned());
    report.ran_again(Other::Dice, again);
    let same = [member("kx", Kind::Missing), member("zz", Kind::Added)];
    assert_eq!(report.ran(ran(&same)), SAME);
    let document = report.document();
    assert_eq!(document["differs"], false);
    assert!(noise_of(&document).contains(&"body /all/*"), "{document:#}");
    let unknown = "the names of an object's members are others each time";
    assert_eq!(document["unknown"], json!([unknown]));
    assert_eq!(report.ran(ran(&[member("kx", Kind::Changed)])), DIFFERENT);
    assert_eq!(report.ran(ran(&[body("/more", Kind::Added)])), DIFFERENT);
}

#[test]
fn a_failure_that_the_live_version_had_is_told_apart() {
    let mut report = Report::default();
    for live_failed in [true, false, true] {
        report.ran(Ran {
            failed: Some("bff-trap"),
            live_failed,
            ..ran(&[])
        });
    }
    let failed = json!([{"code": "bff-trap", "times": 3, "of_live": 2}]);
    assert_eq!(report.document()["failed"], failed);
}

#[test]
fn what_cannot_be_told_apart_is_not_the_same() {
    // A body that is no JSON, and differs each time.
    let mut report = Report::default();
    let whole = body("", Kind::Changed);
    report.ran_again(Other::Dice, ran(std::slice::from_ref(&whole)));
    report.ran(ran(&[whole]));
    let document = report.document();
    assert_eq!(document["differs"], false);
    let unknown = json!(["bodies that are no JSON differ each time"]);
    assert_eq!(document["unknown"], unknown);

    // One that has the time in it, for a run that was told another one.
    let mut report = Report::default();
    let whole = body("", Kind::Changed);
    report.ran_again(Other::Clocks, ran(std::slice::from_ref(&whole)));
    report.ran(ran(std::slice::from_ref(&whole)));
    assert_eq!(report.document()["unknown"], json!([]));
    report.ran(Ran {
        has_same_time: false,
        ..ran(&[whole])
    });
    assert_eq!(report.document()["unknown"], unknown);

    // One member of very many.
    let mut report = Report::default();
    let mut coarse = ran(&[body("/*", Kind::Changed)]);
    coarse.differences.is_coarse = true;
    report.ran_again(Other::Dice, coarse);
    let unknown = json!(["an object with very many members differs each time"]);
    assert_eq!(report.document()["unknown"], unknown);

    // More differences than one pair has room for.
    let mut report = Report::default();
    report.ran_again(Other::Dice, ran(&[body("/id", Kind::Changed)]));
    let mut cut = ran(&[body("/id", Kind::Changed)]);
    cut.differences.is_cut = true;
    assert_eq!(report.ran(cut), DIFFERENT);

    let mut report = Report::default();
    report.ran(ran(&[]));
    assert_eq!(report.document()["unknown"], json!([]));
}
