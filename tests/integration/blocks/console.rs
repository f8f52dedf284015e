//! What the pages ask the demo, with `curl`, and what they show as its answers.

use downstream_mock::Services;
use tailor_harness::TestHost;

use super::block;
use super::shell::{installed, run};
use crate::smoke;

/// What stands on a page, with the addresses of this demo.
fn here(text: &str, host: &TestHost, services: &Services) -> String {
    let admin = host.host().admin_address().unwrap().to_string();
    text.replace("127.0.0.1:8080", &host.address().to_string())
        .replace("127.0.0.1:8081", &admin)
        .replace("http://127.0.0.1:9100", &services.control_url())
}

/// Runs lines of shell that have to end well, beside the demo.
async fn run_beside(script: String) -> String {
    let folder = std::env::temp_dir();
    tokio::task::spawn_blocking(move || run(&folder, &script))
        .await
        .unwrap()
}

/// The commands of a transcript, each with what it shows as printed.
fn commands(transcript: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in transcript.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            commands.push((command.to_owned(), String::new()));
        } else if let Some((_, printed)) = commands.last_mut() {
            printed.push_str(line);
            printed.push('\n');
        }
    }
    commands
}

/// An answer without what differs each time: its date, its ids, the order of its fields, and how
/// its lines are broken.
fn plain(answer: &str) -> String {
    let lines = answer.lines().map(str::trim_end);
    let mut lines: Vec<&str> = lines
        .map(|line| {
            if line.starts_with("date: ") {
                "date"
            } else {
                line
            }
        })
        .collect();
    if answer.starts_with("HTTP/") {
        let head = lines.iter().position(|line| line.is_empty());
        lines[..head.unwrap_or(0)].sort_unstable();
    }
    let mut plain = lines.concat();
    let mut from = 0;
    while let Some(at) = first_id(&plain, from) {
        plain.replace_range(at..at + ID, "id");
        from = at;
    }
    plain
}

/// Hexadecimal digits of a request id.
const ID: usize = 32;

fn first_id(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let hexadecimal = |at: usize| {
        let digits = bytes.get(at..at + ID);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    (from..bytes.len()).find(|at| hexadecimal(*at))
}

/// Whether an answer is the one that is shown, where `...` stands for any text.
fn is_shown(answer: &str, shown: &str) -> bool {
    let (answer, shown) = (plain(answer), plain(shown).replace(" ...", "..."));
    let parts: Vec<&str> = shown.split("...").collect();
    let [first, between @ .., last] = &*parts else {
        return answer == shown;
    };
    let Some(mut rest) = answer.strip_prefix(first) else {
        return false;
    };
    for part in between {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn only_dates_ids_and_what_is_left_out_may_differ() {
    let (one, other) = ("0".repeat(ID), "a".repeat(ID));
    assert!(is_shown(
        &format!("HTTP/1.1 200 OK\r\nx-request-id: {one}\r\ndate: today\r\n\r\n[1,2,3]"),
        &format!("HTTP/1.1 200 OK\nx-request-id: {other}\ndate: then\n\n[1,...3]\n")
    ));
    assert!(!is_shown("HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"));
    assert!(is_shown("[1,[2],[3]]", "[1,...]"));
    assert!(!is_shown("[1,2,3,4]", "[1,...3]"));
}

/// Runs the commands of a transcript, and fails where a page shows another answer.
pub(super) async fn holds(page: &str, begins: &str, host: &TestHost, services: &Services) {
    for (command, shown) in commands(&block(page, begins)) {
        let command = here(&command, host, services);
        let answer = run_beside(command.replacen("curl", "curl -sS", 1)).await;
        assert!(
            is_shown(&answer, &shown),
            "{page}: {command}\nshows:\n{shown}\nand is answered:\n{answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_answers_as_the_pages_show() {
    if !installed("curl") {
        eprintln!("skipped: there is no curl");
        return;
    }
    let services = Services::start().unwrap();
    let host = smoke::host(&services).await;
    for (page, begins) in [
        ("README.md", "$ curl 'http://127.0.0.1:8080/watch/ada"),
        (
            "docs/start.md",
            "$ curl -i 'http://127.0.0.1:8080/watch/ada",
        ),
        ("docs/start.md", "$ curl -X PUT"),
        ("docs/start.md", "$ curl -i 'http://127.0.0.1:8080/nowhere'"),
    ] {
        holds(page, begins, &host, &services).await;
    }
    for (page, begins) in [
        ("docs/start.md", "curl http://127.0.0.1:8081/bffs"),
        ("docs/reference/admin.md", "curl -X POST"),
    ] {
        let script = here(&block(page, begins), &host, &services);
        run_beside(script.replace("curl ", "curl -sS --fail-with-body ")).await;
    }
}
