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
        cpu: Duration::ZERO,
        memory: 0,
    }
}

fn body(pointer: &str, kind: Kind) -> (Place, Kind) {
    (Place::Body(pointer.to_owned()), kind)
}

#[test]
fn where_the_live_version_differs_from_itself_a_difference_says_nothing() {
    let mut report = Report::default();
    let id = body("/id", Kind::Changed);
    let name = body("/name", Kind::Changed);
    // Also what was counted before that is known.
    assert!(!report.ran(ran(std::slice::from_ref(&id))));
    let status = (Place::Status, Kind::Changed);
    let more = body("/items/*", Kind::Added);
    report.ran_again(ran(&[id.clone(), status.clone(), more]));
    assert!(report.ran(ran(std::slice::from_ref(&id))));
    assert!(!report.ran(ran(&[id.clone(), name])));
    // Items that it has at times, it lacks at others.
    assert!(report.ran(ran(&[body("/items/*", Kind::Missing)])));
    // Another type is another thing, and a status is always told.
    assert!(!report.ran(ran(&[body("/id", Kind::Type)])));
    assert!(!report.ran(ran(&[status])));
    let document = report.document();
    let told = |part: &str| {
        let all = document[part].as_array().unwrap().iter();
        let told = all.map(|it| {
            (
                it["pointer"].clone(),
                it["kind"].clone(),
                it["times"].clone(),
            )
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(
        told("body"),
        [
            (json!("/id"), json!("type"), json!(1)),
            (json!("/name"), json!("changed"), json!(1)),
        ]
    );
    assert_eq!(told("status").len(), 1);
    assert_eq!(
        document["noise"],
        json!(["body /id", "body /items/*", "status"])
    );
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
        report.ran_again(ran(&[body(&format!("/x{number}"), Kind::Type)]));
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
    report.ran_again(Ran {
        new_calls: vec!["GET facts /a/*".to_owned()],
        ..ran(std::slice::from_ref(&facts))
    });
    // What the service was not asked again is no reason to leave this out.
    assert!(!report.ran(ran(&[facts])));
    let document = report.document();
    assert_eq!(document["differs"], true);
    assert_eq!(document["runs_of_live_with_other_calls"], 1);
    assert_eq!(document["noise"], json!([]));
}

#[test]
fn what_cannot_be_told_apart_is_not_the_same() {
    // A body that is no JSON, and differs each time.
    let mut report = Report::default();
    let whole = body("", Kind::Changed);
    report.ran_again(ran(std::slice::from_ref(&whole)));
    report.ran(ran(&[whole]));
    let document = report.document();
    assert_eq!(document["differs"], false);
    let unknown = json!(["bodies that are no JSON differ each time"]);
    assert_eq!(document["unknown"], unknown);

    // One member of very many.
    let mut report = Report::default();
    let mut coarse = ran(&[body("/*", Kind::Changed)]);
    coarse.differences.is_coarse = true;
    report.ran_again(coarse);
    let unknown = json!(["an object with very many members differs each time"]);
    assert_eq!(report.document()["unknown"], unknown);

    // More differences than one pair has room for.
    let mut report = Report::default();
    report.ran_again(ran(&[body("/id", Kind::Changed)]));
    let mut cut = ran(&[body("/id", Kind::Changed)]);
    cut.differences.is_cut = true;
    assert!(!report.ran(cut));

    let mut report = Report::default();
    report.ran(ran(&[]));
    assert_eq!(report.document()["unknown"], json!([]));
}
