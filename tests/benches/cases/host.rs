//! Cases of the host alone: its work before and after a guest runs.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use anyhow::ensure;
use http::Method;
use http::header::HeaderMap;
use tailor::bff::response;
use tailor::calls::select::Selection;
use tailor::config::Route;
use tailor::contract::{Payload, Response};
use tailor::router::{RouteMatch, RouteTable};
use tailor::server::inbound::Head;

use super::Turn;

/// Picks three values at the end of a document of about this size, pointers parsed anew as for each
/// call.
pub(super) fn select(size: usize) -> Box<dyn Fn() -> Turn> {
    let document: Arc<str> = document(size).into();
    let pointers: Arc<[String]> =
        Arc::new(["/zones/1", "/resting_bpm", "/latest/bpm"].map(str::to_owned));
    Box::new(move || {
        let (document, pointers) = (document.clone(), pointers.clone());
        Box::new(move || {
            let picked = Selection::parse(&pointers)?.pick(document.as_bytes())?;
            ensure!(picked.iter().all(Option::is_some), "select: {picked:?}");
            Ok(())
        })
    })
}

/// A day of heart rates, samples first.
fn document(size: usize) -> String {
    let mut text = String::from(r#"{"user":"ada","samples":["#);
    for number in 0.. {
        if text.len() >= size {
            break;
        }
        let comma = if number == 0 { "" } else { "," };
        let (hour, minute, bpm) = (number / 12 % 24, number % 12 * 5, 48 + number * 7 % 110);
        // Writing to a string does not fail.
        let _ = write!(
            text,
            r#"{comma}{{"at":"2026-01-15T{hour:02}:{minute:02}:00Z","bpm":{bpm}}}"#
        );
    }
    text + r#"],"latest":{"at":"2026-01-15T23:55:00Z","bpm":64},"resting_bpm":56,"zones":["rest","peak"]}"#
}

/// Finds the routes of 100 requests among those of `bffs` BFFs. Of 100, because the table's hash
/// has another seed in each process, and what one lookup costs depends on it a little.
pub(super) fn route(bffs: usize) -> Box<dyn Fn() -> Turn> {
    let routes: Vec<Route> = (0..bffs)
        .map(|number| Route {
            client: format!("client-{number}"),
            bff: format!("bff-{number}"),
            host: (number % 2 == 0).then(|| format!("host-{}.example", number % 20)),
            path: format!("/teams/{number}/app"),
            headers: Vec::new(),
            methods: vec![Method::GET, Method::POST],
        })
        .collect();
    let table = Arc::new(RouteTable::new(&routes));
    let asked: Arc<[(String, String)]> = (0..100)
        .map(|number| number * bffs / 100 + number % 2)
        .map(|number| {
            let host = format!("host-{}.example", number % 20);
            (
                host,
                format!("/teams/{number}/app/users/ada/days/2026-01-15"),
            )
        })
        .collect();
    let headers = HeaderMap::new();
    Box::new(move || {
        let (table, asked, headers) = (table.clone(), asked.clone(), headers.clone());
        Box::new(move || {
            for (host, path) in &*asked {
                let found = table.find(black_box(host), path, &Method::GET, &headers);
                ensure!(
                    matches!(found, RouteMatch::Route { .. }),
                    "{path}: {found:?}"
                );
            }
            Ok(())
        })
    })
}

/// The fields of a browser: 14, of which 10 reach the guest.
const SENT: [(&str, &str); 14] = [
    ("host", "watch.example"),
    ("connection", "keep-alive"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
    ),
    ("accept", "application/json, text/plain;q=0.9, */*;q=0.8"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("accept-language", "en-GB,en;q=0.9,de;q=0.8"),
    (
        "authorization",
        "Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl",
    ),
    ("cookie", "session=0123456789abcdef; theme=dark"),
    ("referer", "https://watch.example/app"),
    ("sec-fetch-dest", "empty"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-site", "same-origin"),
    ("if-none-match", "\"5f1a-62b8\""),
    ("x-client-version", "4.2.0"),
];

/// Reads a request head and makes the guest's list of fields.
pub(super) fn headers_in() -> anyhow::Result<Box<dyn Fn() -> Turn>> {
    let mut request = http::Request::get("/watch/ada?date=2026-01-15&units=metric");
    for (name, value) in SENT {
        request = request.header(name, value);
    }
    let (parts, ()) = request.body(())?.into_parts();
    Ok(Box::new(move || {
        let mut parts = parts.clone();
        Box::new(move || {
            let fields = Head::read(&mut parts)?.guest_headers();
            ensure!(fields.len() == 10, "headers: {fields:?}");
            Ok(())
        })
    }))
}

/// Checks a guest's answer and makes the response's fields of its list.
pub(super) fn headers_out() -> Box<dyn Fn() -> Turn> {
    let headers = [
        ("content-type", "application/json"),
        ("cache-control", "private, max-age=30"),
        ("etag", "\"5f1a-62b8\""),
        ("vary", "accept, accept-language"),
        ("content-language", "en"),
        ("link", "</users/ada/days/2026-01-14>; rel=\"prev\""),
        ("x-content-type-options", "nosniff"),
        ("X-Team", "watch"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Box::new(move || {
        let response = Response {
            status: 200,
            headers: headers.to_vec(),
            body: Payload::Text("{}".to_owned()),
        };
        Box::new(move || {
            let answer = response::check(response, 1 << 20)?;
            ensure!(answer.headers.len() == 8, "headers: {:?}", answer.headers);
            Ok(())
        })
    })
}
