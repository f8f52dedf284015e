use super::*;

const INTERVAL: Duration = Duration::from_secs(30);

fn addresses(ports: &[u16]) -> Vec<SocketAddr> {
    let address = |port: &u16| ([127, 0, 0, 1], *port).into();
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
    known.failed(addresses(&[1])[0]);
    for expected in [[2, 3, 1], [3, 2, 1], [2, 3, 1]] {
        assert_eq!(known.in_turn(), addresses(&expected));
    }
    for port in [2, 3, 3, 9] {
        known.failed(addresses(&[port])[0]);
    }
    assert_eq!(known.in_turn(), addresses(&[1, 2, 3]), "all that is left");
    known.replace(Some(addresses(&[1, 2])), Instant::now());
    assert_ne!(known.in_turn()[0], known.in_turn()[0]);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_fails_keeps_what_was_known() {
    let mut known = Addresses::new(addresses(&[1]), Instant::now());
    tokio::time::advance(INTERVAL).await;
    known.replace(None, Instant::now());
    assert_eq!(known.in_turn(), addresses(&[1]));
    assert_eq!(known.at, Instant::now(), "not asked again at once");
    known.replace(Some(addresses(&[7])), Instant::now());
    assert_eq!(known.in_turn(), addresses(&[7]));
}

#[tokio::test]
async fn a_name_in_use_is_looked_up_again_one_lookup_at_a_time() {
    let name = Name::new("localhost", 80);
    let later = Instant::now() + 2 * INTERVAL;
    assert!(!name.due(later, INTERVAL), "nobody used it");
    let first = name.addresses().await.unwrap();
    assert!(
        !name.due(Instant::now(), INTERVAL),
        "it was looked up just now"
    );
    assert!(name.due(later, INTERVAL));
    assert!(!name.due(later, INTERVAL), "a lookup is under way");
    name.refresh().await;
    assert!(name.due(later, INTERVAL));
    assert_eq!(name.addresses().await.unwrap().len(), first.len());
}

#[tokio::test]
async fn a_name_that_was_not_found_is_looked_up_by_the_next_call() {
    let name = Name::new(&"a".repeat(300), 80);
    for _ in 0..2 {
        assert!(matches!(name.addresses().await, Err(DialError::Name(_))));
    }
}

#[tokio::test]
async fn an_address_is_never_looked_up() {
    let name = Name::new("::1", 80);
    assert_eq!(
        name.addresses().await.unwrap(),
        ["[::1]:80".parse().unwrap()]
    );
    assert!(!name.due(Instant::now() + 100 * INTERVAL, INTERVAL));
}
