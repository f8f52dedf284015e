//! A host, or what stands in front of it, that asks to be left alone for a time.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::away::{host, problem};
use super::stub::{answer, stub};
use super::{file, tailor};

/// The same answer with a time to wait.
pub(super) fn after(answer: &str, seconds: &str) -> String {
    answer.replacen("\r\n", &format!("\r\nretry-after: {seconds}\r\n"), 1)
}

#[tokio::test]
async fn a_command_asks_again_when_it_is_asked_to_and_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "1.wasm", b"x");
    let typed = ["deploy", "page", &*path, "--timeout", "60s", "--detach"];
    let proxy = answer("503 Service Unavailable", "text/html", "away");
    let limit = answer("429 Too Many Requests", "text/html", "too many");
    let pull = problem("503 Service Unavailable", "pull");
    let locked = problem("503 Service Unavailable", "store");
    let queue = problem("429 Too Many Requests", "queue");
    for (refusal, method) in [
        (pull, "POST"),
        (locked, "POST"),
        (queue, "POST"),
        (proxy, "PUT"),
        (limit, "POST"),
    ] {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (seen, busy) = (asked.clone(), after(&refusal, "1"));
        let first = move |line: &str| {
            if !line.starts_with(method) {
                return None;
            }
            let mut seen = seen.lock().unwrap();
            seen.push(Instant::now());
            (seen.len() == 1).then(|| busy.clone())
        };
        let address = stub(move |line| host(line, &first)).await;
        let said = tailor(&format!("http://{address}"), &typed).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains("; asking again in 1s"), "{said:?}");
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 2, "{refusal}");
        assert!(asked[1] - asked[0] >= Duration::from_secs(1), "{asked:?}");
    }
}

#[tokio::test]
async fn a_time_beyond_the_commands_own_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "1.wasm", b"x");
    let typed = ["deploy", "page", &*path, "--timeout", "20m"];
    for (step, code) in [("pull", 2), ("upload", 1)] {
        for seconds in ["1800", "99999999999999999999999"] {
            let busy = after(&problem("503 Service Unavailable", step), seconds);
            let refused = move |line: &str| line.starts_with("POST").then(|| busy.clone());
            let address = stub(move |line| host(line, &refused)).await;
            let said = tailor(&format!("http://{address}"), &typed).await;
            assert_eq!(said.code, code, "{said:?}");
            assert!(
                said.err.contains(&format!("503 at {step}: it is so")),
                "{said:?}"
            );
            assert!(!said.out.contains("asking again"), "{said:?}");
        }
    }
    // Without a time, something has to be mended first: a file of the operator's, or the disk.
    for (step, code) in [("pull", 2), ("store", 1)] {
        let refused = move |line: &str| {
            let refusal = || problem("503 Service Unavailable", step);
            line.starts_with("POST").then(refusal)
        };
        let address = stub(move |line| host(line, refused)).await;
        let said = tailor(&format!("http://{address}"), &typed).await;
        assert!(said.code == code && !said.out.contains("again"), "{said:?}");
    }
}
