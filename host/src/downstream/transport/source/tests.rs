use super::*;

fn source(tls: Option<Option<&str>>) -> Source {
    let mut settings = config::Downstream::with_defaults("users");
    settings.tls = tls.map(|server_name| config::Tls {
        ca_file: None,
        client: None,
        server_name: server_name.map(str::to_owned),
    });
    let at = config::Endpoint {
        host: "_http._tcp.users.test".to_owned(),
        port: 80,
        socket: None,
        srv: true,
        authority: HeaderValue::from_static("_http._tcp.users.test"),
    };
    Source::new(&at, &settings).unwrap()
}

fn target(host: &str, port: u16, weight: u16, addresses: &[&str]) -> Target {
    let addresses = addresses.iter().map(|it| it.parse().unwrap());
    Target {
        host: host.to_owned(),
        port,
        priority: 7,
        weight,
        addresses: Ok(addresses.collect()),
    }
}

#[test]
fn a_target_has_its_own_name_and_the_port_where_it_is_not_that_of_the_scheme() {
    let https = ServerName::try_from("a.test").unwrap();
    let other = ServerName::try_from("users.test").unwrap();
    for (tls, port, authority, server_name) in [
        (None, 80, "a.test", None),
        (None, 443, "a.test:443", None),
        (Some(None), 443, "a.test", Some(https.clone())),
        (Some(None), 8443, "a.test:8443", Some(https)),
        (Some(Some("users.test")), 443, "a.test", Some(other)),
    ] {
        let target = target("a.test", port, 1, &["127.0.0.1:1"]);
        let site = source(tls).sites(&[target], &[]).unwrap().remove(0);
        assert_eq!(site.authority, authority);
        assert_eq!(site.server_name, server_name);
    }
}

#[test]
fn the_addresses_of_a_target_share_its_weight_and_each_place_is_there_once() {
    let targets = [
        target("a.test", 80, 4, &["127.0.0.1:80", "127.0.0.2:80"]),
        target("a.test", 80, 1, &["127.0.0.1:80"]),
        target("b.test", 80, 0, &["127.0.0.1:80"]),
    ];
    let sites = source(None).sites(&targets, &[]).unwrap();
    let seen = sites.iter().map(|it| (text(&it.authority), it.weight));
    let expected = [("a.test", 512), ("a.test", 512), ("b.test", 1)];
    let expected = expected.map(|(authority, weight)| (authority.to_owned(), weight));
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    assert!(sites.iter().all(|it| it.priority == 7));
}

#[test]
fn targets_without_an_address_are_a_failure_and_none_at_all_is_not() {
    let mut lost = target("a.test", 80, 1, &[]);
    lost.addresses = Err(io::Error::from(io::ErrorKind::NotFound));
    let error = source(None).sites(&[lost], &[]).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(source(None).sites(&[], &[]).unwrap().is_empty());
}
