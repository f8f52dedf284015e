use super::*;

const INTERVAL: Duration = Duration::from_secs(30);

fn name(host: &str) -> Name {
    let at = config::Endpoint {
        host: host.to_owned(),
        port: 80,
        socket: None,
        srv: false,
        authority: http::HeaderValue::from_static("localhost"),
    };
    Name::new(&at, &config::Downstream::with_defaults("users"))
}

fn addresses(list: &[&str]) -> Vec<SocketAddr> {
    list.iter().map(|one| one.parse().unwrap()).collect()
}

#[test]
fn families_take_turns_and_each_address_is_taken_once() {
    let found = ["[::1]:80", "[::2]:80", "[::1]:80", "[::3]:80", "1.1.1.1:80"];
    let sorted = ["[::1]:80", "1.1.1.1:80", "[::2]:80", "[::3]:80"];
    assert_eq!(by_turns(addresses(&found)), addresses(&sorted));
    let found = ["1.1.1.1:80", "1.1.1.2:80", "[::1]:80"];
    let sorted = ["1.1.1.1:80", "[::1]:80", "1.1.1.2:80"];
    assert_eq!(by_turns(addresses(&found)), addresses(&sorted));
    assert!(by_turns(vec![]).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_name_is_due_at_once_and_then_at_the_interval() {
    let it = name("name.test");
    let due = || it.due(Instant::now(), INTERVAL);
    assert!(due());
    assert!(it.begin());
    assert!(!it.begin(), "one at a time");
    assert!(!due(), "it is under way");
    it.end(Instant::now(), Some(no_address()));
    assert!(!due(), "a failure is not asked about again at once");
    assert_eq!(it.failure().unwrap().kind(), io::ErrorKind::NotFound);
    tokio::time::advance(INTERVAL).await;
    assert!(due());
    assert!(it.begin());
    it.end(Instant::now(), None);
    assert!(it.failure().is_none());

    let next = name("name.test");
    next.follow(&it);
    assert!(!next.due(Instant::now(), INTERVAL));
}

#[tokio::test]
async fn the_system_knows_localhost_and_no_name_that_is_too_long() {
    let it = name("localhost");
    let found = it.look_up(&Lookup::System).await.unwrap().remove(0);
    let mut addresses = found.addresses.unwrap().into_iter();
    assert!(addresses.all(|address| address.ip().is_loopback()));
    let it = name(&"a".repeat(300));
    it.look_up(&Lookup::System).await.unwrap_err();
}

#[test]
fn an_address_is_never_looked_up() {
    let it = name("::1");
    let address = Address::Tcp("[::1]:80".parse().unwrap());
    assert_eq!(it.literal(), Some(&address));
    assert!(!it.due(Instant::now(), INTERVAL));
    assert!(!it.begin());
}
