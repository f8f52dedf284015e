//! Several event loops that share a transport.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Builder;
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;

use super::*;

/// Calls under way at once, and so connections.
const CAP: usize = 3;
const CALLERS: usize = 6;
const CALLS: usize = 100;

/// Runs what is given on an event loop of its own thread.
fn event_loop<T>(main: impl Future<Output = T>) -> T {
    let event_loop = Builder::new_current_thread().enable_all().build().unwrap();
    event_loop.block_on(main)
}

#[test]
fn workers_share_the_connections_that_there_may_be() {
    let (tell, told) = std::sync::mpsc::channel();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let servers = std::thread::spawn(move || {
        event_loop(async {
            let one = service(|_| Response::text("one"));
            let two = service(|_| Response::text("two"));
            tell.send([one.address(), two.address()]).unwrap();
            let _ = ended.await;
        });
    });
    let mut settings = settings(&told.recv().unwrap());
    settings.bulkhead.max_calls = CAP;
    // A caller that waited for a connection that never becomes free would fail by this.
    settings.policy.timeouts.connect = Duration::from_secs(20);
    let transport = Arc::new(transport(&settings));
    let permits = Arc::new(Semaphore::new(CAP));
    let most = Arc::new(AtomicUsize::new(0));
    // A worker that ends takes the connections with it that it opened.
    let done = Arc::new(Barrier::new(2));
    std::thread::scope(|threads| {
        for worker in [0, 1] {
            let (transport, permits) = (transport.clone(), permits.clone());
            let (most, done) = (most.clone(), done.clone());
            threads.spawn(move || {
                event_loop(async {
                    let mut callers = JoinSet::new();
                    for _ in 0..CALLERS {
                        let (transport, permits) = (transport.clone(), permits.clone());
                        let most = most.clone();
                        callers.spawn(async move {
                            for number in 0..CALLS {
                                let _permit = permits.acquire().await.unwrap();
                                let avoid = Some(number % 2);
                                let call = call(&transport, worker, Method::GET, bounds(), avoid);
                                call.await.result.unwrap();
                                most.fetch_max(transport.open(), Ordering::Relaxed);
                            }
                        });
                    }
                    while let Some(caller) = callers.join_next().await {
                        caller.unwrap();
                    }
                    done.wait().await;
                });
            });
        }
    });
    let most = most.load(Ordering::Relaxed);
    assert!(most <= CAP, "{most} connections were open");
    end.send(()).unwrap();
    servers.join().unwrap();
}
