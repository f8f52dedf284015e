//! A day of three teams on one host: each ships good versions, bad ones of each kind, and goes
//! back, while clients ask all the time. Each request is answered, whole and by one version, and
//! each bad version is stopped at its step.
//!
//! Here each team ships each kind once. `TAILOR_DRILL_DAY=200` makes it two hundred in all.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tailor_harness::{Process, TestHost};

use super::api::{Api, digest};
use super::until;
use crate::compile_child::bombs;
use crate::downstream::relay::silent;
use crate::swap::page::{body, fragile, page, slow, stamped};
use crate::wire::{Wire, beside, get};

const TEAMS: [&str; 3] = ["watch", "phone", "desk"];
/// Clients of each team.
const CLIENTS: usize = 3;
/// Of this number of requests, a fragile version traps on one.
const FRAGILE: u64 = 50;

/// What a team ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    GoodCanary,
    Broken,
    SlowToCompile,
    Fragile,
    Slow,
    Reaching,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Good,
        Self::Broken,
        Self::GoodCanary,
        Self::SlowToCompile,
        Self::Fragile,
        Self::Reaching,
        Self::Slow,
    ];

    fn component(self, version: &str, number: usize) -> Vec<u8> {
        match self {
            Self::Good | Self::GoodCanary => page(version),
            Self::Broken => format!("no component {version}").into_bytes(),
            Self::SlowToCompile => stamped(&bombs::loops(600, 600), number),
            Self::Fragile => fragile(version),
            Self::Slow => slow(version),
            Self::Reaching => silent(version),
        }
    }

    fn is_canary(self) -> bool {
        matches!(self, Self::GoodCanary | Self::Fragile | Self::Slow)
    }

    /// The state in which it ends, and the step that stops it.
    fn end(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Good | Self::GoodCanary => ("live", None),
            Self::Broken => ("refused", Some("form")),
            Self::SlowToCompile => ("refused", Some("compile")),
            Self::Reaching => ("refused", Some("consent")),
            Self::Fragile | Self::Slow => ("rolled-back", Some("gate")),
        }
    }
}

fn deploys() -> usize {
    let deploys = std::env::var("TAILOR_DRILL_DAY").ok();
    let deploys = deploys.and_then(|it| it.parse().ok());
    deploys.unwrap_or(TEAMS.len() * Kind::ALL.len())
}

fn config(team: &str) -> String {
    format!(
        "[bff.{team}]\nreleases = true\ndownstreams = [\"smoke\"]\n[bff.{team}.canary]\n\
         steps = [50]\nbake-time = \"500ms\"\nmin-requests = 300\nmax-extra-failures = 15\n\
         flapping = \"1ms\"\nclient-header = \"x-device\"\n\
         [[route]]\nbff = \"{team}\"\npath = \"/{team}\"\n"
    )
}

/// What the clients saw.
#[derive(Default)]
struct Seen {
    answered: AtomicU64,
    /// Answers of a fragile version that trapped.
    trapped: AtomicU64,
    stop: AtomicBool,
}

