//! TLS.

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

/// An authority and a folder for files.
struct Setup {
    authority: Authority,
    folder: TempDir,
}

impl Setup {
    fn new() -> Self {
        Self {
            authority: Authority::new().unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn settings(&self, server: &ScriptedService) -> Downstream {
        let mut settings = settings(&[server.address()]);
        settings.tls = Some(Tls {
            ca_file: Some(self.file("ca.pem", &self.authority.certificate())),
            client: None,
            server_name: Some("activity.test".to_owned()),
        });
        settings
    }

    /// A server with a certificate of the authority, which says what SNI and connection a request
    /// came with.
    fn server(&self, name: &str, validity: Validity, alpn: &[&str]) -> ScriptedService {
        let identity = self.authority.sign(name, validity).unwrap();
        let tls = acceptor(&identity, alpn, None).unwrap();
        let server = ScriptedService::builder().tls(tls);
        server.start(names_all).unwrap()
    }
}

/// An answer that says what server name, protocol, connection and scheme the request came with.
fn names_all(request: Request) -> Response {
    let name = request.server_name.unwrap_or_default();
    let scheme = request.scheme.unwrap_or_default();
    let (version, connection) = (request.version, request.connection);
    Response::text(format!("{name} {version:?} {connection} {scheme}"))
}

async fn refused(settings: &Downstream) -> String {
    let error = get(&transport(settings), 0).await.result.unwrap_err();
    assert!(matches!(error, Cause::Unreachable { .. }), "{error}");
    assert!(!error.sent());
    error.to_string()
}

const START: &str = "no connection: TLS: ";

#[tokio::test]
async fn a_good_certificate_is_taken_and_the_name_sent() {
    let setup = Setup::new();
    for alpn in [&["http/1.1"][..], &[]] {
        let server = setup.server("activity.test", Validity::Now, alpn);
        let transport = transport(&setup.settings(&server));
        assert_eq!(body(get(&transport, 0).await), "activity.test HTTP/1.1 1 ");
        assert_eq!(body(get(&transport, 0).await), "activity.test HTTP/1.1 1 ");
    }
}

#[tokio::test]
async fn without_a_server_name_the_endpoints_host_is_what_counts() {
    let setup = Setup::new();
    let server = setup.server("127.0.0.1", Validity::Now, &["http/1.1"]);
    let mut settings = setup.settings(&server);
    settings.tls.as_mut().unwrap().server_name = None;
    let transport = transport(&settings);
    assert_eq!(body(get(&transport, 0).await), " HTTP/1.1 1 ");
}

#[tokio::test]
async fn http2_is_agreed_on() {
    let setup = Setup::new();
    let server = setup.server("activity.test", Validity::Now, &["h2", "http/1.1"]);
    let mut settings = setup.settings(&server);
    settings.protocol = Protocol::Http2;
    let transport = transport(&settings);
    for _ in 0..2 {
        assert_eq!(
            body(get(&transport, 0).await),
            "activity.test HTTP/2.0 1 https"
        );
    }
    for alpn in [&["http/1.1"][..], &[]] {
        let server = setup.server("activity.test", Validity::Now, alpn);
        let mut settings = setup.settings(&server);
        settings.protocol = Protocol::Http2;
        let why = refused(&settings).await;
        assert!(why.contains("does not agree to"), "{why}");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_right_is_refused_and_says_why() {
    let setup = Setup::new();
    for (name, validity, why) in [
        ("activity.test", Validity::Past, "has expired"),
        ("activity.test", Validity::Future, "is not valid yet"),
        ("other.test", Validity::Now, "is for another name"),
    ] {
        let server = setup.server(name, validity, &[]);
        let expected = format!("{START}the service's certificate {why}");
        assert_eq!(refused(&setup.settings(&server)).await, expected);
    }
    let foreign = Setup::new();
    let server = foreign.server("activity.test", Validity::Now, &[]);
    let expected =
        format!("{START}the service's certificate is from an authority that is not trusted");
    assert_eq!(refused(&setup.settings(&server)).await, expected);
}

#[tokio::test]
async fn a_service_without_tls_is_told_from_one_with_a_wrong_certificate() {
    let setup = Setup::new();
    let server = service(names_all);
    let expected = format!("{START}the service does not speak TLS");
    // A peer without TLS may also just hang up.
    let why = refused(&setup.settings(&server)).await;
    assert!(
        why == expected || why == format!("{START}the service closed the connection"),
        "{why}"
    );
}

#[tokio::test]
async fn a_service_that_wants_a_client_certificate_gets_it() {
    let setup = Setup::new();
    let clients = Authority::new().unwrap();
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let identity = setup.authority.sign("activity.test", Validity::Now);
        let alpn = &["h2", "http/1.1"];
        let tls = acceptor(&identity.unwrap(), alpn, Some(&clients)).unwrap();
        let server = ScriptedService::builder().tls(tls);
        let server = server.start(names_all).unwrap();
        let mut settings = setup.settings(&server);
        settings.protocol = protocol;
        let client = clients.sign("tailor", Validity::Now).unwrap();
        settings.tls.as_mut().unwrap().client = Some((
            setup.file("client.pem", &client.certificate),
            setup.file("client.key", &client.key),
        ));
        get(&transport(&settings), 0).await.result.unwrap();

        settings.tls.as_mut().unwrap().client = None;
        let why = refused(&settings).await;
        assert_eq!(
            why,
            format!("{START}the service wants a certificate of the client")
        );
    }
}

#[tokio::test]
async fn changed_files_are_read_again_and_broken_ones_are_not_taken() {
    let setup = Setup::new();
    let other = Setup::new();
    let server = setup.server("activity.test", Validity::Now, &[]);
    let settings = setup.settings(&server);
    let transport = Arc::new(transport(&settings));
    let number = |transport: &Transport| transport.connector.identity_number();
    // All of the same size and time, as a deployment may write them.
    let time = std::time::SystemTime::now();
    let look = async |text: &str| {
        let path = setup.file("ca.pem", &format!("{text:\n<8000}"));
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(time).unwrap();
        pass(Duration::from_secs(6)).await;
        transport.tick(0);
        let identity = transport.connector.identity.as_ref().unwrap();
        until(|| !identity.busy()).await;
    };
    assert!(body(get(&transport, 0).await).contains(" 1 "));

    look("not a certificate").await;
    assert_eq!(number(&transport), 0);
    assert!(body(get(&transport, 0).await).contains(" 1 "), "kept");

    let both = format!(
        "{}{}",
        setup.authority.certificate(),
        other.authority.certificate()
    );
    look(&both).await;
    assert_eq!(number(&transport), 1);
    assert!(body(get(&transport, 0).await).contains(" 2 "), "new");

    look(&other.authority.certificate()).await;
    assert_eq!(number(&transport), 2);
    let error = get(&transport, 0).await.result.unwrap_err();
    assert!(matches!(error, Cause::Unreachable { .. }));
    until(|| transport.open() == 0).await;
}

#[tokio::test]
async fn a_service_that_takes_nothing_keeps_no_connection_open() {
    let setup = Setup::new();
    let identity = setup.authority.sign("activity.test", Validity::Now);
    let tls = acceptor(&identity.unwrap(), &[], None).unwrap();
    let server = ScriptedService::builder().tls(tls);
    let server = server.connections(async |_open: Connection| std::future::pending().await);
    let server = server.unwrap();
    let transport = transport(&setup.settings(&server));
    let mut large = ask(Method::POST);
    large.body = vec![0; 32 << 20].into();
    let bounds = Bounds {
        first_byte: Duration::from_millis(500),
        ..bounds()
    };
    let error = transport
        .attempt(0, &large, bounds, &Course::default())
        .await
        .result;
    assert!(matches!(error, Err(Cause::Timeout { .. })));
    // Its buffers are full, so an orderly end would wait for it for ever.
    until(|| transport.open() == 0).await;
}

#[tokio::test]
async fn files_that_are_of_no_use_are_named() {
    let setup = Setup::new();
    let server = service(names_all);
    let good = setup.settings(&server);
    let client = setup.authority.sign("tailor", Validity::Now).unwrap();
    let stranger = setup.authority.sign("tailor", Validity::Now).unwrap();
    let certificate = setup.file("client.pem", &client.certificate);
    let key = setup.file("client.key", &client.key);
    let other_key = setup.file("other.key", &stranger.key);
    let empty = setup.file("empty.pem", "");
    let missing = setup.folder.path().join("missing.pem");
    let ca = good.tls.clone().unwrap().ca_file.unwrap();
    for (ca, client, named) in [
        (&missing, None, &missing),
        (&empty, None, &empty),
        (&ca, Some((&certificate, &other_key)), &other_key),
        (&ca, Some((&key, &key)), &key),
        (&ca, Some((&certificate, &empty)), &empty),
        (&ca, Some((&missing, &key)), &missing),
    ] {
        let mut settings = good.clone();
        let tls = settings.tls.as_mut().unwrap();
        tls.ca_file = Some(ca.clone());
        tls.client = client.map(|(chain, key)| (chain.clone(), key.clone()));
        let error = Transport::new(&settings, 1, None)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(named.to_str().unwrap()), "{error}");
    }
    let mut settings = good.clone();
    settings.tls.as_mut().unwrap().server_name = Some("not a name".to_owned());
    let error = Transport::new(&settings, 1, None)
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        error,
        "\"not a name\" is neither a host name nor an address"
    );
}
