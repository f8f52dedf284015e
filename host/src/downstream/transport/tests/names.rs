//! Names: each address is an endpoint, and they come and go.

use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;

use super::*;

/// The addresses of the service's name.
#[derive(Clone)]
pub struct Dns {
    says: Arc<Mutex<Result<Vec<SocketAddr>, io::ErrorKind>>>,
    asked: Arc<AtomicUsize>,
    /// Lookups that may end.
    pub gate: Gate,
}

impl Dns {
    pub fn of(addresses: &[SocketAddr]) -> Self {
        let dns = Self {
            says: Arc::new(Mutex::new(Ok(addresses.to_vec()))),
            asked: Arc::default(),
            gate: Gate::new(),
        };
        dns.gate.open_for_all();
        dns
    }

    fn say(&self, says: Result<&[SocketAddr], io::ErrorKind>) {
        *self.says.lock().unwrap() = says.map(<[_]>::to_vec);
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn lookup(&self) -> Lookup {
        let dns = self.clone();
        Lookup::Scripted(Arc::new(move |_, _| {
            let dns = dns.clone();
            Box::pin(async move {
                dns.asked.fetch_add(1, Ordering::SeqCst);
                dns.gate.pass().await;
                dns.says.lock().unwrap().clone().map_err(io::Error::from)
            })
        }))
    }

    pub fn transport(&self, settings: &Downstream, previous: Option<&Transport>) -> Arc<Transport> {
        let transport = Transport::with_lookup(settings, 2, previous, self.lookup());
        Arc::new(transport.unwrap())
    }

    /// Lets the transport look the name up, and applies the result.
    async fn refresh(&self, transport: &Arc<Transport>) {
        let before = self.asked();
        transport.tick(0);
        until(|| self.asked() > before).await;
    }
}

/// A service at a name. It is looked up with each tick.
pub fn named() -> Downstream {
    let mut settings = settings(&["127.0.0.1:80".parse().unwrap()]);
    settings.endpoints = vec![at("users.test")];
    settings.connections.resolve_interval = Duration::ZERO;
    settings
}

pub fn at(name: &str) -> crate::config::Endpoint {
    crate::config::Endpoint {
        host: name.to_owned(),
        port: 80,
        socket: None,
        srv: false,
        authority: HeaderValue::from_str(name).unwrap(),
    }
}

pub fn list(transport: &Transport) -> Arc<List> {
    transport.connector.endpoints.list()
}

fn ids(transport: &Transport) -> Vec<usize> {
    list(transport).iter().map(|endpoint| endpoint.id).collect()
}

pub fn addresses<const N: usize>(services: [&ScriptedService; N]) -> [SocketAddr; N] {
    services.map(ScriptedService::address)
}

pub fn answers(code: u16) -> ScriptedService {
    service(move |_| Response::new(code))
}

#[tokio::test]
async fn calls_are_spread_over_the_addresses_of_a_name() {
    let [one, two, three] = [answers(200), answers(200), answers(200)];
    let services = [&one, &two, &three];
    let dns = Dns::of(&addresses(services));
    let transport = dns.transport(&named(), None);
    for _ in 0..60 {
        assert_eq!(get(&transport, 0).await.result.unwrap().status, 200);
    }
    assert_eq!(dns.asked(), 1);
    for (service, state) in services.iter().zip(transport.endpoints()) {
        assert!(service.count() > 0);
        let requests = service.requests();
        assert!(
            requests
                .iter()
                .all(|it| it.header("host") == Some("users.test"))
        );
        assert_eq!(state.authority, "users.test");
        assert_eq!(
            state.address,
            Some(address::Address::Tcp(service.address()))
        );
    }
}

#[tokio::test]
async fn one_bad_address_is_ejected() {
    let [one, bad, three] = [answers(200), answers(500), answers(200)];
    let dns = Dns::of(&addresses([&one, &bad, &three]));
    let transport = dns.transport(&named(), None);
    let mut failures = 0;
    for _ in 0..5 {
        // The two others are avoided by turns.
        for avoid in [0, 2] {
            get(&transport, 0).await.result.unwrap();
            let made = call(&transport, 0, Method::GET, bounds(), Some(avoid)).await;
            failures += usize::from(made.result.unwrap().status == 500);
        }
    }
    pass(Duration::from_secs(1)).await;
    let ejected = |state: &EndpointState| matches!(state.status, EndpointStatus::Ejected { .. });
    for _ in 0..200 {
        if ejected(&transport.endpoints()[1]) {
            break;
        }
        // What a failure costs is forgotten with time, and the address is tried again.
        pass(Duration::from_secs(120)).await;
        let made = call(&transport, 0, Method::GET, bounds(), Some(0)).await;
        failures += usize::from(made.result.unwrap().status == 500);
    }
    assert!(failures <= 10, "{failures}");
    let out: Vec<bool> = transport.endpoints().iter().map(ejected).collect();
    assert_eq!(out, [false, true, false]);
}

#[tokio::test]
async fn an_address_that_left_the_name_is_drained() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let gate = Gate::new();
        let held = gate.clone();
        let old = service(move |request| match request.number {
            1 => Response::text("old"),
            _ => Response::text("old").after(held.pass()),
        });
        let new = service(|_| Response::text("new"));
        let [gone, stays] = addresses([&old, &new]);
        let dns = Dns::of(&[gone, stays]);
        let transport = dns.transport(
            &Downstream {
                protocol,
                ..named()
            },
            None,
        );
        transport.connector.endpoints.ready().await.unwrap();
        let to_old = |worker| {
            let transport = transport.clone();
            async move { call(&transport, worker, Method::GET, bounds(), Some(1)).await }
        };
        assert_eq!(body(to_old(1).await), "old");
        let mut under_way = JoinSet::new();
        under_way.spawn(to_old(0));
        old.wait_for(2).await;

