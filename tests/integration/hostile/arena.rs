//! A real host with a hostile BFF on the one hand and, on the other, a neighbour that keeps being
//! asked while the hostile one acts. The neighbour's clients must see no change.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use downstream_mock::Services;
use futures_util::future::{join, join_all};
use http_body_util::Full;
use tailor_harness::components::hostile;
use tailor_harness::{Reply, TestHost, TestHostBuilder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What the neighbour answers, always.
const NEIGHBOUR: (&str, &str) = (
    "/watch/ada?date=2026-01-15",
    r#"{"steps":10213,"heart":51,"sleep":411}"#,
);
/// Clients that ask the neighbour all the time.
const CLIENTS: usize = 3;
/// A time limit that is reached only when a guest is not stopped at all.
pub const TIMEOUT: Duration = Duration::from_secs(120);
/// Within this time one hostile request is stopped, whatever the machine has to do besides. The
/// limits are far below it.
const SOON: Duration = Duration::from_secs(30);

/// A hostile BFF. It is granted the service `goals`, and the route is its name.
pub struct HostileBff<'a> {
    pub name: &'a str,
    pub component: Vec<u8>,
    /// Keys of its table in the configuration: `deadline = "20s"`, `limits.cpu = "50ms"`.
    pub settings: &'a str,
}

impl<'a> HostileBff<'a> {
    /// One that executes its path: the guest crate `hostile`.
    pub fn guest(name: &'a str, settings: &'a str) -> Self {
        Self::of(name, std::fs::read(hostile().unwrap()).unwrap(), settings)
    }

    pub fn of(name: &'a str, component: Vec<u8>, settings: &'a str) -> Self {
        Self {
            name,
            component,
            settings,
        }
    }
}

/// The host with its services.
pub struct Arena {
    pub host: TestHost,
    pub services: Services,
}

