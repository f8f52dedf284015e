//! A service whose name has several addresses, looked up at a real DNS server, while clients send
//! requests without a pause: an address dies, one leaves the name, one comes to it, and the DNS
//! server itself goes away. Then a service that SRV records name, whose targets of the first
//! priority die, and whose spare one moves to another address. No client may see a failure.
//!
//! `cargo run --example names`, as root or where `unshare --mount` is allowed. It needs dnsmasq:
//! `apt-get install dnsmasq-base` on Debian. What is missing is an error. The lookups are the
//! system's own, as in operation: the program runs itself in a mount namespace in which
//! `/etc/resolv.conf` names dnsmasq, and nothing outside sees that.

#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the drills use more of it, and are tests"
)]
#[path = "../integration/downstream/relay.rs"]
mod relay;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use downstream_mock::scripted::{Response, ScriptedService};
use tailor_harness::TestHost;

/// Where dnsmasq listens.
const DNS: &str = "127.0.0.99";
const NAME: &str = "users.test";
/// Addresses of the service.
const FIRST: u8 = 2;
const DIES: u8 = 3;
const LEAVES: u8 = 4;
const COMES: u8 = 5;
/// The name of SRV records, and the addresses of their targets: two of the first priority, and a
/// spare one, which moves.
const SRV: &str = "_http._tcp.parts.test";
const HEAVY: u8 = 12;
const LIGHT: u8 = 13;
const SPARE: u8 = 14;
const MOVED: u8 = 15;
/// Concurrent clients.
const CLIENTS: usize = 8;
/// Time for each change to have its effect.
const TIMEOUT: Duration = Duration::from_secs(20);

fn main() -> anyhow::Result<()> {
    match std::env::args_os().nth(1) {
        None => outside(),
        Some(folder) => tokio::runtime::Runtime::new()?.block_on(drills(&PathBuf::from(folder))),
    }
}

/// Runs this program again where dnsmasq is the system's DNS server.
fn outside() -> anyhow::Result<()> {
    if Command::new("dnsmasq").arg("--version").output().is_err() {
        bail!("dnsmasq is missing: apt-get install dnsmasq-base");
    }
    let namespace = Command::new("unshare").args(["--mount", "true"]).output();
    if !namespace.is_ok_and(|output| output.status.success()) {
        bail!(
            "`unshare --mount` is not allowed here: run this as root, or in a container with CAP_SYS_ADMIN"
        );
    }
    let folder = tempfile::tempdir()?;
    let resolv = format!("nameserver {DNS}\noptions timeout:1 attempts:1\n");
    std::fs::write(folder.path().join("resolv.conf"), resolv)?;
    std::fs::write(folder.path().join("nsswitch.conf"), "hosts: files dns\n")?;
    let script = "for file in resolv.conf nsswitch.conf; do mount --bind \"$1/$file\" \"/etc/$file\" || exit; done\n\
                  exec \"$0\" \"$1\"";
    let status = Command::new("unshare")
        .args(["--mount", "sh", "-c", script])
        .arg(std::env::current_exe()?)
        .arg(folder.path())
        .status()?;
    ensure!(status.success(), "the drill failed");
    Ok(())
}

/// A DNS server. It ends with this.
struct Dns {
    hosts: PathBuf,
    process: Child,
}

impl Dns {
    /// Starts one with a hosts file and SRV records.
    fn start(folder: &Path, known: &str, records: &[String]) -> anyhow::Result<Self> {
        let hosts = folder.join("hosts");
        std::fs::write(&hosts, known)?;
        let process = Command::new("dnsmasq")
            .args([
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--pid-file",
            ])
            .args([
                "--no-resolv",
                "--no-hosts",
                "--bind-interfaces",
                "--user=root",
            ])
            .arg(format!("--listen-address={DNS}"))
            .arg(format!("--addn-hosts={}", hosts.display()))
            .args(records)
            .stdin(Stdio::null())
            .spawn()
            .context("dnsmasq")?;
        Ok(Self { hosts, process })
    }

