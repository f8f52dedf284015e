//! One rule each, without chance.

use std::time::Duration;

use crate::canary::{
    Bad, Failed, Gate, Inconclusive, Lack, Outcome, Plan, PlanError, Rule, Split, Step, Ticket,
    Track, Verdict,
};

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn plan() -> Plan {
    let step = |percent| Step {
        percent,
        min_time: MINUTE,
    };
    Plan {
        steps: vec![step(10), step(50), step(95)],
        max_duration: 60 * MINUTE,
        ..Plan::default()
    }
}

pub(super) fn gate(plan: Plan) -> Gate {
    Gate::new(plan, 0, Duration::ZERO).expect("the plan is good")
}

pub(super) fn split() -> Split {
    Split::new([7; 16])
}

/// Requests from a number on, until this number of them got the track.
pub(super) fn tickets(gate: &Gate, from: u64, track: Track, number: usize) -> Vec<Ticket> {
    let split = split();
    let tickets = (from..).map(|it| gate.track(split.request(it)));
    tickets
        .filter(|it| it.track() == track)
        .take(number)
        .collect()
}

pub(super) fn outcome(failed: Option<Failed>) -> Outcome {
    Outcome {
        failed,
        time: Duration::from_millis(10),
        cpu: Duration::from_micros(300),
        is_gone: false,
    }
}

pub(super) fn good(gate: &Gate, track: Track, number: usize) {
    for ticket in tickets(gate, 0, track, number) {
        gate.record(&ticket, &outcome(None), "good");
    }
}

#[test]
fn a_good_candidate_goes_through_the_plan() {
    let gate = gate(plan());
    let mut now = Duration::ZERO;
    for next in [Some(50), Some(95), None] {
        good(&gate, Track::Stable, 300);
        let verdict = gate.decide(now + MINUTE / 2, false);
        assert_eq!(verdict, Verdict::Wait(Lack::Time(MINUTE / 2)));
        good(&gate, Track::Candidate, 299);
        now += MINUTE;
        let verdict = gate.decide(now, false);
        assert_eq!(verdict, Verdict::Inconclusive(Lack::Requests(1)));
        good(&gate, Track::Candidate, 1);
        assert_eq!(gate.decide(now, true), Verdict::Paused);
        let verdict = gate.decide(now, false);
        assert_eq!(verdict, next.map_or(Verdict::Promote, Verdict::Advance));
        assert_eq!(gate.advance(now), next.is_some());
        if next.is_some() {
            assert_eq!(gate.evidence().candidate.requests, 0);
        }
    }
    assert_eq!(gate.evidence().slow_from, Some(12_000));
}

#[test]
fn three_traps_go_back_also_when_it_is_paused() {
    let gate = gate(plan());
    good(&gate, Track::Stable, 100);
    for (at, ticket) in tickets(&gate, 0, Track::Candidate, 5).iter().enumerate() {
        let breaks = gate.record(
            ticket,
            &outcome(Some(Failed::Trap)),
            &format!("request-{at}"),
        );
        assert_eq!(breaks, at == 2, "the third one breaks the rule, once");
    }
    let Verdict::Back(evidence) = gate.decide(Duration::from_secs(1), true) else {
        panic!("it goes back");
    };
    assert_eq!(evidence.rule, Some(Rule::Test(Bad::Traps)));
    assert_eq!(evidence.requests, ["request-0", "request-1", "request-2"]);
    assert_eq!((evidence.percent, evidence.bound), (10, 200.0));
    assert_eq!(evidence.candidate.bad, [0, 5, 0, 0]);
    assert_eq!(
        (evidence.stable.requests, evidence.stable.bad),
        (100, [0; 4])
    );
    let [errors, traps, ..] = evidence.scores;
    assert!(
        (errors.e - 1.0).abs() < 1e-9 && traps.e > 200.0,
        "{evidence:?}"
    );
    // Good requests afterwards change nothing, nor does the next step.
    good(&gate, Track::Candidate, 1_000);
    gate.advance(MINUTE);
    assert!(matches!(gate.decide(MINUTE, true), Verdict::Back(_)));
}

#[test]
fn a_trap_of_the_stable_version_speaks_for_the_candidate_and_is_not_named() {
    let gate = gate(plan());
    let trap = outcome(Some(Failed::Trap));
    gate.record(&tickets(&gate, 0, Track::Stable, 1)[0], &trap, "stable");
    for (at, ticket) in tickets(&gate, 0, Track::Candidate, 4).iter().enumerate() {
        // Without the one, three are enough.
        assert_eq!(
            gate.record(ticket, &trap, &format!("request-{at}")),
            at == 3
        );
    }
    let evidence = gate.evidence();
    assert_eq!(evidence.requests, ["request-0", "request-1", "request-2"]);
    assert_eq!((evidence.stable.bad[1], evidence.candidate.bad[1]), (1, 4));
}