/// A host that is not started: the neighbour, the hostile BFFs, and the services.
///
/// A call of `goals` may take `timeout`, at most the deadline of each hostile BFF. The neighbour
/// has so much time that no load of the machine changes its answers. `profile` is there for the
/// neighbour alone. Calls are not coalesced, so that each reaches its service.
pub fn builder(services: &Services, foes: &[HostileBff<'_>], timeout: &str) -> TestHostBuilder {
    let mut builder = TestHost::builder().unwrap().example("watch").unwrap();
    for (name, url) in services.urls() {
        let time = if name == "goals" { timeout } else { "30s" };
        builder = builder.config(&format!(
            "[downstream.{name}]\nurl = \"{url}\"\ncoalesce = false\n\
             connect-timeout = \"2s\"\nfirst-byte-timeout = \"{time}\"\ntimeout = \"{time}\""
        ));
    }
    builder = builder.config(
        "[bff.watch]\ncomponent = \"watch.wasm\"\ndeadline = \"30s\"\nlimits.queue-timeout = \"30s\"\nlimits.cpu = \"5s\"\n\
         downstreams = [\"activity\", \"heart\", \"profile\", \"sleep\"]\n[[route]]\nbff = \"watch\"\npath = \"/watch\"",
    );
    for HostileBff {
        name,
        component,
        settings,
    } in foes
    {
        let file = format!("{name}.wasm");
        builder = builder.file(&file, component).unwrap().config(&format!(
            "[bff.{name}]\ncomponent = \"{file}\"\ndownstreams = [\"goals\"]\n{settings}\n\
             [[route]]\nbff = \"{name}\"\npath = \"/{name}\"\nmethods = [\"GET\", \"POST\"]"
        ));
    }
    builder
}

impl Arena {
    /// Starts the host, and sees that the neighbour answers. Calls may take as long as the shortest
    /// deadline by default.
    pub async fn start(foes: &[HostileBff<'_>]) -> Self {
        Self::with_patient_calls(foes, "2s").await
    }

    /// The same, with calls of the service `goals` that may take so long.
    pub async fn with_patient_calls(foes: &[HostileBff<'_>], timeout: &str) -> Self {
        let services = Services::start().unwrap();
        let host = builder(&services, foes, timeout).start().await.unwrap();
        let arena = Self { host, services };
        arena.ask_neighbour(false).await;
        arena
    }

    /// Runs a hostile action while clients send requests to the neighbour, and one more after it.
    ///
    /// Fails when one of them gets anything but the answer that it always gets.
    pub async fn beside_neighbour<T>(&self, hostile: impl Future<Output = T>) -> T {
        let (result, _) = self.beside_neighbour_counting(hostile).await;
        result
    }

    /// The same, and how often the neighbour answered before the hostile part had ended.
    pub async fn beside_neighbour_counting<T>(
        &self,
        hostile: impl Future<Output = T>,
    ) -> (T, usize) {
        let (over, during) = (Cell::new(false), Cell::new(0));
        let client = async |number: usize| {
            loop {
                let last = over.get();
                self.ask_neighbour(number.is_multiple_of(2)).await;
                if last {
                    break;
                }
                if !over.get() {
                    during.set(during.get() + 1);
                }
            }
        };
        let hostile = async {
            let result = hostile.await;
            over.set(true);
            result
        };
        let all = join(hostile, join_all((0..CLIENTS).map(client)));
        let (result, _) = tokio::time::timeout(TIMEOUT, all)
            .await
            .expect("it is stopped by its limit, and the neighbour answers");
        (result, during.get())
    }

    async fn ask_neighbour(&self, http2: bool) {
        let (path, expected) = NEIGHBOUR;
        let reply = if http2 {
            self.host.get_http2(path).await
        } else {
            self.host.get(path).await
        };
        let reply = reply.expect("the neighbour answers");
        assert_eq!((reply.status.as_u16(), &*reply.text()), (200, expected));
    }

    /// Sends a request to a hostile BFF beside the neighbour, and expects the host to answer with
    /// this status and code, and to count it.
    pub async fn is_stopped(&self, bff: &str, path: &str, status: u16, code: &str) -> Reply {
        let before = self.counted(bff, code).await;
        let target = format!("/{bff}{path}");
        let request = tokio::time::timeout(SOON, self.host.get(&target));
        let reply = self.beside_neighbour(request).await;
        let reply = reply.expect("it is stopped soon").unwrap();
        expect_problem(&reply, bff, status, code);
        assert_eq!(
            self.counted(bff, code).await,
            before + 1,
            "{code} is counted"
        );
        reply
    }

    /// Gives the guest an order: what exactly to send or to answer.
    pub async fn order(&self, bff: &str, path: &str, order: &serde_json::Value) -> Reply {
        let request = self.host.request("POST", &format!("/{bff}{path}"));
        let body = Full::new(Bytes::from(order.to_string()));
        self.host.send(request.body(body).unwrap()).await.unwrap()
    }

    /// Requests of a BFF with this outcome, from `/metrics`.
    pub async fn counted(&self, bff: &str, outcome: &str) -> u64 {
        self.metric(
            "tailor_requests_total",
            &[("bff", bff), ("outcome", outcome)],
        )
        .await
    }

    /// The sum of all series of a metric that have these labels.
    pub async fn metric(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let text = self.host.admin("/metrics").await.unwrap().text();
        let of_name = |line: &&str| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with('{'))
        };
        let fits = |line: &&str| {
            labels
                .iter()
                .all(|(label, value)| line.contains(&format!("{label}=\"{value}\"")))
        };
        let values = text.lines().filter(of_name).filter(fits);
        values
            .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
            .sum()
    }

    /// Polls `/metrics` until a BFF has this number of running requests.
    pub async fn wait_until_running(&self, bff: &str, count: u64) {
        let reached = async {
            while self.metric("tailor_bff_running", &[("bff", bff)]).await != count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(TIMEOUT, reached)
            .await
            .unwrap_or_else(|_| panic!("{count} requests of {bff} run"));
    }
}

/// The answer is the host's own, with this status and code.
pub fn expect_problem(reply: &Reply, bff: &str, status: u16, code: &str) {
    assert_eq!(
        (reply.status.as_u16(), reply.header("tailor-error")),
        (status, code),
        "{}",
        reply.text()
    );
    let problem = reply.json();
    assert_eq!(
        (problem["code"].as_str(), problem["bff"].as_str()),
        (Some(code), Some(bff))
    );
    assert!(
        !reply.text().contains("wasm"),
        "no internals: {}",
        reply.text()
    );
}

/// Sends a request to a host process over HTTP/1.1. Returns head and body of the answer.
pub async fn get(address: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: tailor\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(TIMEOUT, stream.read_to_string(&mut answer))
        .await
        .expect("an answer")
        .unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (format!("{head}\r\n"), body.to_owned())
}