/// A client, with another device for each request: on one connection, until it is told to stop.
async fn client(address: SocketAddr, team: &'static str, client: usize, seen: Arc<Seen>) {
    let mut wire = Wire::connect(address).await;
    for number in 0_u64.. {
        if seen.stop.load(Ordering::Relaxed) {
            return;
        }
        let is_fragile = number % FRAGILE == FRAGILE - 1;
        let end = if is_fragile { "!" } else { "x" };
        let device = format!("x-device: {client}-{}\r\n", number % 2_000);
        wire.send(&get(&format!("/{team}/{end}"), &device)).await;
        let answer = wire.answer().await;
        if is_fragile && answer.code() == "bff-trap" {
            seen.trapped.fetch_add(1, Ordering::Relaxed);
        } else {
            assert_eq!(answer.status, 200, "{team}: {answer:?}");
            assert_eq!(answer.body, body(answer.header("x-version")), "{team}");
        }
        seen.answered.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

/// What became of a team's releases.
#[derive(Default)]
struct Day {
    deploys: usize,
    rollbacks: usize,
    /// Good versions that a gate rolled back: it may be wrong in 4 of 100.
    wrong: usize,
}

/// A day of one team, whose first version is live.
async fn team(api: &Api, team: &str, deploys: usize) -> Day {
    let mut day = Day::default();
    for number in 0..deploys {
        let kind = Kind::ALL[number % Kind::ALL.len()];
        let version = format!("{team}{number}");
        let release = ship(api, team, kind, &version, number).await;
        day.deploys += 1;
        let step = release.get("step").and_then(Value::as_str);
        let end = (release["state"].as_str().unwrap(), step);
        if kind == Kind::GoodCanary && end.0 == "rolled-back" {
            day.wrong += 1;
        } else {
            assert_eq!(end, kind.end(), "{kind:?}: {release}");
        }
        if number % 10 == 2 {
            let path = format!("/v1/bffs/{team}/rollback");
            let back = api.post(&path, &json!({})).await;
            assert_eq!((back.status, &back.json["state"]), (202, &json!("live")));
            day.rollbacks += 1;
        }
    }
    day
}

async fn ship(api: &Api, team: &str, kind: Kind, version: &str, number: usize) -> Value {
    let component = kind.component(version, number);
    let put = api.put(&component).await;
    assert!([200, 201].contains(&put.status), "{put:?}");
    let mut order = json!({"digest": digest(&component)});
    if kind.is_canary() {
        order["strategy"] = json!("canary");
    }
    let begun = api.post(&format!("/v1/bffs/{team}/releases"), &order).await;
    assert_eq!(begun.status, 202, "{begun:?}");
    until(async || {
        let release = api.get(&begun.location).await.json;
        let goes_on = ["proving", "canary"].contains(&release["state"].as_str().unwrap());
        (!goes_on).then_some(release)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_lost_in_a_day_of_three_teams() {
    let mut builder = TestHost::builder()
        .unwrap()
        .config("log.format = \"json\"\nlog.access = false\nreleases.uploads = 4\nengine.compile-cpu = \"1s\"\n")
        .service_at("smoke", &["http://127.0.0.1:9".to_owned()]);
    for team in TEAMS {
        builder = builder.config(&config(team));
    }
    let (path, _files) = builder.write().unwrap();
    let process = Process::serve(&path).unwrap();
    let (address, admin) = (process.address().unwrap(), process.admin_address().unwrap());
    let api = Api(admin);
    for name in TEAMS {
        let first = ship(&api, name, Kind::Good, &format!("{name}-first"), 0).await;
        assert_eq!(first["state"], "live");
    }
    let seen = Arc::new(Seen::default());
    let clients = TEAMS.into_iter().flat_map(|team| {
        let seen = &seen;
        (0..CLIENTS).map(move |it| beside(client(address, team, it, seen.clone())))
    });
    let clients: Vec<_> = clients.collect();
    let each = deploys().div_ceil(TEAMS.len());
    let days = join_all(TEAMS.into_iter().map(|name| {
        let api = &api;
        async move { team(api, name, each).await }
    }));
    let days = days.await;
    seen.stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    let sum = |count: fn(&Day) -> usize| days.iter().map(count).sum::<usize>();
    let (deploys, wrong) = (sum(|it| it.deploys), sum(|it| it.wrong));
    let (answered, trapped) = (
        seen.answered.load(Ordering::Relaxed),
        seen.trapped.load(Ordering::Relaxed),
    );
    println!(
        "{deploys} deploys, {} rollbacks, {wrong} good ones rolled back; {answered} requests, \
         {trapped} traps of versions on trial",
        sum(|it| it.rollbacks)
    );
    assert!(wrong <= 1 + deploys / 100, "{wrong} of {deploys}");
    assert!(answered > 100 * deploys as u64, "{answered}");
    // A fragile version is found by its first few traps.
    assert!(trapped <= 40 * (1 + deploys as u64 / 7), "{trapped}");
}
