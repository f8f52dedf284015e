//! SRV names: the targets and the order of their records.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;

use super::names::{answers, list};
use super::*;
use crate::downstream::transport::dns::scripted::{DnsAnswer, DnsServer};

/// A name whose records name services, each at a host of its own.
struct Srv {
    dns: DnsServer,
    /// Hosts that no lookup finds.
    unknown: Arc<Mutex<BTreeSet<String>>>,
}

/// Priority, weight and place.
type Record<'a> = (u16, u16, &'a ScriptedService);

fn records(records: &[Record<'_>]) -> DnsAnswer {
    let record = |(priority, weight, service): &Record<'_>| {
        let port = service.address().port();
        (*priority, *weight, port, format!("h{port}.test"))
    };
    DnsAnswer::Srv(records.iter().map(record).collect())
}

fn host(service: &ScriptedService) -> String {
    format!("h{}.test", service.address().port())
}

impl Srv {
    async fn of(all: &[Record<'_>]) -> Self {
        Self {
            dns: DnsServer::start(records(all)).await,
            unknown: Arc::default(),
        }
    }

    fn settings(&self) -> Downstream {
        let mut settings = settings(&["127.0.0.1:80".parse().unwrap()]);
        settings.endpoints = vec![crate::config::Endpoint {
            host: "_http._tcp.users.test".to_owned(),
            port: 80,
            socket: None,
            srv: true,
            authority: HeaderValue::from_static("_http._tcp.users.test"),
        }];
        settings.connections.resolve_interval = Duration::ZERO;
        settings.connections.dns_servers = vec![self.dns.address];
        settings
    }

    fn transport(&self, settings: &Downstream, previous: Option<&Transport>) -> Arc<Transport> {
        let unknown = self.unknown.clone();
        let lookup = Lookup::Scripted(Arc::new(move |host, port| {
            let found = match unknown.lock().unwrap().contains(host) {
                true => Err(io::Error::from(io::ErrorKind::NotFound)),
                false => Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]),
            };
            Box::pin(async { found })
        }));
        Arc::new(Transport::with_lookup(settings, 2, previous, lookup).unwrap())
    }

    /// Lets the transport look the name up once more, until the hosts are these.
    async fn until_hosts(&self, transport: &Arc<Transport>, expected: &[&ScriptedService]) {
        let authority = |it: &&ScriptedService| format!("{}:{}", host(it), it.address().port());
        let expected: BTreeSet<_> = expected.iter().map(authority).collect();
        let hosts = || {
            let states = transport.endpoints().into_iter();
            let found = states.filter(|it| it.address.is_some());
            found.map(|it| it.authority).collect::<BTreeSet<_>>()
        };
        transport.tick(0);
        until(|| hosts() == expected).await;
    }
}

async fn fine(transport: &Arc<Transport>, number: usize) {
    for _ in 0..number {
        assert_eq!(get(transport, 0).await.result.unwrap().status, 200);
    }
}

#[tokio::test]
async fn the_targets_of_the_lowest_priority_are_called_by_their_own_names() {
    let [one, two, spare] = [answers(200), answers(200), answers(200)];
    let srv = Srv::of(&[(1, 1, &one), (1, 1, &two), (2, 1, &spare)]).await;
    let transport = srv.transport(&srv.settings(), None);
    fine(&transport, 60).await;
    assert!(one.count() > 0 && two.count() > 0);
    assert_eq!(spare.count(), 0);
    for service in [&one, &two] {
        let authority = format!("{}:{}", host(service), service.address().port());
        let requests = service.requests();
        assert!(
            requests
                .iter()
                .all(|it| it.header("host") == Some(&authority))
        );
        let states = transport.endpoints();
        let state = states.iter().find(|it| it.authority == authority).unwrap();
        assert_eq!(
            state.address,
            Some(address::Address::Tcp(service.address()))
        );
    }
}

#[tokio::test]
async fn the_next_priority_gets_the_calls_while_none_of_the_lowest_is_good() {
    let [bad, spare] = [answers(500), answers(200)];
    let srv = Srv::of(&[(1, 1, &bad), (2, 1, &spare)]).await;
    let mut settings = srv.settings();
    settings.ejection.failures = 1;
    let transport = srv.transport(&settings, None);
    until_ejected(&transport, &bad).await;
    let (before, spared) = (bad.count(), spare.count());
    fine(&transport, 20).await;
    assert_eq!((bad.count(), spare.count()), (before, spared + 20));
}

#[tokio::test]
async fn the_next_priority_gets_the_calls_while_too_few_of_the_lowest_are_good() {
    let [one, two, good, spare] = [answers(500), answers(500), answers(200), answers(200)];
    let srv = Srv::of(&[(1, 9, &one), (1, 9, &two), (1, 9, &good), (2, 1, &spare)]).await;
    let mut settings = srv.settings();
    settings.ejection.failures = 1;
    settings.ejection.max_share = 100;
    settings.ejection.panic_threshold = 50;
    let transport = srv.transport(&settings, None);
    until_ejected(&transport, &one).await;
    until_ejected(&transport, &two).await;
    let (before, spared) = (good.count(), spare.count());
    fine(&transport, 20).await;
    assert_eq!((good.count(), spare.count()), (before, spared + 20));
}

