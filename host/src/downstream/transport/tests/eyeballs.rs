//! Names of which some addresses take no connection: another one is tried beside it (RFC 8305).

use std::net::{SocketAddr, TcpStream};

use tokio::net::{TcpListener, TcpSocket};

use super::names::{Dns, named};
use super::*;

const DELAY: Duration = Duration::from_millis(20);
const BOTH: [Protocol; 2] = [Protocol::Http1, Protocol::Http2];

/// An address that never answers: its accept queue is full.
struct Silent {
    listener: TcpListener,
    _waiting: Vec<TcpStream>,
}

fn silent() -> Silent {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let short = Duration::from_millis(100);
    // One is enough for a queue of no length, and has all the time that it needs. The kernel may
    // take more.
    let mut waiting = vec![TcpStream::connect(address).unwrap()];
    let connect = |_| TcpStream::connect_timeout(&address, short).ok();
    waiting.extend((0..16).map_while(connect));
    Silent {
        listener,
        _waiting: waiting,
    }
}

/// An address that refuses. No other process gets it as long as the socket is there.
fn closed() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn settings(protocol: Protocol) -> Downstream {
    let mut settings = named();
    settings.protocol = protocol;
    settings.connections.attempt_delay = DELAY;
    settings
}

async fn to_first(transport: &Transport) -> Made {
    call(transport, 0, Method::GET, bounds(), Some(1)).await
}

/// The first address of the name, which is bad, costs calls only time, and is ejected.
async fn is_put_out(bad: SocketAddr, protocol: Protocol) {
    let good = names_connections();
    let dns = Dns::of(&[bad, good.address()]);
    let transport = dns.transport(&settings(protocol), None);
    transport.connector.endpoints.ready().await.unwrap();
    for _ in 0..5 {
        assert_eq!(transport.endpoints()[0].status, EndpointStatus::Good);
        let made = to_first(&transport).await;
        assert_eq!((made.endpoint, made.judgement), (1, Judgement::Good));
        assert_eq!(made.result.unwrap().status, 200);
    }
    let states = transport.endpoints();
    let latency = |index: usize| states[index].latency;
    assert!(matches!(states[0].status, EndpointStatus::Ejected { .. }));
    assert_eq!(states[1].status, EndpointStatus::Good);
    assert!(
        latency(0) > Duration::from_millis(800),
        "it is penalised, too"
    );
    assert!(latency(1) < Duration::from_millis(800));
    assert!(states.iter().all(|state| state.in_flight == 0));
}

#[tokio::test]
async fn an_address_that_refuses_fails_no_call_and_is_put_out() {
    for protocol in BOTH {
        let (_socket, address) = closed();
        is_put_out(address, protocol).await;
    }
}

#[tokio::test]
async fn an_address_that_does_not_answer_fails_no_call_and_is_put_out() {
    for protocol in BOTH {
        let silent = silent();
        is_put_out(silent.listener.local_addr().unwrap(), protocol).await;
    }
}

#[tokio::test]
async fn one_slot_is_enough_for_all_that_are_tried() {
    for protocol in BOTH {
        let (silent, good) = (silent(), names_connections());
        let address = silent.listener.local_addr().unwrap();
        let (_socket, refuses) = closed();
        let dns = Dns::of(&[address, refuses, good.address()]);
        let mut settings = settings(protocol);
        settings.bulkhead.max_calls = 1;
        let transport = dns.transport(&settings, None);
        transport.connector.endpoints.ready().await.unwrap();
        assert_eq!(body(to_first(&transport).await), "1");
        assert!(transport.open() <= 1);
    }
}

#[tokio::test]
async fn calls_that_wait_for_a_shared_connection_go_elsewhere_with_the_one_that_opens_it() {
    let (silent, good) = (silent(), names_connections());
    let dns = Dns::of(&[silent.listener.local_addr().unwrap(), good.address()]);
    let mut settings = settings(Protocol::Http2);
    // Long enough for a busy machine.
    let delay = 50 * DELAY;
    settings.connections.attempt_delay = delay;
    let transport = dns.transport(&settings, None);
    transport.connector.endpoints.ready().await.unwrap();
    let calls = (0..20).map(|_| to_first(&transport));
    let began = Instant::now();
    for made in futures_util::future::join_all(calls).await {
        assert_eq!(made.endpoint, 1);
        assert_eq!(made.result.unwrap().status, 200);
    }
    // Not one after the other, and not with a connection each.
    assert!(began.elapsed() < 15 * delay, "{:?}", began.elapsed());
    assert!(good.accepted() <= 2, "{}", good.accepted());
    // Only the dialing call knows that it does not answer.
    assert_eq!(transport.endpoints()[0].status, EndpointStatus::Good);
}

#[tokio::test]
async fn the_time_to_connect_is_enough_for_a_second_address() {
    let (silent, good) = (silent(), names_connections());
    let dns = Dns::of(&[silent.listener.local_addr().unwrap(), good.address()]);
    let mut settings = settings(Protocol::Http1);
    // As by default, the one is as long as the other.
    settings.connections.attempt_delay = Duration::from_secs(1);
    settings.policy.timeouts.connect = Duration::from_secs(1);
    let transport = dns.transport(&settings, None);
    transport.connector.endpoints.ready().await.unwrap();
    assert_eq!(body(to_first(&transport).await), "1");
}

#[tokio::test]
async fn where_no_address_takes_a_connection_the_service_is_unreachable() {
    for protocol in BOTH {
        let (one, other) = (closed(), closed());
        let dns = Dns::of(&[one.1, other.1]);
        let transport = dns.transport(&settings(protocol), None);
        let made = get(&transport, 0).await;
        assert_eq!(made.judgement, Judgement::Fault);
        let error = made.result.unwrap_err();
        assert!(matches!(error, Cause::Unreachable { .. }), "{error}");
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
    }
}

#[tokio::test]
async fn a_server_of_one_family_is_found_behind_both() {
    for protocol in BOTH {
        let good = names_connections();
        let other = SocketAddr::new([0, 0, 0, 0, 0, 0, 0, 1].into(), good.address().port());
        let dns = Dns::of(&[other, good.address()]);
        let transport = dns.transport(&settings(protocol), None);
        transport.connector.endpoints.ready().await.unwrap();
        for _ in 0..10 {
            let made = to_first(&transport).await;
            assert_eq!(
                (made.endpoint, made.result.unwrap().status.as_u16()),
                (1, 200)
            );
        }
    }
}

#[tokio::test]
async fn endpoints_that_the_operator_lists_are_not_tried_for_each_other() {
    let good = names_connections();
    let (_socket, refuses) = closed();
    let transport = transport(&super::settings(&[refuses, good.address()]));
    let made = to_first(&transport).await;
    assert!(matches!(made.result, Err(Cause::Unreachable { .. })));
    assert_eq!(good.accepted(), 0);
}
