//! When requests are due in an open loop.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::sync::Mutex;

/// Fixed times, at a rate per second.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    start: Instant,
    a_second: f64,
}

impl Schedule {
    /// This rate of requests per second from `start` on.
    pub fn new(start: Instant, a_second: f64) -> Self {
        Self { start, a_second }
    }

    /// When the request of this number is due.
    pub fn due(&self, number: u64) -> Instant {
        #[expect(clippy::cast_precision_loss, reason = "some millions")]
        let after = number as f64 / self.a_second;
        self.start + Duration::from_secs_f64(after)
    }

    /// The latency of a request that was answered at `answered`, from the time when it was due. A
    /// request that could not be sent in time, because every connection waited for an answer, has
    /// waited for as long as its client did.
    pub fn latency(&self, number: u64, answered: Instant) -> Duration {
        answered.saturating_duration_since(self.due(number))
    }
}

/// Releases one connection after another, each at the time when the next request is due.
pub(super) struct Gate(Mutex<Inner>);

struct Inner {
    schedule: Schedule,
    next: u64,
    step: u64,
    /// tokio's clock has steps of a millisecond, in which a fast system answers ten requests.
    timer: AsyncFd<OwnedFd>,
}

impl Gate {
    /// The gate of one of several threads: it takes each `step`th request, from `first` on.
    pub(super) fn new(schedule: Schedule, first: u64, step: u64) -> anyhow::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).context("timerfd")?;
        Ok(Self(Mutex::new(Inner {
            schedule,
            next: first,
            step,
            timer: watched(timer)?,
        })))
    }

    /// Waits for the next request to be due; returns its number.
    pub(super) async fn pass(&self) -> anyhow::Result<u64> {
        // The lock is fair: connections take turns.
        let mut inner = self.0.lock().await;
        let number = inner.next;
        let due = inner.schedule.due(number);
        loop {
            let wait = due.saturating_duration_since(Instant::now());
            if wait.is_zero() {
                break;
            }
            inner.wait(wait).await?;
        }
        inner.next += inner.step;
        Ok(number)
    }
}

#[expect(
    deprecated,
    reason = "sound for an `OwnedFd`, and what replaces it is `unsafe`"
)]
fn watched(timer: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(timer)
}

impl Inner {
    async fn wait(&self, wait: Duration) -> anyhow::Result<()> {
        let spec = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: Timespec {
                tv_sec: i64::try_from(wait.as_secs())?,
                tv_nsec: wait.subsec_nanos().into(),
            },
        };
        timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &spec)?;
        let mut ready = self.timer.readable().await?;
        let mut count = [0; 8];
        // Nothing is there if the timer was set again meanwhile; then the caller waits again.
        let _ = ready.try_io(|timer| Ok(rustix::io::read(timer.get_ref(), &mut count)?));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stall_is_charged_to_every_request_that_was_due_in_it() {
        let start = Instant::now();
        let schedule = Schedule::new(start, 100.0);
        assert_eq!(schedule.due(100), start + Duration::from_secs(1));
        // One connection, a stall of a second from the tenth request on, and then answers at once.
        let answered = start + Duration::from_millis(1100);
        let latencies: Vec<u128> = (10..110)
            .map(|number| schedule.latency(number, answered.max(schedule.due(number))))
            .map(|latency| latency.as_millis())
            .collect();
        assert_eq!(latencies[0], 1000);
        assert_eq!(latencies[50], 500);
        assert_eq!(latencies[99], 10);
    }

    #[tokio::test]
    async fn the_gate_opens_at_the_times_of_the_schedule_and_at_once_when_late() {
        let start = Instant::now();
        let gate = Gate::new(Schedule::new(start, 1000.0), 1, 2).unwrap();
        for number in [1, 3, 5] {
            assert_eq!(gate.pass().await.unwrap(), number);
            assert!(start.elapsed() >= Duration::from_millis(number));
        }
    }
}
