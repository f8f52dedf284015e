use super::*;

const INTERVAL: Duration = Duration::from_secs(30);

fn name(host: &str) -> Name {
    let at = config::Endpoint {
        host: host.to_owned(),
        port: 80,
        socket: None,
        authority: http::HeaderValue::from_static("localhost"),
    };
    Name::new(&at, None)
}

fn addresses(ports: &[u16]) -> Vec<Address> {
    let address = |port: &u16| Address::Tcp(([127, 0, 0, 1], *port).into());
    ports.iter().map(address).collect()
}

#[test]
fn each_address_has_its_turn() {
    let mut known = Addresses::new(addresses(&[1, 2, 3]), Instant::now());
    for expected in [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3]] {
        assert_eq!(known.in_turn(), addresses(&expected));
    }
}

#[test]
fn a_failed_address_is_the_last_until_the_next_lookup() {
    let mut known = Addresses::new(addresses(&[1, 2, 3]), Instant::now());
    known.in_turn();
    known.failed(&addresses(&[1])[0]);
    for expected in [[2, 3, 1], [3, 2, 1], [2, 3, 1]] {
        assert_eq!(known.in_turn(), addresses(&expected));
    }
    for port in [2, 3, 3, 9] {
        known.failed(&addresses(&[port])[0]);
    }
    assert_eq!(known.in_turn(), addresses(&[1, 2, 3]), "all that is left");
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_fails_keeps_what_was_known() {
    let mut known = Known::default();
    let refused = || Err(io::Error::other("no"));
    known.learn(refused(), Instant::now());
    assert!(known.addresses.is_none());
    known.learn(Ok(addresses(&[1])), Instant::now());
    tokio::time::advance(INTERVAL).await;
    known.learn(refused(), Instant::now());
    let list = known.addresses.as_mut().unwrap();
    assert_eq!(list.in_turn(), addresses(&[1]));
    assert_eq!(list.at, Instant::now(), "not asked again at once");
    known.learn(Ok(addresses(&[7])), Instant::now());
    assert_eq!(known.addresses.unwrap().in_turn(), addresses(&[7]));
}

#[tokio::test]
async fn a_name_in_use_is_looked_up_again_one_lookup_at_a_time() {
    let name = name("localhost");
    let busy = || name.0.busy.load(Ordering::Relaxed);
    let later = Instant::now() + 2 * INTERVAL;
    name.tick(later, INTERVAL);
    assert!(!busy(), "nobody used it");
    let (one, other) = tokio::join!(name.addresses(), name.addresses());
    assert_eq!(one.unwrap().len(), other.unwrap().len());
    let first = name.0.lock().addresses.as_ref().unwrap().at;
    name.tick(Instant::now(), INTERVAL);
    assert!(!busy(), "it was looked up just now");
    name.tick(later, INTERVAL);
    assert!(busy());
    name.tick(later, INTERVAL);
    name.addresses().await.unwrap();
    while busy() {
        tokio::task::yield_now().await;
    }
    assert!(name.0.lock().addresses.as_ref().unwrap().at > first);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_hangs_is_one_for_all_who_wait() {
    let name = name("localhost");
    // As if one were under way.
    name.0.busy.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let waiting = tokio::time::timeout(INTERVAL, name.addresses());
        assert!(waiting.await.is_err());
    }
    let end = async {
        tokio::task::yield_now().await;
        name.0.lock().learn(Ok(addresses(&[1])), Instant::now());
        name.0.ended.notify_waiters();
    };
    let (found, other, ()) = tokio::join!(name.addresses(), name.addresses(), end);
    assert_eq!(found.unwrap(), addresses(&[1]));
    assert_eq!(other.unwrap(), addresses(&[1]));
}

#[tokio::test]
async fn a_name_that_was_not_found_is_looked_up_by_the_next_call() {
    let name = name(&"a".repeat(300));
    for _ in 0..2 {
        assert!(matches!(name.addresses().await, Err(DialError::Name(_))));
    }
}

#[tokio::test]
async fn an_address_is_never_looked_up() {
    let name = name("::1");
    assert_eq!(
        name.addresses().await.unwrap(),
        [Address::Tcp("[::1]:80".parse().unwrap())]
    );
    name.tick(Instant::now() + 100 * INTERVAL, INTERVAL);
    assert!(!name.0.busy.load(Ordering::Relaxed));
}
