//! Crates that Rust authors use elsewhere, in a component: random numbers, ids, times, printing.

use tailor_harness::{Offline, components};

fn offline() -> Offline {
    Offline::from_file(&components::crates().unwrap()).unwrap()
}

async fn text(offline: &Offline, path: &str) -> String {
    let response = offline.get(path).await.result.unwrap();
    assert_eq!(response.status, 200, "{path}");
    String::from_utf8(response.body.to_vec()).unwrap()
}

#[tokio::test]
async fn random_numbers_and_ids_are_the_host_s_and_differ_between_requests() {
    let offline = offline();
    for path in ["/uuid", "/uuid-7", "/rand", "/getrandom-3", "/getrandom-2"] {
        let first = text(&offline, path).await;
        let second = text(&offline, path).await;
        assert_ne!(first, second, "{path}");
        assert!(!first.contains("nothing"), "{path}: {first}");
    }
    let id = text(&offline, "/uuid").await;
    assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'), "{id}");
}

#[tokio::test]
async fn times_of_chrono_are_the_host_s() {
    let offline = offline();
    let before = chrono_day(&text(&offline, "/tomorrow").await);
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() / 86_400;
    // The day may have ended in between.
    assert!(before == now + 1 || before == now, "{before} {now}");
}

/// Days from 1970-01-01 to the date of an RFC 3339 time, by counting.
fn chrono_day(time: &str) -> u64 {
    let part = |range: std::ops::Range<usize>| time[range].parse::<u64>().unwrap();
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let years: u64 = (1970..year).map(|it| 365 + u64::from(leap(it))).sum();
    let february = 28 + u64::from(leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30];
    let months: u64 = lengths
        .iter()
        .take(usize::try_from(month - 1).unwrap())
        .sum();
    years + months + day - 1
}

#[tokio::test]
async fn what_the_kit_s_macros_print_is_in_the_log() {
    let log = offline().get("/print").await.log;
    let lines: Vec<_> = log
        .iter()
        .map(|line| (line.level, line.message.as_str()))
        .collect();
    assert_eq!(lines, [("info", "7 steps"), ("warn", "no pulse")]);
}
