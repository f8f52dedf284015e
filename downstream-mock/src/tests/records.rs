//! What is recorded of requests and connections.

use http::{Method, Version};

use super::client::{Http1, Http2, within};
use crate::record::KEPT;
use crate::{Counts, Fault, Outcome, Service, Services};

const SERVICE: Service = Service::Profile;

#[tokio::test]
async fn a_request_is_recorded_as_it_came() {
    let services = Services::start().unwrap();
    let mut client = Http1::connect(&services, SERVICE).await;
    client
        .send(Method::POST, "/users/ada?x=%20y", "some body")
        .await;
    let requests = services.requests(SERVICE);
    let [request] = requests.as_slice() else {
        unreachable!("one request, not {}", requests.len())
    };
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.path_and_query(), "/users/ada?x=%20y");
    assert_eq!(request.version, Version::HTTP_11);
    assert_eq!(request.header("Host"), Some("mock.test"));
    assert_eq!(request.body, "some body");
    assert_eq!(request.outcome, Outcome::Finished);
    assert_eq!(services.requests(Service::Heart).len(), 0);
}

#[tokio::test]
async fn connections_are_told_apart() {
    let services = Services::start().unwrap();
    let mut first = Http1::connect(&services, SERVICE).await;
    first.get("/users/ada").await;
    first.get("/users/ada").await;
    let mut second = Http2::connect(&services, SERVICE).await;
    second.get("/users/ada").await;
    let seen: Vec<(u64, Version)> = services
        .requests(SERVICE)
        .iter()
        .map(|request| (request.connection, request.version))
        .collect();
    assert_eq!(
        seen,
        [
            (1, Version::HTTP_11),
            (1, Version::HTTP_11),
            (2, Version::HTTP_2)
        ]
    );
    let counts = Counts {
        requests: 3,
        aborted: 0,
        connections_accepted: 2,
        connections_open: 2,
    };
    assert_eq!(services.counts(SERVICE), counts);
    drop(first);
    within(services.wait_until(SERVICE, |counts| counts.connections_open == 1)).await;
    assert_eq!(services.counts(SERVICE).connections_accepted, 2);
}

#[tokio::test]
async fn a_call_that_is_taken_back_leaves_its_connection_open_over_http2() {
    let services = Services::start().unwrap();
    services
        .set_fault(SERVICE, Fault::hang().times(1))
        .await
        .unwrap();
    let mut client = Http2::connect(&services, SERVICE).await;
    let pending = tokio::spawn(client.start(Method::GET, "/users/ada", ""));
    within(services.wait_for_requests(SERVICE, 1)).await;
    pending.abort();
    let requests = within(services.wait_for_aborted(SERVICE, 1)).await;
    assert_eq!(requests[0].outcome, Outcome::Aborted);
    client.get("/users/ada").await.body.unwrap();
    assert_eq!(services.counts(SERVICE).connections_accepted, 1);
}

#[tokio::test]
async fn waiting_counts_from_the_last_clear() {
    let services = Services::start().unwrap();
    let mut client = Http1::connect(&services, SERVICE).await;
    client.get("/users/ada").await;
    services.set_fault(SERVICE, Fault::hang()).await.unwrap();
    let pending = tokio::spawn(client.start(Method::GET, "/users/grace", ""));
    within(services.wait_for_requests(SERVICE, 2)).await;

    services.clear_all_requests();
    assert_eq!(services.requests(SERVICE).len(), 0);
    pending.abort();
    drop(client);
    within(services.wait_until(SERVICE, |counts| counts.connections_open == 0)).await;
    assert_eq!(
        services.counts(SERVICE).aborted,
        0,
        "the request from before does not count"
    );

    services.clear_fault(SERVICE).await.unwrap();
    let (requests, _) = within(async {
        tokio::join!(services.wait_for_requests(SERVICE, 1), async {
            Http1::connect(&services, SERVICE)
                .await
                .get("/users/linus")
                .await
        })
    })
    .await;
    assert_eq!(requests[0].path_and_query(), "/users/linus");
}

#[tokio::test]
async fn the_record_is_bounded_and_can_be_off() {
    let services = Services::start().unwrap();
    let mut client = Http1::connect(&services, SERVICE).await;
    client.get("/users/grace").await;
    for _ in 0..KEPT {
        client.get("/users/ada").await;
    }
    let requests = services.requests(SERVICE);
    assert_eq!(requests.len(), KEPT);
    assert_eq!(
        requests[0].path_and_query(),
        "/users/ada",
        "the oldest is gone"
    );
    services.clear_requests(SERVICE);
    services.set_recording(false);
    client.get("/users/ada").await;
    assert_eq!(services.requests(SERVICE).len(), 0);
    assert_eq!(services.counts(SERVICE).requests, 1);
    services.set_recording(true);
    client.get("/users/ada").await;
    assert_eq!(services.requests(SERVICE).len(), 1);
}