    /// Replaces the hosts.
    fn say(&self, known: &str) -> anyhow::Result<()> {
        std::fs::write(&self.hosts, known)?;
        let number = self.process.id().to_string();
        let told = Command::new("kill").args(["-HUP", &number]).status()?;
        ensure!(told.success(), "dnsmasq ended");
        Ok(())
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn lines(addresses: &[u8]) -> String {
    let line = |last: &u8| format!("127.0.0.{last} {NAME}\n");
    addresses.iter().map(line).collect()
}

/// A server at an address of the service.
fn server(last: u8, port: u16) -> anyhow::Result<ScriptedService> {
    let address = SocketAddr::new(IpAddr::from([127, 0, 0, last]), port);
    let server = ScriptedService::builder().at(address);
    let answer = move |_| {
        let work = tokio::time::sleep(Duration::from_millis(2));
        Response::text(last.to_string()).after(work)
    };
    server
        .start(answer)
        .with_context(|| format!("a server at {address}"))
}

async fn drills(folder: &Path) -> anyhow::Result<()> {
    addresses(folder).await?;
    records(folder).await
}

/// The drill of a name with several addresses.
async fn addresses(folder: &Path) -> anyhow::Result<()> {
    let first = server(FIRST, 0)?;
    let port = first.address().port();
    let (dies, leaves) = (server(DIES, port)?, server(LEAVES, port)?);
    let dns = Dns::start(folder, &lines(&[FIRST, DIES, LEAVES]), &[])?;
    let host = host(&format!("http://{NAME}:{port}")).await?;
    let changes = changes(&host, dns, &first, dies, &leaves);
    with_clients(&host, changes).await
}

/// A host with a service at this URL.
async fn host(url: &str) -> anyhow::Result<TestHost> {
    let settings = "resolve-interval = \"100ms\"\ntimeout = \"5s\"\nconnect-timeout = \"2s\"\n\
                    first-byte-timeout = \"5s\"\n[ejection]\nfailures = 1\nslow-start = \"1s\"\ntime = \"1m\"";
    TestHost::builder()?
        .service_at("users", &[url])
        .settings("users", settings)
        .settings("users", "coalesce = false")
        .bff("relay", &relay::relay("v1", None), "deadline = \"6s\"")
        .route("bff = \"relay\"\nclient = \"users\"\npath = \"/users\"")
        .start()
        .await
}

/// Makes changes while clients send requests without a pause.
async fn with_clients(
    host: &TestHost,
    changes: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    let (over, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    let client = || async {
        while !over.load(Ordering::Relaxed) {
            let number = calls.fetch_add(1, Ordering::Relaxed);
            let reply = host.get(&format!("/users/{number}")).await?;
            ensure!(
                reply.status == 200,
                "call {number} failed: {} {}",
                reply.status,
                reply.text()
            );
        }
        anyhow::Ok(())
    };
    let changes = async {
        let result = changes.await;
        over.store(true, Ordering::Relaxed);
        result
    };
    let clients = futures_util::future::try_join_all((0..CLIENTS).map(|_| client()));
    tokio::try_join!(clients, changes)?;
    println!("{} calls, none of which failed", calls.into_inner());
    Ok(())
}

async fn changes(
    host: &TestHost,
    dns: Dns,
    first: &ScriptedService,
    dies: ScriptedService,
    leaves: &ScriptedService,
) -> anyhow::Result<()> {
    let port = first.address().port();
    wait("each of three addresses to be called", || async {
        let called = [first, &dies, leaves].iter().all(|it| it.count() > 50);
        called && states(host).await.len() == 3
    })
    .await?;

    dies.stop().await;
    wait("the one that died to be left out", || async {
        let states = states(host).await;
        let mut all = states.iter();
        all.any(|(address, state)| ends(address, DIES, port) && state == "ejected")
    })
    .await?;

    dns.say(&lines(&[FIRST, DIES]))?;
    wait("the one that left the name to be drained", || async {
        leaves.open() == 0 && states(host).await.len() == 2
    })
    .await?;
    let drained = leaves.count();

    let comes = server(COMES, port)?;
    dns.say(&lines(&[FIRST, DIES, COMES]))?;
    wait("the one that came to be called", || async {
        comes.count() > 50
    })
    .await?;

    drop(dns);
    let before = first.count();
    tokio::time::sleep(Duration::from_secs(3)).await;
    ensure!(first.count() > before, "without DNS no calls are made");
    ensure!(states(host).await.len() == 3, "what was known is forgotten");
    println!("without DNS: the addresses that were known");
    ensure!(leaves.count() == drained, "a drained address was called");
    Ok(())
}

/// The drill of a name with SRV records.
async fn records(folder: &Path) -> anyhow::Result<()> {
    let (heavy, light, spare) = (server(HEAVY, 0)?, server(LIGHT, 0)?, server(SPARE, 0)?);
    let moved = server(MOVED, spare.address().port())?;
    let record = |name: &str, target: &ScriptedService, rank: &str| {
        let port = target.address().port();
        format!("--srv-host={SRV},{name}.parts.test,{port},{rank}")
    };
    let records = [
        record("heavy", &heavy, "1,3"),
        record("light", &light, "1,1"),
        record("spare", &spare, "2,1"),
    ];
    let hosts = |spare: u8| {
        let all = [("heavy", HEAVY), ("light", LIGHT), ("spare", spare)];
        all.map(|(name, last)| format!("127.0.0.{last} {name}.parts.test\n"))
            .concat()
    };
    let dns = Dns::start(folder, &hosts(SPARE), &records)?;
    let host = host(&format!("http+srv://{SRV}")).await?;
    let changes = async {
        wait(
            "both targets of the first priority to be called",
            || async { heavy.count() > 200 && light.count() > 20 },
        )
        .await?;
        let (most, least) = (heavy.count(), light.count());
        println!("weight 3: {most} calls, weight 1: {least}");
        ensure!(most > 2 * least, "the weights do not shape the shares");
        ensure!(spare.count() == 0, "a spare target was called");

        heavy.stop().await;
        light.stop().await;
        wait("the spare target to be called", || async {
            spare.count() > 50
        })
        .await?;

        dns.say(&hosts(MOVED))?;
        wait(
            "the spare target to be called where it moved to",
            || async { moved.count() > 50 && spare.open() == 0 && states(&host).await.len() == 3 },
        )
        .await
    };
    with_clients(&host, changes).await
}

fn ends(address: &str, last: u8, port: u16) -> bool {
    address == format!("127.0.0.{last}:{port}")
}

/// Each address of the service, and its state.
async fn states(host: &TestHost) -> Vec<(String, String)> {
    let Ok(reply) = host.admin("/bffs").await else {
        return vec![];
    };
    let endpoints = reply.json()["downstreams"]["users"]["endpoints"].clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let states = endpoints.as_array().into_iter().flatten();
    let states = states.map(|it| (text(&it["address"]), text(&it["state"])));
    states.filter(|(address, _)| !address.is_empty()).collect()
}

async fn wait<F>(what: &str, mut done: impl FnMut() -> F) -> anyhow::Result<()>
where
    F: Future<Output = bool>,
{
    let looking = async {
        while !done().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let seen = tokio::time::timeout(TIMEOUT, looking).await;
    seen.with_context(|| format!("waited in vain for {what}"))?;
    println!("{what}: done");
    Ok(())
}
