//! Happy eyeballs (RFC 8305 section 5): connection attempts run side by side, each started a delay
//! after the last, until the first succeeds.

use std::io;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::time::{Instant, sleep};

use super::host_failures::of_host;
use crate::sync;

/// The progress of one attempt.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Step>);

#[derive(Clone, Copy, Debug, Default)]
enum Step {
    /// Another caller opens the connection, or nothing began.
    #[default]
    Waits,
    /// The endpoint is being connected to.
    Connects { since: Instant },
    /// The endpoint accepted the connection, or has one. It is only slow, and another would be no
    /// faster.
    Accepted,
}

impl Progress {
    /// Another caller opens the connection.
    pub fn waits(&self) {
        self.reached(Step::Waits);
    }

    /// The endpoint is being connected to.
    pub fn connects(&self) {
        let since = Instant::now();
        self.reached(Step::Connects { since });
    }

    /// The endpoint accepted the connection, or has one: no others are begun.
    pub fn accepted(&self) {
        self.reached(Step::Accepted);
    }

    fn reached(&self, step: Step) {
        *sync::lock(&self.0) = step;
    }

    /// Since when the endpoint is being connected to, if it is.
    fn connects_since(&self) -> Option<Instant> {
        match *sync::lock(&self.0) {
            Step::Connects { since } => Some(since),
            Step::Waits | Step::Accepted => None,
        }
    }

    fn is_accepted(&self) -> bool {
        matches!(*sync::lock(&self.0), Step::Accepted)
    }
}

/// How a race ended.
pub struct Finish<T> {
    /// The index of the attempt, from 0.
    pub number: usize,
    /// The connection, or why there is none.
    pub result: io::Result<T>,
    /// Whether this failure was reported already.
    pub told: bool,
}

struct Runner<F> {
    number: usize,
    progress: Arc<Progress>,
    future: Pin<Box<F>>,
    /// Whether it was connecting for most of the delay when the next one began because of it. One
    /// that waited for another caller until then, or took over from it a moment ago, is not late.
    late: bool,
}

/// Runs up to `count` futures, at least one. The next one begins when one failed, or when none was
/// accepted within `delay` of the last. `lost` gets the number of each that failed or was
/// overtaken, except for failures of the host itself and the failure that ends the race.
pub async fn race<T, F>(
    count: usize,
    begin: impl Fn(usize, Arc<Progress>) -> F,
    delay: impl Fn(usize) -> Duration,
    lost: impl Fn(usize),
) -> Finish<T>
where
    F: Future<Output = io::Result<T>>,
{
    let mut runners: Vec<Runner<F>> = vec![];
    let mut failed = None;
    let mut begun = 0;
    loop {
        if begun < count || runners.is_empty() {
            let progress = Arc::<Progress>::default();
            runners.push(Runner {
                number: begun,
                future: Box::pin(begin(begun, progress.clone())),
                progress,
                late: false,
            });
            begun += 1;
        }
        let more = begun < count;
        let pause = more.then(|| delay(begun - 1));
        let Some((place, result)) = next_end(&mut runners, pause).await else {
            let most = pause.unwrap_or_default() / 2;
            for runner in &mut runners {
                let since = runner.progress.connects_since();
                runner.late |= since.is_some_and(|since| since.elapsed() >= most);
            }
            continue;
        };
        let ended = runners.remove(place);
        let is_last = !more && runners.is_empty();
        match result {
            Err(error) if !is_last => {
                if !of_host(&error) {
                    lost(ended.number);
                    failed = Some((ended.number, error));
                }
            }
            Err(error) => {
                return match failed {
                    // A lacking resource of the host is less informative than an endpoint's error.
                    Some((number, said)) if of_host(&error) => Finish::new(number, Err(said), true),
                    _ => Finish::new(ended.number, Err(error), false),
                };
            }
            Ok(won) => {
                let slower = runners.iter().filter(|it| it.number < ended.number);
                slower
                    .filter(|it| it.late && it.progress.connects_since().is_some())
                    .for_each(|it| lost(it.number));
                return Finish::new(ended.number, Ok(won), false);
            }
        }
    }
}

impl<T> Finish<T> {
    fn new(number: usize, result: io::Result<T>, told: bool) -> Self {
        Self {
            number,
            result,
            told,
        }
    }
}

/// The index of the one that ends next, and its result; `None` when another must begin after this
/// delay.
async fn next_end<T, F>(
    runners: &mut [Runner<F>],
    delay: Option<Duration>,
) -> Option<(usize, io::Result<T>)>
where
    F: Future<Output = io::Result<T>>,
{
    let delay = delay.map(|delay| delay.max(Duration::from_millis(1)));
    let mut timer = pin!(sleep(delay.unwrap_or_default()));
    poll_fn(|context| {
        for (place, runner) in runners.iter_mut().enumerate() {
            if let Poll::Ready(result) = runner.future.as_mut().poll(context) {
                return Poll::Ready(Some((place, result)));
            }
        }
        let Some(delay) = delay else {
            return Poll::Pending;
        };
        while timer.as_mut().poll(context).is_ready() {
            if !runners.iter().any(|it| it.progress.is_accepted()) {
                return Poll::Ready(None);
            }
            timer.as_mut().reset(Instant::now() + delay);
        }
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests;
