use std::sync::Arc;

use super::super::activity::{Activity, InFlight};
use super::{IDLE, OpenConnections};

fn open(room: &OpenConnections) -> (Arc<Activity>, super::OpenConnection<'_>) {
    let activity = Arc::new(Activity::new());
    (activity.clone(), room.enter(activity))
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asked_stays_while_a_silent_one_may_go_soon() {
    let room = OpenConnections::default();
    let (asked, _asked) = open(&room);
    drop(InFlight::start(&asked));
    tokio::time::advance(IDLE * 5).await;
    let (silent, _silent) = open(&room);
    assert!(!room.make());
    assert!(!asked.makes_room());
    tokio::time::advance(IDLE).await;
    assert!(room.make());
    assert!(silent.makes_room());
}

#[tokio::test(start_paused = true)]
async fn while_one_goes_no_other_is_asked() {
    let room = OpenConnections::default();
    let (first, place) = open(&room);
    tokio::time::advance(IDLE).await;
    let (second, _second) = open(&room);
    tokio::time::advance(IDLE).await;
    assert!(room.make());
    assert!(room.make());
    assert!(first.makes_room());
    assert!(!second.makes_room());
    drop(place);
    assert!(room.make());
    assert!(second.makes_room());
}

#[tokio::test(start_paused = true)]
async fn one_that_answers_before_it_closes_keeps_no_client_waiting() {
    let room = OpenConnections::default();
    let (first, _first) = open(&room);
    tokio::time::advance(IDLE).await;
    assert!(room.make());
    let _running = InFlight::start(&first);
    let (second, _second) = open(&room);
    tokio::time::advance(IDLE).await;
    assert!(room.make());
    assert!(second.makes_room());
}
