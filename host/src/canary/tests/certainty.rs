//! What the counts exclude, and what of them counts.

use std::time::Duration;

use super::rules::{gate, good, outcome, plan, split, tickets};
use crate::canary::{Bad, Failed, Gate, Lack, Outcome, Plan, Track, Verdict};

const MINUTE: Duration = Duration::from_secs(60);

/// A plan whose first step has to be certain: few requests stay with the live version after it.
fn last_but_one() -> Plan {
    let plan = plan();
    Plan {
        steps: vec![plan.steps[0].clone(), plan.steps[2].clone()],
        ..plan
    }
}

#[test]
fn good_requests_of_clients_that_had_a_bad_one_prove_nothing() {
    let gate = gate(last_but_one());
    let of = |track| {
        let clients = (0..).map(|it: u32| split().client(&it.to_le_bytes()));
        clients.filter(move |it| it.track(10) == track)
    };
    let error = outcome(Some(Failed::Error));
    // An outage hits all clients that are there.
    for client in of(Track::Stable)
        .take(20)
        .chain(of(Track::Candidate).take(2))
    {
        gate.record(&gate.track(client), &error, "id");
    }
    for client in of(Track::Stable)
        .take(20)
        .chain(of(Track::Candidate).take(2))
    {
        for _ in 0..5_000 {
            gate.record(&gate.track(client), &outcome(None), "id");
        }
    }
    let verdict = gate.decide(MINUTE, false);
    let Verdict::Inconclusive(Lack::Certainty(Bad::Errors, extra)) = verdict else {
        panic!("{verdict:?}");
    };
    assert!(extra > 0.9, "{extra}");
    // Others do.
    for client in of(Track::Stable).skip(20).take(20_000) {
        gate.record(&gate.track(client), &outcome(None), "id");
    }
    for client in of(Track::Candidate).skip(2).take(2_000) {
        gate.record(&gate.track(client), &outcome(None), "id");
    }
    assert_eq!(gate.decide(MINUTE, false), Verdict::Advance(95));
}

#[test]
fn a_rate_that_may_be_too_high_does_not_go_on() {
    let gate = gate(last_but_one());
    good(&gate, Track::Stable, 2_700);
    good(&gate, Track::Candidate, 300);
    let ticket = tickets(&gate, 0, Track::Candidate, 1)[0];
    gate.record(&ticket, &outcome(Some(Failed::Error)), "id");
    let verdict = gate.decide(MINUTE, false);
    let Verdict::Inconclusive(Lack::Certainty(Bad::Errors, extra)) = verdict else {
        panic!("{verdict:?}");
    };
    assert!((extra - 4.7439 / 301.0).abs() < 1e-5, "{extra}");
    good(&gate, Track::Candidate, 300);
    assert_eq!(gate.decide(MINUTE, false), Verdict::Advance(95));
}

#[test]
fn what_is_certain_stays_so_where_few_requests_are_left_to_compare_with() {
    let gate = gate(last_but_one());
    good(&gate, Track::Stable, 5_400);
    good(&gate, Track::Candidate, 600);
    assert_eq!(gate.decide(MINUTE, false), Verdict::Advance(95));
    assert!(gate.advance(MINUTE));
    let error = tickets(&gate, 0, Track::Candidate, 400);
    for ticket in &error[..4] {
        gate.record(ticket, &outcome(Some(Failed::Error)), "id");
    }
    good(&gate, Track::Candidate, 396);
    assert_eq!(gate.decide(2 * MINUTE, false), Verdict::Promote);
    // A host that starts again in that step knows that it was certain, too.
    let again = Gate::new(last_but_one(), 1, MINUTE).expect("the plan is good");
    for ticket in &tickets(&again, 0, Track::Candidate, 4) {
        again.record(ticket, &outcome(Some(Failed::Error)), "id");
    }
    good(&again, Track::Stable, 2_000);
    good(&again, Track::Candidate, 396);
    assert_eq!(again.decide(2 * MINUTE, false), Verdict::Promote);
}

#[test]
fn a_client_that_went_counts_only_where_it_waited_for_too_long() {
    let gate = gate(plan());
    good(&gate, Track::Stable, 2_000);
    let gone = |millis| Outcome {
        time: Duration::from_millis(millis),
        is_gone: true,
        ..outcome(None)
    };
    let ticket = tickets(&gate, 0, Track::Candidate, 1)[0];
    gate.record(&ticket, &gone(5), "id");
    assert_eq!(gate.evidence().candidate.requests, 0);
    gate.record(&ticket, &gone(500), "id");
    let counts = gate.evidence().candidate;
    assert_eq!((counts.requests, counts.bad), (1, [0, 0, 1, 0]));
}

#[test]
fn who_looks_at_a_rollout_changes_nothing_of_it() {
    let gate = gate(last_but_one());
    good(&gate, Track::Stable, 1_000);
    good(&gate, Track::Candidate, 400);
    // What is slow would be fixed by a decision at this time, and what is certain kept.
    assert_eq!(gate.lacks(MINUTE), Some(Lack::Requests(300)));
    assert_eq!(gate.evidence().slow_from, None);
    good(&gate, Track::Stable, 2_000);
    let lacks = gate.lacks(MINUTE / 2);
    assert_eq!(lacks, Some(Lack::Time(MINUTE / 2)));
    let bad = |track, number| tickets(&gate, 0, track, number);
    for ticket in bad(Track::Stable, 1)
        .iter()
        .chain(&bad(Track::Candidate, 3))
    {
        gate.record(ticket, &outcome(Some(Failed::Error)), "id");
    }
    good(&gate, Track::Candidate, 300);
    let lacks = gate.lacks(MINUTE);
    assert!(
        matches!(lacks, Some(Lack::Certainty(Bad::Errors, _))),
        "{lacks:?}"
    );
    let Verdict::Inconclusive(decided) = gate.decide(MINUTE, false) else {
        panic!("it is not certain");
    };
    assert_eq!(lacks, Some(decided));
}
