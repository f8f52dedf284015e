use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::poll;
use tokio::task::{LocalSet, spawn_local, yield_now};
use tokio::time::{advance, timeout};

use super::turn::{Turn, WaitedTooLong};
use super::{CpuShare, Scheduler, TICK_NS};

const TIMEOUT: Duration = Duration::from_secs(1_000);

/// What a guest did, in the order of all.
type Journal = Rc<std::cell::RefCell<Vec<&'static str>>>;

/// One poll of a guest that uses `slice` nanoseconds of each of its turns.
fn poll_guest(
    turn: &mut Turn<'_>,
    turns: &mut usize,
    slice: u64,
    context: &mut Context<'_>,
    took_turn: impl FnOnce(),
) -> Poll<Result<(), WaitedTooLong>> {
    match turn.poll(context) {
        Poll::Pending => {
            turn.end(0);
            return Poll::Pending;
        }
        Poll::Ready(Err(late)) => return Poll::Ready(Err(late)),
        Poll::Ready(Ok(())) => {}
    }
    took_turn();
    *turns -= 1;
    let more = *turns > 0;
    let waits = if more { turn.wait(context) } else { Ok(()) };
    turn.end(slice);
    match waits {
        Err(late) => Poll::Ready(Err(late)),
        Ok(()) if more => Poll::Pending,
        Ok(()) => Poll::Ready(Ok(())),
    }
}

struct World {
    /// `None` where nobody else runs.
    scheduler: Option<Arc<Scheduler>>,
    journal: Journal,
    max_wait: Duration,
}

impl World {
    fn new(scheduler: Option<Arc<Scheduler>>) -> Self {
        Self {
            scheduler,
            journal: Journal::default(),
            max_wait: TIMEOUT,
        }
    }

    fn scheduler(&self) -> &Scheduler {
        self.scheduler.as_ref().unwrap()
    }

    /// A guest that uses `slice` nanoseconds of each of its turns.
    fn guest(
        &self,
        name: &'static str,
        share: &Arc<CpuShare>,
        mut turns: usize,
        slice: u64,
    ) -> impl Future<Output = Result<(), WaitedTooLong>> + use<> {
        let (scheduler, share) = (self.scheduler.clone(), share.clone());
        let (journal, max_wait) = (self.journal.clone(), self.max_wait);
        async move {
            let mut turn = Turn::new(scheduler.as_ref(), &share, max_wait);
            let note = || journal.borrow_mut().push(name);
            poll_fn(|context| poll_guest(&mut turn, &mut turns, slice, context, note)).await
        }
    }

    fn count(&self, name: &str) -> usize {
        let journal = self.journal.borrow();
        journal.iter().filter(|guest| **guest == name).count()
    }
}

/// Runs `test` beside the scheduler of a worker.
async fn on_a_worker<F: Future<Output = ()>>(test: impl FnOnce(World) -> F) {
    let scheduler = Arc::new(Scheduler::new(0));
    let runner = scheduler.clone();
    let local = LocalSet::new();
    local
        .run_until(async move {
            spawn_local(async move { runner.run().await });
            test(World::new(Some(scheduler))).await;
        })
        .await;
}

fn share(weight: u32) -> Arc<CpuShare> {
    Arc::new(CpuShare::new(weight, 1))
}

#[tokio::test]
async fn weights_divide_the_thread() {
    on_a_worker(|world| async move {
        let (light, heavy) = (share(100), share(300));
        for _ in 0..8 {
            spawn_local(world.guest("light", &light, 1_000, TICK_NS));
            spawn_local(world.guest("heavy", &heavy, 1_000, TICK_NS));
        }
        while world.journal.borrow().len() < 2_000 {
            yield_now().await;
        }
        let ratio = world.count("heavy") as f64 / world.count("light") as f64;
        assert!((2.9..3.1).contains(&ratio), "{ratio}");
    })
    .await;
}

#[tokio::test]
async fn a_crowd_of_one_bff_delays_another_by_a_turn() {
    on_a_worker(|world| async move {
        let (crowd, single) = (share(100), share(100));
        for _ in 0..64 {
            spawn_local(world.guest("crowd", &crowd, 1_000, TICK_NS));
        }
        while world.journal.borrow().len() < 100 {
            yield_now().await;
        }
        let before = world.count("crowd");
        let short = TICK_NS / 100;
        assert!(world.guest("single", &single, 1, short).await.is_ok());
        let meanwhile = world.count("crowd") - before;
        assert!(meanwhile <= 2, "{meanwhile} turns of the crowd first");
    })
    .await;
}