#[test]
fn a_client_counts_once_for_each_kind() {
    let gate = gate(plan());
    let clients = (0..).map(|it: u32| split().client(&it.to_le_bytes()));
    let mut clients = clients.filter(|it| it.track(10) == Track::Candidate);
    let (one, other) = (clients.next().expect("one"), clients.next().expect("other"));
    for client in [one, one, one, one, other, one] {
        gate.record(&gate.track(client), &outcome(Some(Failed::Trap)), "id");
    }
    gate.record(&gate.track(one), &outcome(Some(Failed::Error)), "id");
    let evidence = gate.evidence();
    assert_eq!(evidence.candidate.bad, [1, 2, 0, 0]);
    assert_eq!(evidence.candidate.repeated, [0, 5, 0, 0]);
    assert_eq!((evidence.candidate.requests, evidence.rule), (7, None));
}

#[test]
fn a_client_counts_again_in_the_next_step() {
    let gate = gate(plan());
    let mut clients = (0..).map(|it: u32| split().client(&it.to_le_bytes()));
    let one = clients.find(|it| it.track(10) == Track::Candidate);
    let one = one.expect("one of ten");
    for step in 0..3 {
        for _ in 0..2 {
            gate.record(&gate.track(one), &outcome(Some(Failed::Trap)), "id");
        }
        let counts = gate.evidence().candidate;
        let found = (counts.requests, counts.bad, counts.repeated);
        assert_eq!(found, (2, [0, 1, 0, 0], [0, 1, 0, 0]), "step {step}");
        gate.advance(MINUTE);
    }
}

#[test]
fn what_is_slow_is_what_the_stable_version_says() {
    let gate = gate(plan());
    let slow = Outcome {
        time: Duration::from_secs(1),
        cpu: Duration::from_millis(2),
        is_gone: false,
        ..outcome(None)
    };
    for ticket in tickets(&gate, 0, Track::Candidate, 500) {
        gate.record(&ticket, &slow, "early");
    }
    good(&gate, Track::Stable, 200);
    // Two thousand would fix it at once, and half of the step's time is enough for 200.
    gate.decide(MINUTE / 2 - Duration::from_secs(1), false);
    assert_eq!(gate.evidence().slow_from, None);
    gate.decide(MINUTE / 2, false);
    let evidence = gate.evidence();
    assert_eq!(
        (evidence.slow_from, evidence.cpu_from),
        (Some(12_000), Some(1_300))
    );
    assert_eq!(
        evidence.candidate.bad, [0; 4],
        "what came before is not judged"
    );
    for ticket in tickets(&gate, 0, Track::Candidate, 3) {
        gate.record(&ticket, &slow, "late");
    }
    assert_eq!(gate.evidence().candidate.bad, [0, 0, 3, 3]);
    assert_eq!(gate.evidence().rule, Some(Rule::Test(Bad::Latency)));
}

#[test]
fn nothing_goes_on_before_enough_requests_are_compared_with_what_is_slow() {
    let gate = gate(plan());
    good(&gate, Track::Stable, 250);
    good(&gate, Track::Candidate, 1_000);
    // Half of the time is over, and it is fixed with this.
    let verdict = gate.decide(MINUTE, false);
    assert_eq!(verdict, Verdict::Inconclusive(Lack::Requests(300)));
    good(&gate, Track::Candidate, 300);
    assert_eq!(gate.decide(MINUTE, false), Verdict::Advance(50));
}

#[test]
fn a_greater_share_moves_clients_one_way_only() {
    let clients = (0_u32..20_000).map(|it| split().client(&it.to_le_bytes()));
    let clients: Vec<_> = clients.collect();
    for (percent, about) in [
        (1, 200),
        (10, 2_000),
        (50, 10_000),
        (95, 19_000),
        (99, 19_800),
    ] {
        let on = |percent| {
            move |it: &&_| crate::canary::Client::track(**it, percent) == Track::Candidate
        };
        let number = clients.iter().filter(on(percent)).count();
        assert!(number.abs_diff(about) < 250, "{percent} %: {number}");
        let back = clients
            .iter()
            .filter(on(percent))
            .filter(|it| !on(percent + 1)(it));
        assert_eq!(back.count(), 0);
    }
    let other = Split::new([8; 16]);
    let changed = (0_u32..20_000).filter(|it| {
        let key = it.to_le_bytes();
        split().client(&key).track(50) != other.client(&key).track(50)
    });
    assert!(
        changed.count().abs_diff(10_000) < 500,
        "each rollout has clients of its own"
    );
}

