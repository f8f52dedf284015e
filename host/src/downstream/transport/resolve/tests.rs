use super::*;

const INTERVAL: Duration = Duration::from_secs(30);

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
    let name = Name::new("name.test", 80);
    let due = || name.due(Instant::now(), INTERVAL);
    assert!(due());
    assert!(name.begin());
    assert!(!name.begin(), "one at a time");
    assert!(!due(), "it is under way");
    name.end(Instant::now(), Some(no_address()));
    assert!(!due(), "a failure is not asked about again at once");
    assert_eq!(name.failure().unwrap().kind(), io::ErrorKind::NotFound);
    tokio::time::advance(INTERVAL).await;
    assert!(due());
    assert!(name.begin());
    name.end(Instant::now(), None);
    assert!(name.failure().is_none());

    let next = Name::new("name.test", 80);
    next.follow(&name);
    assert!(!next.due(Instant::now(), INTERVAL));
}

#[tokio::test]
async fn the_system_knows_localhost_and_no_name_that_is_too_long() {
    let name = Name::new("localhost", 80);
    let found = name.look_up(&Lookup::System).await.unwrap();
    assert!(found.iter().all(|address| address.ip().is_loopback()));
    let name = Name::new(&"a".repeat(300), 80);
    name.look_up(&Lookup::System).await.unwrap_err();
}

#[test]
fn an_address_is_never_looked_up() {
    let name = Name::new("::1", 80);
    assert_eq!(name.literal(), Some("[::1]:80".parse().unwrap()));
    assert!(!name.due(Instant::now(), INTERVAL));
    assert!(!name.begin());
}
