//! Files that other programs read, too: `tailor call` and the kit for TypeScript have to see the
//! same in them. The BFF is that of `kit-ts/test/engine/echo.ts`.

use serde::{Deserialize, Serialize};

use crate::testing::{Fixture, check_folder};
use crate::{Call, Headers, Payload, Request, Response, config, fetch_all, now_ms};

const FOLDER: &str = "../kit-ts/test/fixtures";

#[derive(Serialize)]
struct Seen<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a Headers,
    headers: &'a Headers,
    body: Option<&'a str>,
    tone: Option<String>,
    now: u64,
    replies: Vec<Replied>,
}

#[derive(Serialize)]
struct Replied {
    status: u16,
    headers: Headers,
    body: Option<String>,
    selected: Vec<Option<String>>,
}

fn text(body: &Payload) -> Option<&str> {
    match body {
        Payload::Text(text) => Some(text),
        Payload::Bytes(_) | Payload::None => None,
    }
}

fn echo(request: Request) -> Response {
    let given = |wanted: &'static str| {
        let query = request.query.iter();
        query
            .filter(move |(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let call = |path: &str| Call::get("s", &[&path[1..]]);
    let fields = given("field").filter_map(|pair| pair.split_once(':'));
    let with_fields = |response: Response| {
        fields.fold(response, |response, (name, value)| {
            response.header(name, value)
        })
    };
    if let Some(path) = given("raw").next() {
        let reply = fetch_all(&[call(path)]).remove(0);
        let body = reply.map_or(Payload::None, |reply| reply.body);
        return with_fields(Response {
            body,
            ..Response::empty(200)
        });
    }
    let whole = given("call").map(call);
    let picked = given("pick").map(|path| call(path).select(&["", "/a", "/b/1"]));
    let calls: Vec<Call> = whole.chain(picked).collect();
    let replies = fetch_all(&calls).into_iter().flatten();
    let replies = replies.map(|reply| Replied {
        body: text(&reply.body).map(str::to_owned),
        status: reply.status,
        headers: reply.headers,
        selected: reply.selected,
    });
    let method = format!("{:?}", request.method).to_ascii_lowercase();
    let seen = Seen {
        method: method.rsplit(':').next().unwrap(),
        path: &request.path,
        query: &request.query,
        headers: &request.headers,
        body: text(&request.body),
        tone: config("tone"),
        now: now_ms(),
        replies: replies.collect(),
    };
    with_fields(Response::json(&seen).unwrap())
}

#[test]
fn what_all_readers_of_fixtures_see_is_seen_here() {
    assert!(check_folder(echo, FOLDER).unwrap() > 10);
}

#[test]
fn what_one_reader_of_fixtures_refuses_all_do() {
    #[derive(Deserialize)]
    struct Refused {
        why: String,
        fixture: String,
    }
    let all = std::fs::read_to_string(format!("{FOLDER}/refused/all.json")).unwrap();
    let all: Vec<Refused> = serde_json::from_str(&all).unwrap();
    assert!(all.len() > 20);
    for Refused { why, fixture } in all {
        assert!(Fixture::parse(&fixture).is_err(), "{why}: {fixture}");
    }
}
