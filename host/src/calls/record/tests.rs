use super::*;

fn record(service: &str, outcome: Result<u16, &'static str>) -> CallRecord {
    CallRecord {
        service: service.into(),
        target: None,
        started: Instant::now(),
        outcome,
        took: Duration::ZERO,
        bytes: 1,
        sent: 2,
        calls: 1,
        trace: Trace::default(),
    }
}

/// The records of these calls: service and number.
fn kept(calls: impl IntoIterator<Item = CallRecord>) -> Vec<(String, u32)> {
    let mut records = Vec::new();
    for call in calls {
        call.add_to(&mut records);
    }
    let kept = records.iter();
    kept.map(|record| (record.service.to_string(), record.calls))
        .collect()
}

#[test]
fn each_call_has_its_record_but_for_those_past_the_budget() {
    let exhausted = |service| record(service, Err("exhausted"));
    let calls = [
        record("a", Ok(200)),
        record("a", Ok(200)),
        exhausted("a"),
        exhausted("b"),
        record("a", Err("timeout")),
        exhausted("a"),
        exhausted("a"),
    ];
    let expected = [("a", 1), ("a", 1), ("a", 3), ("b", 1), ("a", 1)];
    assert_eq!(
        kept(calls),
        expected.map(|(service, calls)| (service.to_owned(), calls))
    );
}

#[test]
fn past_a_number_calls_that_ended_alike_are_one_and_what_failed_is_never_left_out() {
    let good = (0..1000).map(|_| record("a", Ok(200)));
    let bad = (0..1000).map(|_| record("a", Err("timeout")));
    let calls = kept(good.chain(bad));
    assert_eq!(calls.len(), MAX_RECORDS + 1);
    assert_eq!(calls[0].1 as usize, 1000 - MAX_RECORDS + 1);
    assert_eq!(calls[MAX_RECORDS].1, 1000);
    // The number of made-up names is limited.
    let made_up = (0..1000).map(|number| record(&number.to_string(), Err("denied")));
    let kept = kept(made_up);
    assert_eq!(kept.len(), MOST_RECORDS + 1);
    let others = (OTHERS.to_owned(), 1000 - MOST_RECORDS as u32);
    assert_eq!(kept.last(), Some(&others));
}

#[test]
fn stale_answers_that_are_one_have_the_age_of_the_oldest() {
    let stale = |age| {
        let mut record = record("a", Ok(200));
        record.trace.source = Source::Stale;
        record.trace.age = Duration::from_secs(age);
        record
    };
    let mut records: Vec<_> = (0..MAX_RECORDS).map(|_| record("a", Ok(200))).collect();
    for age in [3, 9, 4] {
        stale(age).add_to(&mut records);
    }
    let last = records.last().unwrap();
    assert_eq!((last.calls, last.bytes), (3, 3));
    assert_eq!(last.trace.age, Duration::from_secs(9));
    assert_eq!(parts(&records).len(), 1);
}