        dns.say(Ok(&[stays]));
        dns.refresh(&transport).await;
        // The one that worker 1 kept is closed, the other one is in use.
        until(|| old.open() == 1).await;
        for worker in [0, 1, 0, 1] {
            assert_eq!(body(get(&transport, worker).await), "new");
        }
        assert_eq!(transport.endpoints().len(), 1);
        gate.open_for_all();
        let ended = under_way.join_next().await.unwrap();
        assert_eq!(body(ended.unwrap()), "old");
        until(|| old.open() == 0).await;
        assert_eq!(old.count(), 2);
    }
}

#[tokio::test]
async fn an_address_that_came_later_begins_in_slow_start() {
    let [one, two, three] = [answers(200), answers(200), answers(200)];
    let all = addresses([&one, &two, &three]);
    let dns = Dns::of(&all[..2]);
    let transport = dns.transport(&named(), None);
    get(&transport, 0).await.result.unwrap();
    let before = ids(&transport);
    let starting = || {
        let share = |it: &Arc<Endpoint>| {
            let length = Duration::from_secs(10);
            it.record.slow_start.share(Instant::now(), length)
        };
        list(&transport).iter().map(share).collect::<Vec<_>>()
    };
    assert_eq!(starting(), [None, None]);
    dns.say(Ok(&all));
    dns.refresh(&transport).await;
    assert_eq!(starting(), [None, None, Some(10)]);
    assert_eq!(ids(&transport)[..2], before);
    // Where all are new, none can spare another.
    dns.say(Ok(&["127.0.0.1:1".parse().unwrap()]));
    dns.refresh(&transport).await;
    assert_eq!(starting(), [None]);
}

#[tokio::test]
async fn a_lookup_that_fails_or_says_the_same_changes_nothing() {
    let [one, two] = [answers(200), answers(200)];
    let [first, second] = addresses([&one, &two]);
    let dns = Dns::of(&[first, second]);
    let transport = dns.transport(&named(), None);
    get(&transport, 0).await.result.unwrap();
    let before = list(&transport);
    dns.say(Ok(&[second, first, second]));
    dns.refresh(&transport).await;
    assert!(Arc::ptr_eq(&before, &list(&transport)));
    dns.say(Err(io::ErrorKind::NotFound));
    dns.refresh(&transport).await;
    dns.say(Ok(&[]));
    dns.refresh(&transport).await;
    assert!(Arc::ptr_eq(&before, &list(&transport)));
    assert_eq!(get(&transport, 0).await.result.unwrap().status, 200);
}

#[tokio::test]
async fn no_more_addresses_are_taken_than_a_host_can_bear() {
    let many: Vec<SocketAddr> = (1..=200)
        .map(|port| ([127, 0, 0, 1], port).into())
        .collect();
    let dns = Dns::of(&many);
    let transport = dns.transport(&named(), None);
    dns.refresh(&transport).await;
    let before = list(&transport);
    assert_eq!(before.len(), 64);
    let turned: Vec<_> = many.iter().rev().copied().collect();
    dns.say(Ok(&turned));
    dns.refresh(&transport).await;
    assert!(
        Arc::ptr_eq(&before, &list(&transport)),
        "those that are known stay"
    );
}

#[tokio::test]
async fn a_reload_keeps_addresses_with_all_that_is_known_of_them() {
    let [one, bad] = [names_connections(), answers(500)];
    let dns = Dns::of(&addresses([&one, &bad]));
    let mut settings = named();
    settings.ejection.failures = 1;
    let first = dns.transport(&settings, None);
    get(&first, 0).await.result.unwrap();
    assert_eq!(
        call(&first, 0, Method::GET, bounds(), Some(1))
            .await
            .endpoint,
        0
    );
    call(&first, 0, Method::GET, bounds(), Some(0)).await;
    let ejected = |transport: &Transport| {
        let status = &transport.endpoints()[1].status;
        matches!(status, EndpointStatus::Ejected { .. })
    };
    assert!(ejected(&first));

    settings.ejection.failures = 9;
    settings.endpoints.insert(0, at("other.test"));
    settings.health = Some(crate::config::Health {
        path: "/health".to_owned(),
        interval: Duration::from_secs(3600),
        timeout: Duration::from_secs(5),
        unhealthy_after: 1,
        healthy_after: 1,
    });
    let (asked, open) = (dns.asked(), one.accepted());
    let second = dns.transport(&settings, Some(&first));
    assert_eq!(ids(&second), ids(&first));
    assert!(list(&second).iter().all(|it| it.health.is_some()));
    let states = second.endpoints();
    assert_eq!(states[0].status, EndpointStatus::Unresolved { why: None });
    assert!(matches!(states[2].status, EndpointStatus::Ejected { .. }));
    for _ in 0..5 {
        assert_eq!(get(&second, 0).await.result.unwrap().status, 200);
    }
    assert_eq!(
        (dns.asked(), one.accepted()),
        (asked, open),
        "all is there already"
    );
    drop(first);
    assert_eq!(get(&second, 0).await.result.unwrap().status, 200);
    assert_eq!(one.accepted(), open);
    // A lookup that the former settings still made drained one: it is none any more, and a new one
    // takes its place.
    let drained = list(&second)[0].clone();
    drained.pools.drain();
    dns.refresh(&second).await;
    let fresh = list(&second)
        .iter()
        .find(|it| it.address == drained.address)
        .cloned();
    assert!(fresh.is_some_and(|it| it.id != drained.id && !it.pools.is_drained()));
}
