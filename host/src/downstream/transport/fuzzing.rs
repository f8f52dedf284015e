//! A target of fuzzing: a service that answers with any bytes.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderValue, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime;
use tokio::time::Instant;

use super::{Bounds, Course, Transport, dns, memory};
use crate::config::{self, Protocol};
use crate::downstream::deadline::SharedDeadline;
use crate::downstream::request::ServiceRequest;
use crate::text::assert_fit_for_a_log;

const MAX_HEAD: usize = 1 << 10;
const MAX_BODY: usize = 1 << 12;
/// Time for the call, of a clock that stands still while anything is done.
const TOTAL: Duration = Duration::from_secs(10);

/// Makes a call to a service that answers with the input: but for its first two bytes, of which one
/// says how many bytes come at once, the other whether the connection stays open after the last.
/// The call ends in its time, what it brings is within the limits, and a failure can be logged.
pub fn answer(address: SocketAddr, protocol: Protocol, input: &[u8]) {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(call(address, protocol, input.to_vec())),
        Err(error) => assert!(error.to_string().is_empty(), "no event loop: {error}"),
    }
}

async fn call(address: SocketAddr, protocol: Protocol, input: Vec<u8>) {
    memory::listen(address, move || {
        let (near, far) = tokio::io::duplex(1 << 16);
        spawn(serve(far, input.clone()));
        std::future::ready(Ok(near)).boxed()
    });
    let mut settings = config::Downstream::with_defaults("fuzzed");
    settings.protocol = protocol;
    settings.max_header_size = MAX_HEAD;
    settings.endpoints = vec![config::Endpoint {
        host: address.ip().to_string(),
        port: address.port(),
        socket: None,
        srv: false,
        authority: HeaderValue::from_static("fuzzed"),
    }];
    let made = Transport::new(&settings, 1, None);
    assert!(made.is_ok(), "the settings are good");
    let Ok(transport) = made else { return };
    let request = ServiceRequest {
        method: Method::GET,
        target: "/x".parse().unwrap_or_default(),
        headers: HeaderMap::new(),
        body: Default::default(),
    };
    let started = Instant::now();
    let end = SharedDeadline::new(started + TOTAL);
    let bounds = Bounds {
        started,
        timeouts: &settings.policy.timeouts,
        end: &end,
        queue: TOTAL,
        first_byte: TOTAL,
        size: MAX_BODY,
    };
    let course = Course::default();
    let attempted = transport.attempt(0, &request, bounds, &course).await;
    let took = started.elapsed();
    assert!(took <= TOTAL + Duration::from_millis(10), "{took:?}");
    match attempted.result {
        Ok(response) => {
            assert!(!response.status.is_informational());
            assert!(response.body.len() <= MAX_BODY);
            let fields = response.headers.iter();
            let head: usize = fields
                .map(|(name, value)| name.as_str().len() + value.len())
                .sum();
            assert!(head <= MAX_HEAD, "{head}");
        }
        Err(cause) => {
            assert_fit_for_a_log(&cause.to_string(), 1_000);
        }
    }
}

async fn serve(far: DuplexStream, input: Vec<u8>) {
    let (mut read, mut write) = tokio::io::split(far);
    let mut buffer = [0; 1024];
    // Nothing is answered before there is a request.
    if !matches!(read.read(&mut buffer).await, Ok(1..)) {
        return;
    }
    let sink = async { while matches!(read.read(&mut buffer).await, Ok(1..)) {} };
    let source = async {
        if let [pace, stays, answer @ ..] = &input[..] {
            for part in answer.chunks(usize::from(*pace) + 1) {
                if write.write_all(part).await.is_err() {
                    return;
                }
                // Otherwise the parts would be one.
                tokio::task::yield_now().await;
            }
            if stays % 2 == 1 {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = sink => {}
        () = source => {}
    }
}

/// Reads what a DNS server answers to a question for SRV records. No more is taken than may be, and
/// all of it can be called; a failure can be logged.
pub fn dns_answer(input: &[u8]) {
    match dns::read(input) {
        Ok(records) => {
            assert!(records.len() <= 64);
            assert!(records.is_sorted_by_key(|record| record.priority));
            for record in records {
                let host = &record.host;
                assert!(
                    record.port != 0 && !host.is_empty() && host.len() <= 255,
                    "{host}"
                );
                assert!(host.bytes().all(|byte| byte.is_ascii_graphic()), "{host:?}");
            }
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains(|it: char| it.is_control()), "{text:?}");
            assert!(text.len() < 1_000, "{text}");
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it ends with the connection, and the event loop with the target"
)]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