#[tokio::test]
async fn short_turns_of_a_crowd_are_no_way_round_its_share() {
    on_a_worker(|world| async move {
        let (crowd, single) = (share(100), share(100));
        for _ in 0..64 {
            spawn_local(world.guest("crowd", &crowd, 1_000, TICK_NS / 4));
        }
        spawn_local(world.guest("single", &single, 1_000, TICK_NS / 4));
        while world.journal.borrow().len() < 1_000 {
            yield_now().await;
        }
        let ratio = world.count("single") as f64 / world.count("crowd") as f64;
        assert!((0.9..1.1).contains(&ratio), "{ratio}");
    })
    .await;
}

#[tokio::test]
async fn one_that_was_idle_has_no_credit_from_that() {
    on_a_worker(|world| async move {
        let (busy, idle) = (share(100), share(100));
        // Alone, it has the whole thread.
        assert!(world.guest("busy", &busy, 1_000, TICK_NS).await.is_ok());
        spawn_local(world.guest("busy", &busy, 1_000, TICK_NS));
        spawn_local(world.guest("idle", &idle, 1_000, TICK_NS));
        while world.journal.borrow().len() < 1_200 {
            yield_now().await;
        }
        let (since, idle) = (world.count("busy") - 1_000, world.count("idle"));
        assert!(since.abs_diff(idle) <= 4, "{since} and {idle} turns");
    })
    .await;
}

#[tokio::test]
async fn a_guest_that_goes_in_its_turn_holds_up_nobody() {
    on_a_worker(|world| async move {
        let (gone, stays) = (share(100), share(100));
        for _ in 0..4 {
            let tasks: Vec<_> = (0..4)
                .map(|_| spawn_local(world.guest("gone", &gone, 1_000, TICK_NS)))
                .collect();
            for _ in 0..7 {
                yield_now().await;
            }
            tasks.iter().for_each(|task| task.abort());
        }
        let done = world.guest("stays", &stays, 10, TICK_NS);
        let done = timeout(Duration::from_secs(60), done).await;
        assert!(matches!(done, Ok(Ok(()))));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_guest_that_is_let_go_and_never_polled_holds_up_others_for_a_while_only() {
    on_a_worker(|world| async move {
        let (asleep, awake) = (share(100), share(100));
        world.scheduler().charge(&awake, TICK_NS);
        let _never = world.scheduler().enter(&asleep, std::task::Waker::noop());
        let done = world.guest("awake", &awake, 3, TICK_NS);
        let done = timeout(Duration::from_secs(1), done).await;
        assert!(matches!(done, Ok(Ok(()))));
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_woke_up_has_a_whole_tick_for_guests() {
    // The scheduler does not run here, so no queued guest is served.
    let world = World::new(Some(Arc::new(Scheduler::new(0))));
    let share = share(100);
    world.scheduler().charge(&share, TICK_NS);
    let queued = poll!(pin!(world.guest("queued", &share, 1, 1)));
    assert!(queued.is_pending());
    world.scheduler().woke_up();
    let free = poll!(pin!(world.guest("free", &share, 1, 1)));
    assert!(matches!(free, Poll::Ready(Ok(()))));
}

#[tokio::test(start_paused = true)]
async fn a_guest_waits_for_its_turn_at_most_cpu_wait() {
    // The scheduler does not run here, so no queued guest is served.
    let world = World {
        max_wait: Duration::from_millis(30),
        ..World::new(Some(Arc::new(Scheduler::new(0))))
    };
    let share = share(100);
    world.scheduler().charge(&share, TICK_NS);
    let mut late = pin!(world.guest("late", &share, 1, TICK_NS));
    assert!(poll!(&mut late).is_pending());
    advance(Duration::from_millis(29)).await;
    assert!(poll!(&mut late).is_pending());
    advance(Duration::from_millis(2)).await;
    assert!(matches!(poll!(&mut late), Poll::Ready(Err(WaitedTooLong))));
    assert_eq!(world.count("late"), 0);
}

#[tokio::test]
async fn without_a_scheduler_a_guest_only_lets_others_look_in() {
    let world = World::new(None);
    let ended = world.guest("only", &share(100), 100, TICK_NS).await;
    assert!(ended.is_ok());
    assert_eq!(world.count("only"), 100);
}
