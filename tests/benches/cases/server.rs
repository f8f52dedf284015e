//! A request through the whole host: from the bytes of its head on a socket to the bytes of its answer.

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::rc::Rc;

use anyhow::{Context as _, ensure};
use tailor::config;
use tailor::host::Host;
use tailor_harness::components;

use super::Turn;

/// A GET with the fields of a small client.
const REQUEST: &[u8] =
    b"GET /bench/noop?date=2026-01-15 HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\
    accept-language: en\r\nuser-agent: bench/1.0\r\n\r\n";

/// One worker and one instance; nothing looks at files, and no limit ends a request that takes fifty times longer than usual.
const CONFIG: &str = r#"
server = { listen = "127.0.0.1:0", workers = 1 }
admin.enabled = false
engine = { data-dir = "data", instances = 1, watch-interval = "1h" }
bff.bench = { component = "bench.wasm", deadline = "1m", limits.cpu = "10s" }
route = [{ bff = "bench", client = "bench", path = "/bench" }]
"#;

/// A GET that the guest answers with 204, on a connection that is kept open. The client waits for the answer on the calling
/// thread, so its instructions count too; they are few.
pub(super) fn get() -> anyhow::Result<Box<dyn Fn() -> Turn>> {
    let event_loop = tokio::runtime::Runtime::new()?;
    let folder = tempfile::tempdir()?;
    std::fs::copy(components::bench()?, folder.path().join("bench.wasm"))?;
    let path = folder.path().join("tailor.toml");
    std::fs::write(&path, CONFIG)?;
    let host = event_loop.block_on(Host::start(config::load(&path)?, None))?;
    let client = Rc::new(RefCell::new(TcpStream::connect(host.address())?));
    let running = Rc::new((host, event_loop, folder));
    Ok(Box::new(move || {
        let (client, running) = (client.clone(), running.clone());
        Box::new(move || {
            let mut client = client.borrow_mut();
            client.write_all(REQUEST)?;
            let mut answer = [0; 4096];
            let size = client.read(&mut answer)?;
            let answer = String::from_utf8_lossy(&answer[..size]);
            drop(running);
            let status = answer.split(' ').nth(1).context("a status")?;
            ensure!(status == "204" && answer.ends_with("\r\n\r\n"), "{answer}");
            Ok(())
        })
    }))
}
