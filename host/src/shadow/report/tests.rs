use super::*;

fn differences(all: &[(Place, Kind)]) -> Differences {
    let all = all.iter().cloned().map(|it| (it, Example::default()));
    Differences {
        all: all.collect(),
        is_cut: false,
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
    report.ran_again(differences(&[id.clone(), status.clone(), more]));
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
        report.ran_again(differences(&[body(&format!("/x{number}"), Kind::Type)]));
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
    let usage = json!({"cpu_us_p50": 200, "cpu_us_p95": 380, "memory": 399});
    assert_eq!(document["usage"]["candidate"], usage);
    assert_eq!(document["usage"]["live"], Value::Null);
    for _ in 0..2 * MAX_SAMPLES {
        report.used(Side::Live, Duration::from_micros(7), 1);
    }
    assert_eq!(report.live.cpu.len(), MAX_SAMPLES);
}
