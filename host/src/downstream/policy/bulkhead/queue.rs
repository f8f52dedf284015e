//! The calls that wait for a permit, in one line for each BFF.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use tokio::sync::oneshot;

use super::pace::Token;

/// All lines. A service has a handful of BFFs, so a search is a scan.
pub(super) struct Queue<M> {
    lines: Vec<Line<M>>,
    /// Permits given to lines so far.
    served: u64,
}

/// The line of one BFF. It lives as long as the member, even when empty.
pub(super) struct Line<M> {
    name: Box<str>,
    member: Weak<M>,
    pub(super) id: u64,
    number: usize,
    pub(super) held: Arc<AtomicUsize>,
    /// When it was last served: the count of permits given to all lines until then.
    served: u64,
    pub(super) waiting: VecDeque<Entry>,
}

/// A call that waits.
pub(super) struct Entry {
    id: u64,
    pub(super) wants: Needs,
    pub(super) outcome: oneshot::Sender<Outcome>,
}

/// What a call waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// To be made: it needs a permit and a token.
    Permit,
    /// To be retried: it has a permit, and needs a token.
    Token,
}

/// How the queue ends a wait.
pub(super) enum Outcome {
    /// What the call needs is reserved for it, and it must release that.
    Granted(Token),
    /// The place in the queue went to a BFF that had fewer.
    Displaced {
        /// Calls in the queue.
        queued: usize,
    },
}

impl<M> Line<M> {
    pub(super) fn new(
        name: &str,
        member: &Arc<M>,
        id: u64,
        number: usize,
        held: &Arc<AtomicUsize>,
    ) -> Self {
        Self {
            name: name.into(),
            member: Arc::downgrade(member),
            id,
            number,
            held: Arc::clone(held),
            served: 0,
            waiting: VecDeque::new(),
        }
    }
}

impl<M> Queue<M> {
    pub(super) fn new() -> Self {
        Self {
            lines: Vec::new(),
            served: 0,
        }
    }

    /// The live member of this name. There can also be the line of one that is being dropped.
    pub(super) fn member(&self, name: &str) -> Option<Arc<M>> {
        self.lines
            .iter()
            .filter(|line| *line.name == *name)
            .find_map(|line| line.member.upgrade())
    }

    /// The lowest free number.
    pub(super) fn free_number(&self) -> usize {
        let taken = |number: &usize| self.lines.iter().any(|line| line.number == *number);
        (0..=self.lines.len())
            .find(|number| !taken(number))
            .unwrap_or(0)
    }

    pub(super) fn add(&mut self, line: Line<M>) {
        self.lines.push(line);
    }

    /// Takes out the line of a member that is gone; none of its calls wait, as they hold it.
    pub(super) fn remove(&mut self, member: u64) {
        self.lines.retain(|line| line.id != member);
    }

    /// The line to be served next, among those whose BFF holds less than the limit, and those whose
    /// first call has its place.
    pub(super) fn next(&mut self, limit: usize) -> Option<&mut Line<M>> {
        self.lines
            .iter_mut()
            .filter_map(|line| {
                let held = line.held.load(Ordering::SeqCst);
                let may = match line.waiting.front()?.wants {
                    Needs::Permit => held < limit,
                    Needs::Token => true,
                };
                may.then_some((held, line))
            })
            .min_by_key(|(held, line)| (*held, line.served))
            .map(|(_, line)| line)
    }

    /// Records that a line got a permit.
    pub(super) fn served(&mut self, member: u64) {
        self.served += 1;
        let served = self.served;
        if let Some(line) = self.line(member) {
            line.served = served;
        }
    }

    /// Calls of a member that go before one that wants this: all, or those that are tried again,
    /// since they began earlier than all others in the line.
    pub(super) fn ahead(&mut self, member: u64, wants: Needs) -> usize {
        let Some(line) = self.line(member) else {
            return 0;
        };
        match wants {
            Needs::Permit => line.waiting.len(),
            Needs::Token => {
                let again = |entry: &&Entry| entry.wants == Needs::Token;
                line.waiting.iter().take_while(again).count()
            }
        }
    }

    pub(super) fn push(
        &mut self,
        member: u64,
        id: u64,
        wants: Needs,
        outcome: oneshot::Sender<Outcome>,
    ) {
        let place = self.ahead(member, wants);
        if let Some(line) = self.line(member) {
            line.waiting.insert(place, Entry { id, wants, outcome });
        }
    }

    /// Takes the newest call out of the longest line, if that is longer than the line of this
    /// member.
    pub(super) fn displace(&mut self, member: u64) -> Option<Entry> {
        let own = self.line(member)?.waiting.len();
        let longest = self
            .lines
            .iter_mut()
            .max_by_key(|line| line.waiting.len())?;
        if longest.waiting.len() > own {
            longest.waiting.pop_back()
        } else {
            None
        }
    }

    /// Takes a call out. `false` when it is not there any more.
    pub(super) fn take_out(&mut self, member: u64, id: u64) -> bool {
        let Some(line) = self.line(member) else {
            return false;
        };
        let place = line.waiting.iter().position(|entry| entry.id == id);
        place.and_then(|place| line.waiting.remove(place)).is_some()
    }

    fn line(&mut self, member: u64) -> Option<&mut Line<M>> {
        self.lines.iter_mut().find(|line| line.id == member)
    }
}
