use std::cell::RefCell;
use std::future::pending;

use rustix::io::Errno;

use super::*;

const MILLI: Duration = Duration::from_millis(1);
const DELAY: Duration = Duration::from_millis(250);

/// The script of one attempt.
#[derive(Clone, Copy)]
enum Script {
    /// Accepts the connection after this time.
    Connects(Duration),
    /// Accepts it at once, and is ready for requests after this time.
    IsSlowInTls(Duration),
    Refuses,
    Hangs,
    /// Waits for a connection that another caller opens.
    Waits,
    /// The same for this time, and then connects in the place of that caller.
    TakesOver(Duration),
    /// The host has no address of this family.
    HostLacks,
}

/// Runs a race. Which attempt won, or why none did; who was lost on the way; and when each began,
/// milliseconds.
async fn run(all: &[Script]) -> (Result<usize, io::ErrorKind>, Vec<usize>, Vec<u128>) {
    let start = Instant::now();
    let (lost, begun) = (RefCell::new(vec![]), RefCell::new(vec![]));
    let begin = |number: usize, progress: Arc<Progress>| {
        begun.borrow_mut().push(start.elapsed().as_millis());
        let does = all[number];
        async move {
            match does {
                Script::Waits => return pending().await,
                Script::TakesOver(after) => {
                    sleep(after).await;
                    progress.connects();
                }
                _ => progress.connects(),
            }
            match does {
                Script::Connects(after) => sleep(after).await,
                Script::IsSlowInTls(after) => {
                    progress.accepted();
                    sleep(after).await;
                }
                Script::Refuses => return Err(Errno::CONNREFUSED.into()),
                Script::HostLacks => return Err(Errno::ADDRNOTAVAIL.into()),
                Script::Hangs | Script::Waits | Script::TakesOver(_) => pending().await,
            }
            Ok(number)
        }
    };
    let delay = |_| DELAY;
    let finish = race(all.len(), begin, delay, |number| {
        lost.borrow_mut().push(number)
    })
    .await;
    let result = finish.result.map_err(|error| error.kind());
    (result, lost.into_inner(), begun.into_inner())
}

#[tokio::test(start_paused = true)]
async fn the_next_one_begins_when_none_was_accepted_in_time() {
    use Script::*;
    let second = run(&[Hangs, Connects(MILLI), Connects(MILLI)]).await;
    assert_eq!(second, (Ok(1), vec![0], vec![0, 250]));
    let third = run(&[Hangs, Hangs, Connects(MILLI)]).await;
    assert_eq!(third, (Ok(2), vec![0, 1], vec![0, 250, 500]));
    // The first one goes on meanwhile, and may be the one.
    let first = run(&[Connects(300 * MILLI), Hangs]).await;
    assert_eq!(first, (Ok(0), vec![], vec![0, 250]));
    let quick = run(&[Connects(200 * MILLI), Connects(MILLI)]).await;
    assert_eq!(quick, (Ok(0), vec![], vec![0]));
}

#[tokio::test(start_paused = true)]
async fn after_a_refusal_the_next_one_begins_at_once() {
    use Script::*;
    let second = run(&[Refuses, Connects(MILLI)]).await;
    assert_eq!(second, (Ok(1), vec![0], vec![0, 0]));
    let (result, lost, _) = run(&[Refuses, Refuses]).await;
    assert_eq!(
        (result, lost),
        (Err(io::ErrorKind::ConnectionRefused), vec![0])
    );
    let (result, lost, _) = run(&[Refuses]).await;
    assert_eq!(
        (result, lost),
        (Err(io::ErrorKind::ConnectionRefused), vec![])
    );
}

#[tokio::test(start_paused = true)]
async fn no_other_begins_beside_one_that_took_the_connection() {
    use Script::*;
    let slow = run(&[IsSlowInTls(3000 * MILLI), Connects(MILLI)]).await;
    assert_eq!(slow, (Ok(0), vec![], vec![0]));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_another_caller_says_nothing_of_an_endpoint() {
    use Script::*;
    let second = run(&[Waits, Connects(MILLI)]).await;
    assert_eq!(second, (Ok(1), vec![], vec![0, 250]));
    let late = run(&[TakesOver(200 * MILLI), Connects(MILLI)]).await;
    assert_eq!(late, (Ok(1), vec![], vec![0, 250]));
    let early = run(&[TakesOver(50 * MILLI), Connects(MILLI)]).await;
    assert_eq!(early, (Ok(1), vec![0], vec![0, 250]));
}

#[tokio::test(start_paused = true)]
async fn what_the_host_lacks_is_no_endpoints_fault_and_the_last_error_reported() {
    use Script::*;
    let second = run(&[HostLacks, Connects(MILLI)]).await;
    assert_eq!(second, (Ok(1), vec![], vec![0, 0]));
    let (result, lost, _) = run(&[Refuses, HostLacks]).await;
    assert_eq!(
        (result, lost),
        (Err(io::ErrorKind::ConnectionRefused), vec![0])
    );
    let (result, lost, _) = run(&[HostLacks, Refuses]).await;
    assert_eq!(
        (result, lost),
        (Err(io::ErrorKind::ConnectionRefused), vec![])
    );
    let (result, lost, _) = run(&[HostLacks]).await;
    assert_eq!(
        (result, lost),
        (Err(io::ErrorKind::AddrNotAvailable), vec![])
    );
}
