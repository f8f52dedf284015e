//! How long the live version's differences from itself hide those of the candidate.

use super::*;

/// A report on this number of runs of the live version, of which those at `odd` differ at these
/// places. After each, twenty of the candidate differ at the same places.
fn after(again: u64, odd: &[u64], places: &[(Place, Kind)]) -> Report {
    let mut report = Report::default();
    for number in 0..again {
        let differs = odd.contains(&number);
        let of_live = if differs { places } else { &[] };
        report.ran_again(Other::Dice, ran(of_live));
        for _ in 0..20 {
            report.ran(ran(places));
        }
    }
    report
}

#[test]
fn one_odd_run_of_the_live_version_does_not_hide_what_differs_in_every_run() {
    let name = body("/name", Kind::Changed);
    let early = after(4, &[0], std::slice::from_ref(&name)).document();
    assert_eq!(early["differs"], false);
    assert_eq!(early["noise"][0]["left_out"], 80);

    let mut report = after(10, &[0], std::slice::from_ref(&name));
    let document = report.document();
    assert_eq!(document["differs"], true);
    let row = &document["body"][0];
    assert_eq!(
        (&row["times"], &row["of_live"], &row["runs_of_live"]),
        (&json!(200), &json!(1), &json!(10))
    );
    let masked = json!({"place": "body /name", "kind": "changed", "of_live": 1,
        "runs_of_live": 10, "left_out": 0});
    assert_eq!(document["noise"], json!([masked]));
    // From then on each such run is another one.
    assert_eq!(report.ran(ran(&[name])), DIFFERENT);
}

#[test]
fn what_the_live_version_has_in_some_runs_hides_as_much_of_the_candidate() {
    let name = body("/name", Kind::Changed);
    let half: Vec<u64> = (0..10).step_by(2).collect();
    let mut report = after(10, &half, std::slice::from_ref(&name));
    let document = report.document();
    assert_eq!(document["differs"], false);
    assert_eq!(document["noise"][0]["left_out"], 200);
    assert_eq!(report.ran(ran(&[name])), SAME);
}

#[test]
fn one_odd_run_hides_neither_members_nor_calls_nor_a_body_that_is_no_json() {
    let mut report = Report::default();
    for number in 0..10 {
        let gone = body("/all/total", Kind::Missing);
        let mut again = ran(&[]);
        if number == 0 {
            again.differences.maps.insert("/all".to_owned());
        }
        report.ran_again(Other::Dice, again);
        (0..20).for_each(|_| _ = report.ran(ran(std::slice::from_ref(&gone))));
    }
    assert_eq!(told(&report.document()), [("/all/total", "missing", 200)]);

    let mut report = Report::default();
    let other_call = || Ran {
        new_calls: vec!["GET facts /a/*".to_owned()],
        missing_calls: vec!["GET facts /a/*".to_owned()],
        ..ran(&[])
    };
    report.ran_again(Other::Dice, other_call());
    (0..10).for_each(|_| report.ran_again(Other::Dice, ran(&[])));
    let ran_as = |report: &mut Report| report.ran(other_call());
    let all = [(); 100].map(|()| ran_as(&mut report));
    assert_eq!(all.iter().filter(|it| **it == DIFFERENT).count(), 100);
    assert_eq!(report.document()["differs"], true);

    let whole = body("", Kind::Changed);
    let mut report = after(10, &[3], std::slice::from_ref(&whole));
    let document = report.document();
    assert_eq!(
        (&document["differs"], &document["unknown"]),
        (&json!(true), &json!([]))
    );
    // Another time says nothing of runs that were told the same one.
    report.ran_again(Other::Clocks, ran(&[whole]));
    assert_eq!(report.document()["differs"], true);
}

#[test]
fn one_odd_time_does_not_hide_what_differs_at_every_other_time() {
    let mut report = Report::default();
    let made = body("/made", Kind::Changed);
    let of_other_time = || Ran {
        has_same_time: false,
        ..ran(std::slice::from_ref(&made))
    };
    report.ran_again(Other::Clocks, ran(std::slice::from_ref(&made)));
    assert_eq!(report.ran(of_other_time()), SAME);
    for _ in 0..9 {
        report.ran_again(Other::Clocks, ran(&[]));
        report.ran(of_other_time());
    }
    let document = report.document();
    assert_eq!(told(&document), [("/made", "changed", 10)]);
    assert_eq!(document["body"][0]["of_live"], 1);
}
