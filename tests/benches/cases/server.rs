//! A request through the whole host: from the bytes of its head on a socket to the bytes of its answer.

use std::cell::RefCell;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::rc::Rc;

use anyhow::{Context as _, ensure};
use tailor_harness::{TestHost, components};

use super::Turn;

/// A GET with the fields of a small client.
const REQUEST: &[u8] =
    b"GET /bench/noop?date=2026-01-15 HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\
    accept-language: en\r\nuser-agent: bench/1.0\r\n\r\n";

/// Fields that turn off what ends by the clock: under valgrind all takes fifty times longer.
const SETTINGS: &str = "deadline = \"1m\"\nlimits.cpu = \"10s\"";

/// A GET that the guest answers with 204, on a connection that is kept open. The client waits for the answer on the calling
/// thread, so its instructions count too; they are few.
pub(super) fn get() -> anyhow::Result<Box<dyn Fn() -> Turn>> {
    let event_loop = tokio::runtime::Runtime::new()?;
    let bench = std::fs::read(components::bench()?)?;
    let builder = TestHost::builder()?
        .config("engine.watch-interval = \"1m\"")
        .bff("bench", &bench, SETTINGS)
        .route("bff = \"bench\"\nclient = \"bench\"\npath = \"/bench/**\"")
        .workers(1)
        .instances(1);
    let host = event_loop.block_on(builder.start())?;
    let client = Rc::new(RefCell::new(TcpStream::connect(host.address())?));
    let running = Rc::new((host, event_loop));
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
