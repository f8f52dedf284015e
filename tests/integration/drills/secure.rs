//! Certificates: a service without a valid certificate gets no request, and the failure says why.

use downstream_mock::scripted::{Authority, Response, ScriptedService, Signed, Validity, acceptor};

use super::*;
use crate::downstream::relay::failure;

fn site(identity: &Signed, clients: Option<&Authority>) -> ScriptedService {
    let tls = acceptor(identity, &[], clients).unwrap();
    let builder = ScriptedService::builder().tls(tls);
    builder.start(|_| Response::text("ok")).unwrap()
}

const TLS: &str = "[tls]\nca-file = \"ca.pem\"\nserver-name = \"svc.test\"\n";

#[tokio::test]
async fn a_certificate_that_is_not_right_costs_the_call() {
    let authority = Authority::new().unwrap();
    let sites = [
        ("good", authority.sign("svc.test", Validity::Now), ""),
        (
            "expired",
            authority.sign("svc.test", Validity::Past),
            "has expired",
        ),
        (
            "other",
            authority.sign("other.test", Validity::Now),
            "is for another name",
        ),
        (
            "foreign",
            Authority::new().unwrap().sign("svc.test", Validity::Now),
            "is from an authority that is not trusted",
        ),
    ];
    let mut setup = Setup::new().file("ca.pem", &authority.certificate());
    let mut running = Vec::new();
    for (name, identity, why) in sites {
        let site = site(&identity.unwrap(), None);
        setup = setup.service(name, &site.url(), TLS);
        running.push((name, site, why));
    }
    let host = setup.relay("r", "").start().await;
    for (name, site, why) in running {
        let reply = get(&host, &format!("/r/{name}/x")).await;
        if why.is_empty() {
            assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "ok"));
            assert_eq!(degraded(&reply), "");
            continue;
        }
        assert_eq!(
            failure(&reply),
            Some(("unreachable", false)),
            "{name}: {reply:?}"
        );
        assert!(
            reply
                .text()
                .contains(&format!("the service's certificate {why}")),
            "{}",
            reply.text()
        );
        assert_eq!(degraded(&reply), format!("{name};failed=unreachable"));
        assert_eq!(site.count(), 0);
    }
}

#[tokio::test]
async fn a_service_that_wants_a_certificate_gets_that_of_the_operator() {
    let authority = Authority::new().unwrap();
    let clients = Authority::new().unwrap();
    let identity = authority.sign("svc.test", Validity::Now).unwrap();
    let site = site(&identity, Some(&clients));
    let client = clients.sign("tailor.test", Validity::Now).unwrap();
    let stranger = authority.sign("tailor.test", Validity::Now).unwrap();
    let with = |name: &str| format!("{TLS}cert-file = \"{name}.pem\"\nkey-file = \"{name}.key\"\n");
    let host = Setup::new()
        .file("ca.pem", &authority.certificate())
        .file("client.pem", &client.certificate)
        .file("client.key", &client.key)
        .file("stranger.pem", &stranger.certificate)
        .file("stranger.key", &stranger.key)
        .service("nobody", &site.url(), TLS)
        .service("stranger", &site.url(), &with("stranger"))
        .service("client", &site.url(), &with("client"))
        .relay("r", "")
        .start()
        .await;
    for name in ["nobody", "stranger"] {
        let reply = get(&host, &format!("/r/{name}/x")).await;
        assert_eq!(
            failure(&reply),
            Some(("unreachable", false)),
            "{name}: {reply:?}"
        );
        assert_eq!(site.count(), 0);
    }
    let reply = get(&host, "/r/nobody/x").await;
    assert!(
        reply.text().contains("wants a certificate of the client"),
        "{}",
        reply.text()
    );
    assert_eq!(get(&host, "/r/client/x").await.text(), "ok");
    assert_eq!(site.count(), 1);
}
