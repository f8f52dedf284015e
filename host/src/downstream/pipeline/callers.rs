//! The callers that share one call: their deadlines, and whose permits the call may use.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use crate::downstream::call::CallRequest;
use crate::downstream::deadline::SharedDeadline;
use crate::downstream::policy::bulkhead::Member;
use crate::sync;

/// All callers of one call: the one that began it, and those that joined.
pub(super) struct Callers {
    /// The end of the call: the latest of theirs.
    pub(super) deadline: SharedDeadline,
    /// The end of the wait in the queue: the latest of theirs.
    pub(super) queue_end: SharedDeadline,
    /// The BFF that began it.
    first: u64,
    /// The other BFFs, each once, in the order in which they joined.
    others: Mutex<Vec<Arc<Member>>>,
    joined: Notify,
}

impl Callers {
    /// The one that begins the call.
    pub(super) fn new(call: &CallRequest) -> Self {
        Self {
            deadline: SharedDeadline::new(call.end),
            queue_end: SharedDeadline::new(call.end_of_queue()),
            first: call.member.id(),
            others: Mutex::default(),
            joined: Notify::new(),
        }
    }

    /// Another one joins. `false` when it is too late: the call is ending because the time of all
    /// its callers is over.
    pub(super) fn join(&self, call: &CallRequest) -> bool {
        if !(self.deadline.extend(call.end) && self.queue_end.extend(call.end_of_queue())) {
            return false;
        }
        let member = &call.member;
        if member.id() != self.first {
            let mut others = self.others();
            if others.iter().all(|other| other.id() != member.id()) {
                others.push(member.clone());
                self.joined.notify_one();
            }
        }
        true
    }

    /// The BFF that joined as number `place`, counted from 0, as soon as it does.
    pub(super) async fn member(&self, place: usize) -> Arc<Member> {
        loop {
            if let Some(member) = self.others().get(place) {
                return member.clone();
            }
            self.joined.notified().await;
        }
    }

    /// Whether more BFFs joined than `limit`.
    pub(super) fn more_than(&self, limit: usize) -> bool {
        self.others().len() > limit
    }

    fn others(&self) -> MutexGuard<'_, Vec<Arc<Member>>> {
        sync::lock(&self.others)
    }
}
