use super::*;

const fn us(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn call(service: &'static str, outcome: &'static str) -> CallTiming<'static> {
    CallTiming {
        service,
        outcome,
        total: us(12_300),
        queue: Duration::ZERO,
        connect: Duration::ZERO,
        first_byte: Duration::ZERO,
        body: Duration::ZERO,
    }
}

fn text(timing: &Timing<'_>) -> String {
    value(timing).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn each_call_is_listed_with_the_parts_that_took_time() {
    let calls = [
        CallTiming {
            queue: us(40),
            first_byte: us(11_000),
            body: us(1_205),
            ..call("activity", "live")
        },
        call("goals", "timeout"),
    ];
    let timing = Timing {
        calls: &calls,
        guest_cpu: us(400),
        total: us(13_007),
    };
    assert_eq!(
        text(&timing),
        "call1;desc=\"activity live\";dur=12.3, call1-queue;dur=0.04, call1-first-byte;dur=11.0, call1-body;dur=1.205, \
         call2;desc=\"goals timeout\";dur=12.3, guest-cpu;dur=0.4, total;dur=13.007"
    );
}

#[test]
fn a_call_without_time_has_no_parts_and_calls_past_the_sixteenth_are_left_out() {
    let calls = [CallTiming {
        // Less than the last decimal.
        connect: Duration::from_nanos(999),
        ..call("a", "live")
    }; 40];
    let timing = Timing {
        calls: &calls,
        guest_cpu: Duration::ZERO,
        total: Duration::ZERO,
    };
    let text = text(&timing);
    assert!(!text.contains("connect"), "{text}");
    assert!(
        text.contains("call16;desc") && !text.contains("call17"),
        "{text}"
    );
    assert!(
        text.ends_with(", guest-cpu;dur=0.0, total;dur=0.0"),
        "{text}"
    );
}

#[test]
fn what_can_not_be_a_value_is_none() {
    let calls = [call("a\r\nx: y", "live")];
    let timing = Timing {
        calls: &calls,
        guest_cpu: Duration::ZERO,
        total: Duration::ZERO,
    };
    assert_eq!(value(&timing), None);
}

#[test]
fn every_duration_reads_as_it_was_to_the_microsecond() {
    for micros in (0..3_000).chain([999_999, 1_000_000, 123_456_789]) {
        let mut text = String::new();
        push_ms(&mut text, us(micros));
        let (whole, decimals) = text.split_once('.').unwrap();
        assert!((1..=3).contains(&decimals.len()), "{text}");
        let read: u64 = format!("{whole}{decimals:0<3}").parse().unwrap();
        assert_eq!(read, micros, "{text}");
    }
}
