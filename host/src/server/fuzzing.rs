//! Targets of fuzzing: what a client may do on a connection.

mod script;

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf};
use tokio::runtime;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::activity::Activity;
use super::worker::Worker;
use super::{connection, tally};
use crate::bff::admission::Instances;
use crate::bff::load::Loader;
use crate::bff::runtime::Runtime;
use crate::config;
use crate::snapshot::{Builder, Candidate, SharedState, Snapshot};
use script::Step;

/// A small BFF that answers with the body of the request.
const ECHO: &[u8] = include_bytes!("../../../tests/fuzz/corpus/component/echo");
/// Where its file lies, for the configuration.
const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/fuzz/corpus/component/x"
);
const CONFIG: &str = "log.access = false\n[server]\nworkers = 1\n\
    [[route]]\nbff = \"echo\"\npath = \"/e\"\nmethods = [\"GET\", \"POST\"]\n\
    [bff.echo]\ncomponent = \"echo\"\n";

/// The limit of bytes that all requests of a target hold.
const MAX_BYTES: usize = 96 << 10;
/// Bytes that the connection's two directions take without a reader.
const PIPE: usize = 1 << 10;
/// Time of one write of the client, which the host may leave unread.
const WRITE: Duration = Duration::from_secs(5);
/// Time in which a connection ends whose client does nothing more: all of its limits together.
const END: Duration = Duration::from_secs(60);
/// Time for the streams of a connection that has ended.
const STREAMS: Duration = Duration::from_secs(10);

/// What a client does over HTTP/1.1.
pub fn client_http1(input: &[u8]) {
    play(script::http1(input));
}

/// What a client does over HTTP/2.
pub fn client_http2(input: &[u8]) {
    play(script::http2(input));
}

/// The parts that inputs have in common: compiling takes longer than most of them.
static PARTS: LazyLock<Option<(Arc<Runtime>, Arc<Snapshot>)>> = LazyLock::new(parts);

fn parts() -> Option<(Arc<Runtime>, Arc<Snapshot>)> {
    let config = config::parse(CONFIG, Path::new(FOLDER)).ok()?;
    let runtime = Arc::new(Runtime::new(8).ok()?);
    let loader = Loader::new(runtime.clone(), None, 1 << 20);
    let loaded = loader.load_bytes("echo", ECHO).ok()?;
    let builder = Builder {
        loader: Arc::new(loader),
        callers: 1,
        instances: Arc::new(Instances::new(8)),
        stand_ins: None,
    };
    let mut draft = builder.draft(config, None).ok()?;
    let candidate = Candidate {
        look: None,
        attempts: 0,
        file: Ok(Some(Arc::new(loaded))),
        last_good: None,
    };
    draft.candidates.insert("echo".to_owned(), candidate);
    Some((runtime, Arc::new(builder.build(draft, None))))
}

fn play(steps: Vec<Step>) {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    assert!(PARTS.is_some(), "the configuration is good");
    let (Ok(event_loop), Some((runtime, snapshot))) = (runtime, &*PARTS) else {
        return;
    };
    let shared = Arc::new(SharedState {
        recordings: Arc::default(),
        shadows: Arc::default(),
        snapshot: ArcSwap::from(snapshot.clone()),
        runtime: runtime.clone(),
        metrics: Arc::default(),
        observer: None,
        previews: None,
    });
    let mut settings = snapshot.config.server.clone();
    settings.max_bytes_in_flight = MAX_BYTES;
    settings.max_body_size = 16 << 10;
    settings.max_get_body_size = 4 << 10;
    settings.max_header_size = 8 << 10;
    settings.max_streams = 16;
    settings.header_timeout = Duration::from_secs(1);
    settings.body_timeout = Duration::from_secs(2);
    settings.idle_timeout = Duration::from_secs(4);
    settings.flush_timeout = Duration::from_secs(1);
    settings.linger_timeout = Duration::from_secs(1);
    let (_stops, stopped) = watch::channel(false);
    let worker = Worker::alone(&shared, settings, stopped);
    tally::take();
    event_loop.block_on(connect(&worker, steps));
    let used = worker.shared.metrics.bytes_in_flight.get();
    assert_eq!(used, 0, "bytes of requests that ended");
    assert_eq!(worker.running(), 0, "requests of a connection that ended");
    let (begun, told) = tally::take();
    assert_eq!(begun, told, "requests, and lines about them");
}

/// Serves one connection, which must end in time.
async fn connect(worker: &Arc<Worker>, steps: Vec<Step>) {
    let scheduler = worker.scheduler.clone();
    spawn(async move { scheduler.run().await });
    let (near, far) = tokio::io::duplex(PIPE);
    let activity = Arc::new(Activity::new());
    let mut running = pin!(connection::run(worker, near, activity));
    let mut served = poll_fn(|context| {
        let polled = running.as_mut().poll(context);
        within(worker);
        polled
    });
    tokio::select! {
        () = &mut served => {}
        // Open pipes stay open: the host ends a connection of itself.
        _pipes = client(worker, far, steps) => {
            assert!(timeout(END, served).await.is_ok(), "a connection without an end");
        }
    }
    sleep(STREAMS).await;
}

/// The held bytes keep their limit.
fn within(worker: &Worker) {
    let used = worker.shared.metrics.bytes_in_flight.get();
    let most = i64::try_from(MAX_BYTES).unwrap_or(i64::MAX);
    assert!((0..=most).contains(&used), "{used} bytes");
}

/// Executes the steps; returns what is still open.
async fn client(
    worker: &Worker,
    far: DuplexStream,
    steps: Vec<Step>,
) -> Option<(WriteHalf<DuplexStream>, watch::Sender<usize>)> {
    let (reads, mut writes) = tokio::io::split(far);
    let (grants, granted) = watch::channel(0);
    spawn(reader(reads, granted));
    for step in steps {
        within(worker);
        match step {
            // What the host does not take in this time is lost, and part of it may be.
            Step::Send(bytes) => drop(timeout(WRITE, writes.write_all(&bytes)).await),
            Step::Pause(time) => sleep(time).await,
            Step::Read(bytes) => grants.send_modify(|all| *all = all.saturating_add(bytes)),
            Step::Finish => drop(timeout(WRITE, writes.shutdown()).await),
            Step::Close => return None,
        }
        // Otherwise the pieces would be one.
        tokio::task::yield_now().await;
    }
    Some((writes, grants))
}

/// Reads as many bytes as it is ordered to, until the orders end.
async fn reader(mut reads: ReadHalf<DuplexStream>, mut granted: watch::Receiver<usize>) {
    let (mut taken, mut buffer) = (0_usize, [0; 512]);
    while granted.wait_for(|all| *all > taken).await.is_ok() {
        let most = (*granted.borrow() - taken).min(buffer.len());
        let read = tokio::select! {
            read = reads.read(&mut buffer[..most]) => read,
            // The client closes; what is told besides comes at the next turn.
            told = granted.changed() => match told {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        match read {
            Ok(count @ 1..) => taken = taken.saturating_add(count),
            _ => return,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it ends with the connection, or with the event loop of the target"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
