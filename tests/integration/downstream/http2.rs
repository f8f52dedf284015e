//! HTTP/2 to services: one connection, however many calls are under way.

use downstream_mock::{Fault, Service, Services};
use futures_util::future::join_all;
use http::Version;

use super::relay::failure;
use super::{answering, host};
use crate::observe::{calls, metric};

const H2: &str = "protocol = \"h2\"";

#[tokio::test]
async fn all_calls_share_one_connection_side_by_side() {
    let services = Services::start().unwrap();
    let host = host(&[("profile", services.url(Service::Profile), H2)]).await;
    services
        .set_fault(Service::Profile, Fault::hang())
        .await
        .unwrap();
    let calling = join_all((0..16).map(|_| host.get("/profile/users/ada")));
    tokio::select! {
        _ = calling => panic!("the service answers nothing"),
        // None has an answer, and all have arrived.
        requests = services.wait_for_requests(Service::Profile, 16) => {
            assert!(requests.iter().all(|request| request.version == Version::HTTP_2));
            assert!(requests.iter().all(|request| request.connection == 1));
        }
    }
    // Calls that are given up are reset one by one: the connection stays open.
    services.wait_for_aborted(Service::Profile, 16).await;
    services.clear_fault(Service::Profile).await.unwrap();
    let reply = host.get("/profile/users/ada").await.unwrap();
    assert_eq!(reply.json()["name"], "Ada Lovelace");
    let counts = services.counts(Service::Profile);
    assert_eq!(
        (counts.connections_accepted, counts.connections_open),
        (1, 1)
    );
    let labels = [("service", "profile")];
    let open = metric(&host, "tailor_downstream_connections", &labels).await;
    assert_eq!(open, Some(1.0));
}

#[tokio::test]
async fn the_authority_is_the_services_and_the_fields_are_the_same() {
    let services = Services::start().unwrap();
    let address = services.addr(Service::Profile);
    let url = format!("http://localhost:{}", address.port());
    let host = host(&[("profile", url, H2)]).await;
    host.get("/profile/users/ada?x=1").await.unwrap();
    let request = &services.requests(Service::Profile)[0];
    assert_eq!(
        request.uri.to_string(),
        format!("http://localhost:{}/users/ada?x=1", address.port())
    );
    assert_eq!(request.header("host"), None);
    for name in ["x-request-id", "traceparent", "tailor-time-left-ms"] {
        assert!(request.header(name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn a_service_that_was_down_is_reached_again() {
    let services = Services::start().unwrap();
    let host = host(&[("profile", services.url(Service::Profile), H2)]).await;
    let get = async || host.get("/profile/users/ada").await.unwrap();
    assert_eq!(get().await.status, 200);
    services
        .set_fault(Service::Profile, Fault::refuse())
        .await
        .unwrap();
    let down = get().await;
    assert_eq!(failure(&down), Some(("unreachable", false)), "{down:?}");
    services.clear_fault(Service::Profile).await.unwrap();
    assert_eq!(get().await.status, 200);
}

#[tokio::test]
async fn a_reset_in_mid_body_is_an_interruption() {
    let services = Services::start().unwrap();
    let host = host(&[("profile", services.url(Service::Profile), H2)]).await;
    services
        .set_fault(Service::Profile, Fault::reset().times(1))
        .await
        .unwrap();
    let broken = host.get("/profile/users/ada").await.unwrap();
    assert_eq!(failure(&broken), Some(("interrupted", true)), "{broken:?}");
    assert_eq!(host.get("/profile/users/ada").await.unwrap().status, 200);
    assert_eq!(calls(&host, "profile", "interrupted").await, 1.0);
}

#[tokio::test]
async fn a_service_that_speaks_only_http1_gives_no_reply() {
    for answer in [
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2p1\r\n",
    ] {
        let raw = answering(answer);
        let host = host(&[("svc", raw.url(), H2)]).await;
        let reply = host.get("/svc/x").await.unwrap();
        assert_eq!(failure(&reply), Some(("malformed", true)), "{reply:?}");
        assert!(reply.text().contains("not HTTP"), "{}", reply.text());
    }
}