#[test]
fn too_little_traffic_is_no_verdict_and_ends_as_the_operator_says() {
    let gate = gate(plan());
    good(&gate, Track::Stable, 2_000);
    good(&gate, Track::Candidate, 10);
    let verdict = gate.decide(59 * MINUTE, false);
    assert_eq!(verdict, Verdict::Inconclusive(Lack::Requests(290)));
    let verdict = gate.decide(60 * MINUTE, true);
    assert_eq!(verdict, Verdict::Wait(Lack::Requests(290)), "paused");
    let Verdict::Back(evidence) = gate.decide(60 * MINUTE, false) else {
        panic!("it goes back");
    };
    assert_eq!(evidence.rule, Some(Rule::NotEnoughEvidence));
    let brave = Plan {
        on_inconclusive: Inconclusive::Promote,
        ..plan()
    };
    assert_eq!(
        self::gate(brave).decide(60 * MINUTE, false),
        Verdict::Promote
    );
}

#[test]
fn a_request_of_the_step_before_counts_no_more() {
    let gate = gate(plan());
    let ticket = tickets(&gate, 0, Track::Candidate, 1)[0];
    assert!(gate.advance(MINUTE));
    gate.record(&ticket, &outcome(Some(Failed::Trap)), "id");
    let evidence = gate.evidence();
    assert_eq!(
        (evidence.percent, evidence.candidate),
        (50, Default::default())
    );
    assert_eq!(evidence.bound, 400.0);
}

#[test]
fn a_gate_may_begin_at_any_step_and_ends_with_the_last() {
    let gate = Gate::new(plan(), 2, MINUTE).expect("the plan is good");
    assert_eq!((gate.step(), gate.evidence().percent), (2, 95));
    assert!(!gate.advance(MINUTE));
    assert_eq!(gate.step(), 2);
}

#[test]
fn all_bounds_of_a_rollout_are_false_in_one_of_100_at_most() {
    for steps in 1..=10 {
        let steps: Vec<Step> = (1..=steps)
            .map(|it| Step {
                percent: 9 * it,
                min_time: MINUTE,
            })
            .collect();
        let plan = Plan { steps, ..plan() };
        assert_eq!(plan.check(), Ok(()));
        let wrong: f64 = (0..plan.steps.len()).map(|it| 1.0 / plan.bound(it)).sum();
        assert!((wrong - 0.01).abs() < 1e-9, "{wrong}");
    }
}

#[test]
fn plans_that_no_gate_could_follow_are_refused() {
    let with = |change: fn(&mut Plan)| {
        let mut plan = plan();
        change(&mut plan);
        plan.check()
    };
    assert_eq!(Plan::default().check(), Ok(()));
    assert_eq!(with(|it| it.steps.clear()), Err(PlanError::Steps(0)));
    assert_eq!(
        with(|it| it.steps[1].percent = 10),
        Err(PlanError::Share(10))
    );
    assert_eq!(with(|it| it.steps[0].percent = 0), Err(PlanError::Share(0)));
    assert_eq!(
        with(|it| it.steps[2].percent = 100),
        Err(PlanError::Share(100))
    );
    assert_eq!(with(|it| it.margin = 0.5), Err(PlanError::Margin));
    assert_eq!(with(|it| it.margin = f64::NAN), Err(PlanError::Margin));
    assert_eq!(
        with(|it| it.max_extra_rate = 0.0),
        Err(PlanError::ExtraRate)
    );
    let short = with(|it| it.max_duration = 3 * MINUTE);
    assert_eq!(short, Err(PlanError::Duration(3 * MINUTE)));
}

#[test]
fn nothing_is_lost_where_many_threads_record() {
    let gate = gate(plan());
    let split = split();
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let (gate, split) = (&gate, &split);
            scope.spawn(move || {
                for number in 0..10_000 {
                    let ticket = gate.track(split.request(thread * 10_000 + number));
                    let failed = (number % 100 == 0).then_some(Failed::Error);
                    gate.record(&ticket, &outcome(failed), "id");
                }
            });
        }
    });
    let evidence = gate.evidence();
    let (stable, candidate) = (evidence.stable, evidence.candidate);
    assert_eq!(stable.requests + candidate.requests, 40_000);
    assert_eq!(stable.bad[0] + candidate.bad[0], 400);
    assert_eq!(evidence.slow_from, Some(12_000), "2,000 were measured");
}
