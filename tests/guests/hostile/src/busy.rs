//! Endless use of a thread, in many ways.

use tailor_kit::{Call, Request, Response, fetch, fetch_all, log, start};

pub(crate) fn handle(request: &Request) -> Response {
    let with = request.query.iter().find(|(name, _)| name == "with");
    match with.map(|(_, how)| how.as_str()) {
        Some("denied") => again(|| drop(fetch(&Call::get("secrets", &["all"])))),
        // Past its budget, each call ends at once.
        Some("exhausted") => again(|| drop(fetch(&call()))),
        Some("fetch-all") => again(|| drop(fetch_all(&vec![call(); 2_000]))),
        Some("start-and-drop") => again(|| drop(start(&call()))),
        Some("log") => again(|| log::info("busy", &[])),
        Some("strings") => {
            let long = "x".repeat(1 << 20);
            again(|| drop(fetch(&call().query("long", &long))))
        }
        Some("fill") => {
            let mut memory = vec![0_u8; FILL];
            again(|| core::hint::black_box(&mut memory).fill(1))
        }
        Some("fill-once") => {
            let mut memory = vec![0_u8; FILL];
            core::hint::black_box(&mut memory).fill(1);
            super::text("filled")
        }
        _ => super::endless(),
    }
}

/// Most of the memory that a BFF has by default.
const FILL: usize = 48 << 20;

fn call() -> Call {
    Call::get("goals", &["users", "ada", "goals"])
}

fn again(mut what: impl FnMut()) -> ! {
    loop {
        what();
    }
}
