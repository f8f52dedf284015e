//! All on a paused clock, but for the test with several event loops.

mod model;

use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, Response};
use tokio::time::{advance, sleep, timeout};

use super::super::tests::{answering, credentials, oauth2, sent};
use super::super::{Credentials, Fetch};
use super::*;

const SECOND: Duration = Duration::from_secs(1);
/// That of the settings in these tests.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(10);

/// A token endpoint whose answers the test sets. Each token is another, unless `same`.
#[derive(Default)]
struct Server {
    /// How long an answer takes.
    takes: Mutex<Duration>,
    down: Mutex<bool>,
    same: Mutex<bool>,
    lifetime: Mutex<Option<u64>>,
    asked: Mutex<Vec<(Instant, Request<Bytes>)>>,
    given: Mutex<Vec<(String, Instant)>>,
}

impl Server {
    fn with_lifetime(seconds: u64) -> Arc<Self> {
        let server = Self::default();
        *server.lifetime.lock().unwrap() = Some(seconds);
        Arc::new(server)
    }

    fn fetch(self: &Arc<Self>) -> Fetch {
        let server = self.clone();
        Arc::new(move |request| {
            let server = server.clone();
            Box::pin(async move {
                let asked = Instant::now();
                server.asked.lock().unwrap().push((asked, request));
                let takes = *server.takes.lock().unwrap();
                sleep(takes).await;
                server.answer(asked)
            })
        })
    }