/// Calls until this one, which is bad, is left out.
async fn until_ejected(transport: &Arc<Transport>, bad: &ScriptedService) {
    let port = format!(":{}", bad.address().port());
    transport.connector.endpoints.ready().await.unwrap();
    for _ in 0..500 {
        let states = transport.endpoints();
        let state = states
            .iter()
            .find(|it| it.authority.ends_with(&port))
            .unwrap();
        if matches!(state.status, EndpointStatus::Ejected { .. }) {
            return;
        }
        get(transport, 0).await.result.unwrap();
    }
    panic!("it is not left out");
}

#[tokio::test]
async fn a_target_that_takes_no_connection_costs_a_call_nothing() {
    let [gone, spare] = [answers(200), answers(200)];
    let srv = Srv::of(&[(1, 1, &gone), (2, 1, &spare)]).await;
    gone.stop().await;
    let gone_is = srv.transport(&srv.settings(), None);
    fine(&gone_is, 5).await;
    assert_eq!(spare.count(), 5);
    let requests = spare.requests();
    let authority = format!("{}:{}", host(&spare), spare.address().port());
    assert!(
        requests
            .iter()
            .all(|it| it.header("host") == Some(&authority))
    );
}

#[tokio::test]
async fn a_further_attempt_goes_to_the_next_priority() {
    let [first, spare] = [answers(500), answers(200)];
    let srv = Srv::of(&[(1, 1, &first), (2, 1, &spare)]).await;
    let transport = srv.transport(&srv.settings(), None);
    transport.connector.endpoints.ready().await.unwrap();
    let all = list(&transport);
    let index = all
        .iter()
        .position(|it| it.address == address::Address::Tcp(first.address()));
    let made = call(&transport, 0, Method::GET, bounds(), index).await;
    assert_eq!(made.result.unwrap().status, 200);
    assert_eq!((first.count(), spare.count()), (0, 1));
}

#[tokio::test]
async fn weights_shape_the_shares() {
    let [heavy, light, never] = [answers(200), answers(200), answers(200)];
    let srv = Srv::of(&[(1, 30, &heavy), (1, 10, &light), (1, 0, &never)]).await;
    let transport = srv.transport(&srv.settings(), None);
    transport.connector.endpoints.ready().await.unwrap();
    let weights = |expected: [u32; 3]| {
        let all = list(&transport);
        let weights = all.iter().map(|it| it.record.rank.weight());
        weights.collect::<Vec<_>>() == expected
    };
    assert!(weights([30 * 256, 10 * 256, 1]));
    // A lookup that changes ranks alone changes no endpoint.
    let before = list(&transport);
    srv.dns
        .say(records(&[(1, 1, &heavy), (1, 2, &light), (1, 3, &never)]));
    transport.tick(0);
    until(|| weights([256, 512, 768])).await;
    assert!(Arc::ptr_eq(&before, &list(&transport)));
}

#[tokio::test]
async fn targets_come_and_go_and_keep_what_is_known_of_them() {
    let [stays, goes, comes] = [answers(200), answers(200), answers(200)];
    let srv = Srv::of(&[(1, 1, &stays), (1, 1, &goes)]).await;
    let first = srv.transport(&srv.settings(), None);
    fine(&first, 10).await;
    let id = |transport: &Transport| {
        let all = list(transport);
        let it = address::Address::Tcp(stays.address());
        all.iter()
            .find(|at| at.address == it)
            .map(|at| at.id)
            .unwrap()
    };
    let (before, accepted) = (id(&first), stays.accepted());
    srv.dns.say(records(&[(1, 1, &stays), (1, 1, &comes)]));
    srv.until_hosts(&first, &[&stays, &comes]).await;
    until(|| goes.open() == 0).await;

    let mut settings = srv.settings();
    settings.ejection.failures = 9;
    let second = srv.transport(&settings, Some(&first));
    fine(&second, 20).await;
    assert_eq!((id(&second), stays.accepted()), (before, accepted));
    assert!(comes.count() > 0);
}

#[tokio::test]
async fn a_lookup_that_fails_keeps_what_was_known() {
    let [one, two] = [answers(200), answers(200)];
    let srv = Srv::of(&[(1, 1, &one), (1, 1, &two)]).await;
    let transport = srv.transport(&srv.settings(), None);
    fine(&transport, 1).await;
    let before = list(&transport);
    // The addresses of one target are not found, then the records are not.
    srv.unknown.lock().unwrap().insert(host(&one));
    for says in [None, Some(DnsAnswer::Address)] {
        let asked = srv.dns.asked();
        says.into_iter().for_each(|says| srv.dns.say(says));
        transport.tick(0);
        until(|| srv.dns.asked() > asked).await;
        transport.connector.endpoints.ready().await.unwrap();
        fine(&transport, 5).await;
        assert!(Arc::ptr_eq(&before, &list(&transport)));
    }
}

#[tokio::test]
async fn a_service_that_is_not_offered_is_unreachable_and_says_so() {
    let one = answers(200);
    let srv = Srv::of(&[(1, 1, &one)]).await;
    let transport = srv.transport(&srv.settings(), None);
    fine(&transport, 1).await;
    srv.dns.say(DnsAnswer::Srv(vec![(0, 0, 0, String::new())]));
    srv.until_hosts(&transport, &[]).await;
    until(|| one.open() == 0).await;
    let error = get(&transport, 0).await.result.unwrap_err();
    let why = "the name says that the service is not offered";
    assert!(error.to_string().contains(why), "{error}");
    let state = transport.endpoints().remove(0);
    assert_eq!(state.authority, "_http._tcp.users.test");
    let why = Some(why.to_owned());
    assert_eq!(state.status, EndpointStatus::Unresolved { why });

    srv.dns.say(records(&[(1, 1, &one)]));
    fine(&transport, 1).await;
}
