//! Paths that could lead elsewhere: both sides of the host are checked with one table, and what
//! leaves the host with models of the programs that read it.

mod random;
mod table;

use bytes::Bytes;
use downstream_mock::scripted::{Response, ScriptedService};
use http::StatusCode;
use http_body_util::Full;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tailor::config::{CallPattern, Segment};
use tailor_harness::readers::Reader;
use tailor_harness::{Offline, TestHost, reply};

use crate::downstream::relay::relay;
use crate::modules::{self, Part};
use crate::wire::{Wire, get};

/// Grants under which a guest may try the table.
const GRANTS: [&str; 2] = ["GET /users/*/days", "GET /users/**"];

/// A pattern as the operator writes it.
fn pattern(text: &str) -> CallPattern {
    let (method, path) = text.split_once(' ').unwrap();
    let segments = path[1..].split('/').map(|segment| match segment {
        "*" => Segment::One,
        "**" => Segment::Rest,
        text => Segment::Text(text.to_owned()),
    });
    CallPattern {
        method: Some(method.parse().unwrap()),
        segments: segments.collect(),
    }
}

/// A guest that makes a call for each path of its requests, under a grant. The rules for clients do
/// not apply.
struct Caller {
    guest: Offline,
    made: usize,
}

impl Caller {
    fn new(guest: &Offline, grant: &str) -> Self {
        let allow = vec![pattern(grant)];
        let guest = guest
            .again()
            .service("offline", async |_| Ok(reply(StatusCode::OK, "")))
            .settings(|bff| {
                bff.allow.insert("offline".to_owned(), allow);
            });
        Self { guest, made: 0 }
    }

    /// The target that was sent for this path; `None` when nothing was.
    async fn sent(&mut self, path: &str) -> Option<String> {
        let invoked = self.guest.get(path).await;
        let status = invoked.result.unwrap().status.as_u16();
        let asked = self.guest.asked();
        let sent = asked.get(self.made).map(|call| call.target.clone());
        self.made = asked.len();
        assert_eq!(status == 200, sent.is_some(), "{path}: {status}");
        sent
    }
}

fn guest() -> Offline {
    Offline::from_bytes(&relay("v1", None)).unwrap()
}

#[tokio::test]
async fn a_guests_hostile_path_is_not_sent_whatever_is_granted() {
    let guest = guest();
    for grant in GRANTS {
        let mut caller = Caller::new(&guest, grant);
        for (path, refused) in table::rows() {
            let sent = caller.sent(path).await;
            let expected = (!refused).then(|| path.to_owned());
            assert_eq!(sent, expected, "{path} under {grant}");
        }
    }
}

#[tokio::test]
async fn a_clients_hostile_path_reaches_no_bff() {
    let echo = modules::echo(Part::Path);
    let builder = TestHost::builder().unwrap().file("echo.wasm", &echo);
    let config = "[bff.echo]\ncomponent = \"echo.wasm\"\n[[route]]\nbff = \"echo\"\n";
    let host = builder.unwrap().config(config).start().await.unwrap();
    for (path, refused) in table::rows() {
        let answer = Wire::ask(host.address(), &get(path, "")).await;
        if refused {
            assert_eq!(
                (answer.status, answer.code()),
                (400, "bad-request"),
                "{path}"
            );
        } else {
            assert_eq!((answer.status, &*answer.body), (200, path), "{path}");
        }
    }
}

/// Whether a path, as one reader read it, is one of those that the pattern grants.
fn granted(pattern: &CallPattern, read: &[u8]) -> bool {
    // Readers may or may not distinguish a slash at the end.
    let read = read.strip_suffix(b"/").unwrap_or(read);
    let mut given = read.split(|byte| *byte == b'/').skip(1);
    for segment in &pattern.segments {
        let fits = match (segment, given.next()) {
            (Segment::Rest, _) => return true,
            (_, None) => false,
            (Segment::Text(text), Some(given)) => text.as_bytes() == given,
            (Segment::One, Some(given)) => !given.is_empty(),
        };
        if !fits {
            return false;
        }
    }
    given.next().is_none()
}

/// What is wrong with a path that was sent, if anything.
fn misread(grant: &str, sent: &str) -> Option<String> {
    // A service may be below a path of its own.
    for prefix in ["", "/api/v1"] {
        let pattern = pattern(&grant.replacen(' ', &format!(" {prefix}"), 1));
        for reader in Reader::ALL {
            let read = reader.read(&format!("{prefix}{sent}"));
            // A refused path is not misread.
            if let Some(read) = read.filter(|read| !granted(&pattern, read)) {
                let read = String::from_utf8_lossy(&read).into_owned();
                return Some(format!("{sent} under {grant}: {reader:?} reads {read}"));
            }
        }
    }
    None
}

#[test]
fn what_is_sent_stays_below_what_is_granted_for_every_reader() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let guest = guest();
    for grant in ["GET /users/*/days", "GET /users/*", "GET /users/**"] {
        let mut caller = Caller::new(&guest, grant);
        let (mut sent, mut refused) = (0, 0);
        let mut runner = TestRunner::deterministic();
        for _ in 0..1_000 {
            let path = random::path().new_tree(&mut runner).unwrap().current();
            match runtime.block_on(caller.sent(&path)) {
                Some(target) => {
                    sent += 1;
                    assert_eq!(target, path, "sent as it is");
                    assert_eq!(misread(grant, &target), None);
                }
                None => refused += 1,
            }
        }
        assert!(
            sent > 50 && refused > 50,
            "{grant}: {sent} sent, {refused} refused"
        );
    }
}

proptest! {
    /// The rules alone, for many more paths than a guest could be asked for.
    #[test]
    fn a_path_that_passes_the_rules_is_read_alike(path in random::path()) {
        if tailor::path::check(&path).is_ok() {
            prop_assert_eq!(misread("GET /users/**", &path), None);
            // The same number of segments to all readers.
            let segments = path.trim_end_matches('/').split('/').count() - 1;
            let stars = vec!["*"; segments - 1];
            let exact = format!("GET /users/{}", stars.join("/"));
            let exact = exact.trim_end_matches('/');
            prop_assert_eq!(misread(exact, &path), None);
        }
    }

    #[test]
    fn the_text_of_a_user_as_the_kit_encodes_it_stays_one_segment(text in "[a./;\\\\%\u{e9} -]{1,8}") {
        let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
        let path = format!("/users/{}/days", encoded.to_string().replace("%2E", "."));
        if tailor::path::check(&path).is_ok() {
            prop_assert_eq!(misread("GET /users/*/days", &path), None);
        }
    }
}

#[tokio::test]
async fn the_service_gets_what_was_checked() {
    // Over the wire, for one of each kind: what the guest's side lets through is what arrives.
    let service = ScriptedService::start(|_| Response::text("ok")).unwrap();
    let settings = "allow = [\"GET /users/**\"]";
    let host = crate::downstream::host(&[("svc", service.url(), settings)]).await;
    for (path, _) in table::rows().filter(|(_, refused)| !refused) {
        let request = host.request("GET", &format!("/svc{path}"));
        let reply = host
            .send(request.body(Full::<Bytes>::default()).unwrap())
            .await;
        assert_eq!(reply.unwrap().status, 200, "{path}");
        assert_eq!(service.requests().pop().unwrap().path(), path);
    }
}