    /// A token's life begins when it is asked for.
    fn answer(&self, asked: Instant) -> Result<Response<Bytes>, String> {
        if *self.down.lock().unwrap() {
            return Err("refused".to_owned());
        }
        let mut given = self.given.lock().unwrap();
        let number = if *self.same.lock().unwrap() {
            1
        } else {
            given.len() + 1
        };
        let lifetime = *self.lifetime.lock().unwrap();
        let expires_in = lifetime.map_or(String::new(), |lifetime| {
            format!(",\"expires_in\":{lifetime}")
        });
        let until = asked + Duration::from_secs(lifetime.unwrap_or(300));
        given.push((format!("Bearer t{number}"), until));
        let body =
            format!("{{\"access_token\":\"t{number}\",\"token_type\":\"Bearer\"{expires_in}}}");
        Ok(Response::new(body.into()))
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn set<T>(&self, field: impl Fn(&Self) -> &Mutex<T>, value: T) {
        *field(self).lock().unwrap() = value;
    }
}

async fn value(credentials: &Credentials) -> Result<String, String> {
    sent(credentials)
        .await
        .map(|(value, _)| value)
        .map_err(|error| error.to_string())
}

/// The value that a call gets without waiting.
fn at_once(credentials: &Credentials) -> Result<String, String> {
    value(credentials).now_or_never().expect("the call waits")
}

#[tokio::test(start_paused = true)]
async fn the_first_call_fetches_as_the_rfc_says_and_others_use_that() {
    let server = Server::with_lifetime(3_600);
    let credentials = credentials(&oauth2(), server.fetch());
    assert_eq!(server.asked(), 0);
    assert_eq!(value(&credentials).await.unwrap(), "Bearer t1");
    assert_eq!(at_once(&credentials).unwrap(), "Bearer t1");
    let asked = server.asked.lock().unwrap();
    let [(_, request)] = &asked[..] else {
        panic!("asked {} times", asked.len());
    };
    assert_eq!(
        (
            request.method().as_str(),
            request.uri().to_string().as_str()
        ),
        ("POST", "https://login.example/token")
    );
    assert_eq!(
        request.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    // RFC 6749 section 2.3.1: both parts form-encoded, then Basic.
    // "tailor+host:hunter2-is-the-secret"
    assert_eq!(
        request.headers()[AUTHORIZATION],
        "Basic dGFpbG9yK2hvc3Q6aHVudGVyMi1pcy10aGUtc2VjcmV0"
    );
    assert_eq!(
        request.body(),
        "grant_type=client_credentials&scope=read+write"
    );
}

#[tokio::test(start_paused = true)]
async fn many_calls_wait_for_one_fetch_and_one_that_hangs_up_cancels_nothing() {
    let server = Server::with_lifetime(3_600);
    server.set(|s| &s.takes, 5 * SECOND);
    let credentials = credentials(&oauth2(), server.fetch());
    // The first polls the fetch first, and hangs up while the others wait.
    let first = timeout(SECOND, value(&credentials));
    let others = join_all((0..100).map(|_| value(&credentials)));
    let start = Instant::now();
    let (first, others) = tokio::join!(first, others);
    assert!(first.is_err());
    assert!(
        others
            .iter()
            .all(|value| value.as_deref() == Ok("Bearer t1"))
    );
    assert_eq!((server.asked(), start.elapsed()), (1, 5 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_ahead_of_its_expiry_while_calls_go_on() {
    for (lifetime, expected) in [
        (Some(1_000), 1_000.0),
        (None, 300.0),
        (Some(100_000_000), 86_400.0),
    ] {
        let server = Arc::new(Server::default());
        server.set(|s| &s.lifetime, lifetime);
        let credentials = credentials(&oauth2(), server.fetch());
        let start = Instant::now();
        value(&credentials).await.unwrap();
        server.set(|s| &s.takes, 3 * SECOND);
        while server.asked() == 1 {
            advance(SECOND).await;
            assert_eq!(at_once(&credentials).unwrap(), "Bearer t1");
        }
        // Four fifths of the lifetime, less up to a tenth of that at random.
        let share = start.elapsed().as_secs_f64() / expected;
        assert!((0.719..0.81).contains(&share), "{share}");
        let asked = Instant::now();
        while at_once(&credentials).unwrap() == "Bearer t1" {
            advance(SECOND / 10).await;
        }
        assert!(asked.elapsed() < 4 * SECOND, "{:?}", asked.elapsed());
        assert_eq!(server.asked(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn hosts_that_start_together_do_not_renew_together() {
    let mut times = Vec::new();
    for _ in 0..20 {
        let server = Server::with_lifetime(1_000);
        let credentials = credentials(&oauth2(), server.fetch());
        let start = Instant::now();
        value(&credentials).await.unwrap();
        while server.asked() == 1 {
            advance(SECOND).await;
            at_once(&credentials).unwrap();
        }
        times.push(start.elapsed());
    }
    times.sort();
    assert!(times[19] - times[0] > 20 * SECOND, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn while_renewing_fails_the_old_token_serves_and_the_endpoint_is_left_in_peace() {
    let server = Server::with_lifetime(1_000);
    let credentials = credentials(&oauth2(), server.fetch());
    let start = Instant::now();
    value(&credentials).await.unwrap();
    server.set(|s| &s.down, true);
    while start.elapsed() < 999 * SECOND {
        advance(SECOND / 20).await;
        assert_eq!(at_once(&credentials).unwrap(), "Bearer t1");
    }
    let asked: Vec<Instant> = server
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|(at, _)| *at)
        .collect();
    let waits = asked[1..]
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs_f64());
    for (wait, expected) in waits.zip(
        [1.0, 2.0, 4.0, 8.0, 16.0]
            .into_iter()
            .chain(std::iter::repeat(30.0)),
    ) {
        assert!(
            wait >= expected * 0.9 && wait <= expected + 0.1,
            "{wait} for {expected}"
        );
    }
    assert!(asked.len() > 10, "{}", asked.len());
    // Once it has expired, calls fail, and do so at once.
    advance(SECOND).await;
    let before = server.asked();
    for _ in 0..100 {
        assert_eq!(
            at_once(&credentials).unwrap_err(),
            "token endpoint: no answer: refused"
        );
    }
    assert!(server.asked() <= before + 1);
    // It comes back.
    server.set(|s| &s.down, false);
    advance(30 * SECOND).await;
    assert_eq!(value(&credentials).await.unwrap(), "Bearer t2");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_hangs_ends_and_the_next_one_may_succeed() {
    let server = Server::with_lifetime(1_000);
    server.set(|s| &s.takes, 3_600 * SECOND);
    let credentials = credentials(&oauth2(), server.fetch());
    let start = Instant::now();
    assert_eq!(
        value(&credentials).await.unwrap_err(),
        "token endpoint: no answer: timed out"
    );
    assert_eq!(start.elapsed(), TOKEN_TIMEOUT);
    server.set(|s| &s.takes, SECOND);
    advance(SECOND).await;
    assert_eq!(value(&credentials).await.unwrap(), "Bearer t1");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_was_left_half_way_does_not_fail_a_later_call() {
    let server = Server::with_lifetime(1_000);
    let credentials = credentials(&oauth2(), server.fetch());
    value(&credentials).await.unwrap();
    server.set(|s| &s.takes, 3_600 * SECOND);
    advance(810 * SECOND).await;
    // The last call for long, which begins a renewal.
    assert_eq!(at_once(&credentials).unwrap(), "Bearer t1");
    assert_eq!(server.asked(), 2);
    advance(600 * SECOND).await;
    server.set(|s| &s.takes, SECOND);
    assert_eq!(value(&credentials).await.unwrap(), "Bearer t2");
    assert_eq!(server.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_for_all_who_were_refused() {
    let server = Server::with_lifetime(3_600);
    let credentials = credentials(&oauth2(), server.fetch());
    let (_, first) = sent(&credentials).await.unwrap();
    server.set(|s| &s.takes, SECOND);
    let refused = join_all((0..50).map(|_| credentials.refused(first)));
    let (refused, ()) = tokio::join!(refused, async {
        // Other calls do not wait for it.
        assert_eq!(at_once(&credentials).unwrap(), "Bearer t1");
    });
    assert!(refused.iter().all(|again| *again));
    assert_eq!(server.asked(), 2);
    let (value, second) = sent(&credentials).await.unwrap();
    assert_eq!(value, "Bearer t2");
    // A call that was refused with the first has a newer one already; the second is not renewed so
    // soon.
    assert!(credentials.refused(first).await);
    assert!(!credentials.refused(second).await);
    assert_eq!(server.asked(), 2);
    advance(10 * SECOND).await;
    assert!(credentials.refused(second).await);
    assert_eq!(server.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_brings_nothing_new_makes_no_further_attempt() {
    let server = Server::with_lifetime(3_600);
    server.set(|s| &s.same, true);
    let credentials = credentials(&oauth2(), server.fetch());
    let (_, used) = sent(&credentials).await.unwrap();
    // The same token again.
    assert!(!credentials.refused(used).await);
    assert_eq!(server.asked(), 2);
    // No token at all: the old one stays, and the backoff holds for refusals as well.
    advance(11 * SECOND).await;
    server.set(|s| &s.down, true);
    assert!(!credentials.refused(used).await);
    assert!(!credentials.refused(used).await);
    assert_eq!(server.asked(), 3);
    assert_eq!(at_once(&credentials).unwrap(), "Bearer t1");
}

#[tokio::test]
async fn a_token_without_a_life_does_not_make_each_call_fetch() {
    let body = r#"{"access_token":"t","token_type":"bearer","expires_in":0}"#;
    let asked = Arc::new(AtomicUsize::new(0));
    let inner = answering(200, "application/json", body);
    let counted = asked.clone();
    let fetch: Fetch = Arc::new(move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        inner(request)
    });
    tokio::time::pause();
    let credentials = credentials(&oauth2(), fetch);
    for _ in 0..100 {
        assert_eq!(value(&credentials).await.unwrap(), "Bearer t");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

/// The first to poll is on an event loop that ends while the others, on loops of their own, still
/// wait.
#[test]
fn calls_on_several_event_loops_share_a_fetch_that_survives_the_loop_it_began_on() {
    let (answer, answered) = tokio::sync::oneshot::channel::<()>();
    let answered = Mutex::new(Some(answered));
    let server = Server::with_lifetime(3_600);
    let inner = server.clone();
    let fetch: Fetch = Arc::new(move |request| {
        let answered = answered.lock().unwrap().take().expect("asked once");
        let server = inner.clone();
        Box::pin(async move {
            let asked = Instant::now();
            server.asked.lock().unwrap().push((asked, request));
            answered.await.map_err(|error| error.to_string())?;
            server.answer(asked)
        })
    });
    let credentials = credentials(&oauth2(), fetch);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
    };
    // `Fetch` waits for a channel, which knows no event loop; the timer around it does, so the loop
    // is kept until the end.
    let first = runtime();
    let hung_up = first.block_on(async {
        let mut call = std::pin::pin!(value(&credentials));
        std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_pending())).await
    });
    assert!(hung_up);
    let began = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    runtime().block_on(async {
                        let mut call = std::pin::pin!(value(&credentials));
                        let polled = std::future::poll_fn(|cx| {
                            std::task::Poll::Ready(call.as_mut().poll(cx).is_pending())
                        });
                        assert!(polled.await);
                        began.wait();
                        call.await
                    })
                })
            })
            .collect();
        began.wait();
        answer.send(()).unwrap();
        for thread in waiting {
            assert_eq!(thread.join().unwrap().unwrap(), "Bearer t1");
        }
    });
    assert_eq!(server.asked(), 1);
}
