//! Any sequence of events, compared with a model that keeps lists of holders and waiters.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::poll;
use proptest::prelude::*;
use tokio::time::advance;

use super::super::{Permit, Rejected};
use super::{Acquiring, TIMEOUT, bulkhead, later};

/// What happens in the model test.
#[derive(Clone, Debug)]
enum Step {
    Ask { member: usize },
    Try { member: usize },
    HangUp { which: usize },
    Free { which: usize },
    Wait { times: u32 },
}

/// A third of the timeout, nearly, so that no wait ends exactly with it.
const WAIT: Duration = Duration::from_millis(300);

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_usize..3).prop_map(|member| Step::Ask { member }),
        1 => (0_usize..3).prop_map(|member| Step::Try { member }),
        2 => any::<usize>().prop_map(|which| Step::HangUp { which }),
        4 => any::<usize>().prop_map(|which| Step::Free { which }),
        1 => (1_u32..3).prop_map(|times| Step::Wait { times }),
    ]
}

/// The simple model: all holders and waiters, in order of arrival.
struct Model {
    max_calls: usize,
    max_queued: usize,
    limit: usize,
    held: [usize; 3],
    /// Numbers of calls, their members, and for how many waits they have waited.
    waiting: Vec<(usize, usize, u32)>,
    served: [usize; 3],
    grants: usize,
    /// How calls ended in this step.
    ended: Vec<(usize, Ended)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    Granted,
    Full,
    Late,
}

impl Model {
    fn may(&self, member: usize) -> bool {
        self.held[member] < self.limit && self.held.iter().sum::<usize>() < self.max_calls
    }

    fn line(&self, member: usize) -> usize {
        self.waiting.iter().filter(|call| call.1 == member).count()
    }

    fn ask(&mut self, call: usize, member: usize) {
        if self.may(member) {
            self.held[member] += 1;
            return self.ended.push((call, Ended::Granted));
        }
        if self.waiting.len() == self.max_queued {
            let longest = (0..3)
                .max_by_key(|member| self.line(*member))
                .expect("three");
            if self.line(longest) <= self.line(member) {
                return self.ended.push((call, Ended::Full));
            }
            let newest = self.waiting.iter().rposition(|call| call.1 == longest);
            let (displaced, ..) = self.waiting.remove(newest.expect("a line that is longer"));
            self.ended.push((displaced, Ended::Full));
        }
        self.waiting.push((call, member, 0));
    }

    fn free(&mut self, member: usize) {
        self.held[member] -= 1;
        let next = (0..3)
            .filter(|member| self.line(*member) > 0 && self.may(*member))
            .min_by_key(|member| (self.held[*member], self.served[*member]));
        if let Some(next) = next {
            let oldest = self.waiting.iter().position(|call| call.1 == next);
            let (call, ..) = self
                .waiting
                .remove(oldest.expect("a line that is not empty"));
            self.held[next] += 1;
            self.grants += 1;
            self.served[next] = self.grants;
            self.ended.push((call, Ended::Granted));
        }
    }

    fn wait(&mut self, times: u32) {
        for call in &mut self.waiting {
            call.2 += times;
        }
        let late = self.waiting.extract_if(.., |call| WAIT * call.2 > TIMEOUT);
        self.ended
            .extend(late.map(|(call, ..)| (call, Ended::Late)));
    }
}

proptest! {
    /// Every permit goes to the caller that the model gives it to, at the same time, with callers
    /// that hang up; none is lost.
    #[test]
    fn does_as_the_model(
        max_calls in 1_usize..6,
        max_queued in 0_usize..6,
        share in 1_u32..=100,
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let bulkhead = bulkhead(max_calls, max_queued, share);
            let members: Vec<_> = ["a", "b", "c"].map(|name| bulkhead.member(name)).into();
            let mut model = Model {
                max_calls,
                max_queued,
                limit: (max_calls * share as usize / 100).max(1),
                held: [0; 3],
                waiting: Vec::new(),
                served: [0; 3],
                grants: 0,
                ended: Vec::new(),
            };
            let mut held: Vec<(usize, Permit)> = Vec::new();
            let mut waiting: Vec<(usize, usize, Acquiring)> = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Ask { member } => {
                        model.ask(number, member);
                        let asked = Arc::clone(&members[member]);
                        let acquiring = Box::pin(async move { asked.acquire(&later()).await });
                        waiting.push((number, member, acquiring));
                    }
                    Step::Try { member } => {
                        let expected = model.waiting.is_empty() && model.may(member);
                        let permit = members[member].try_acquire();
                        prop_assert_eq!(permit.is_some(), expected);
                        model.held[member] += usize::from(expected);
                        held.extend(permit.map(|permit| (member, permit)));
                    }
                    Step::HangUp { which } if !waiting.is_empty() => {
                        let (call, ..) = waiting.remove(which % waiting.len());
                        model.waiting.retain(|waiting| waiting.0 != call);
                    }
                    Step::Free { which } if !held.is_empty() => {
                        let (member, permit) = held.swap_remove(which % held.len());
                        drop(permit);
                        model.free(member);
                    }
                    Step::HangUp { .. } | Step::Free { .. } => {}
                    Step::Wait { times } => {
                        advance(WAIT * times).await;
                        model.wait(times);
                    }
                }
                // The newest first: it has not asked yet, and others may have been displaced by it.
                let mut ended = Vec::new();
                let mut still = Vec::new();
                for (call, member, mut acquiring) in waiting.into_iter().rev() {
                    match poll!(&mut acquiring) {
                        Poll::Pending => still.push((call, member, acquiring)),
                        Poll::Ready(Ok(permit)) => {
                            held.push((member, permit));
                            ended.push((call, Ended::Granted));
                        }
                        Poll::Ready(Err(Rejected::Late { .. })) => ended.push((call, Ended::Late)),
                        Poll::Ready(Err(Rejected::Full { queued })) => {
                            prop_assert_eq!(queued, max_queued);
                            ended.push((call, Ended::Full));
                        }
                        Poll::Ready(Err(other)) => prop_assert!(false, "{other:?}"),
                    }
                }
                still.reverse();
                waiting = still;
                let mut expected = std::mem::take(&mut model.ended);
                expected.sort_unstable();
                ended.sort_unstable();
                prop_assert_eq!(ended, expected);
                prop_assert_eq!(bulkhead.load(), (model.held.iter().sum(), model.waiting.len()));
            }
            drop((held, waiting));
            prop_assert_eq!(bulkhead.load(), (0, 0));
            Ok(())
        })?;
    }
}
