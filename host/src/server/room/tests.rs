use std::sync::Arc;

use super::super::activity::{Activity, InFlight};
use super::{IDLE, OpenConnections};

fn accepted(room: &Arc<OpenConnections>) -> (Arc<Activity>, super::OpenConnection) {
    let activity = Arc::new(Activity::new());
    (activity.clone(), room.enter(activity))
}

fn open(room: &Arc<OpenConnections>) -> (Arc<Activity>, super::OpenConnection) {
    let (activity, place) = accepted(room);
    activity.begin();
    (activity, place)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_asked_stays_while_a_silent_one_may_go_soon() {
    let room = Arc::new(OpenConnections::default());
    let (asked, _asked) = open(&room);
    drop(InFlight::start(&*asked));
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
    let room = Arc::new(OpenConnections::default());
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
    let room = Arc::new(OpenConnections::default());
    let (first, _first) = open(&room);
    tokio::time::advance(IDLE).await;
    assert!(room.make());
    let _running = InFlight::start(&*first);
    let (second, _second) = open(&room);
    tokio::time::advance(IDLE).await;
    assert!(room.make());
    assert!(second.makes_room());
}

#[tokio::test(start_paused = true)]
async fn while_one_waits_for_its_worker_a_client_that_asked_stays() {
    let room = Arc::new(OpenConnections::default());
    let (asked, _asked) = open(&room);
    drop(InFlight::start(&*asked));
    let (newcomer, _newcomer) = accepted(&room);
    // The worker has not run for long. The client of the newcomer may have sent a request.
    tokio::time::advance(IDLE * 5).await;
    assert!(!room.make());
    assert!(!asked.makes_room() && !newcomer.makes_room());
    // One that its worker has looked at and that never sent any makes room meanwhile.
    let (silent, place) = open(&room);
    tokio::time::advance(IDLE).await;
    assert!(room.make());
    assert!(silent.makes_room());
    drop(place);
    // From here on the newcomer has its time.
    newcomer.begin();
    assert!(!room.make());
    tokio::time::advance(IDLE).await;
    assert!(room.make());
    assert!(newcomer.makes_room() && !asked.makes_room());
}
