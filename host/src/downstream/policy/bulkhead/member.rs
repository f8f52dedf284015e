//! The BFFs that share a service.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::pace::Token;
use super::queue::{Line, Needs};
use super::{Bulkhead, Member, Permit, Rejected};
use crate::downstream::deadline::SharedDeadline;
use crate::downstream::policy::budget::Budget;

impl Bulkhead {
    /// The BFF of this name. As long as it is alive, the same name is the same member.
    pub fn member(self: &Arc<Self>, bff: &str) -> Arc<Member> {
        let queue = &mut self.lock().queue;
        if let Some(member) = queue.member(bff) {
            return member;
        }
        let number = queue.free_number();
        let member = Arc::new(Member {
            bulkhead: Arc::clone(self),
            bff: bff.into(),
            id: self.number(),
            number,
            held: Arc::default(),
            budget: Budget::new(Instant::now()),
        });
        queue.add(Line::new(bff, &member, member.id, number, &member.held));
        self.alive.fetch_add(1, Ordering::SeqCst);
        member
    }
}

impl Member {
    /// The BFF's name.
    pub fn bff(&self) -> &str {
        &self.bff
    }

    /// A number that no other BFF of the service has at the same time; the lowest free one.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Unique among all members of the service.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Waits for a permit, but no longer than until then, nor longer than the service's queue
    /// timeout.
    ///
    /// # Errors
    ///
    /// The queue is full, the time is over, or the rate or a hold lets no call through before it
    /// is.
    pub async fn acquire(self: &Arc<Self>, until: &SharedDeadline) -> Result<Permit, Rejected> {
        if let Some(permit) = self.at_once() {
            return Ok(permit);
        }
        let waited = self.wait(Needs::Permit, until).await?;
        let mut permit = Permit::new(self, waited.token);
        permit.queued = waited.queued;
        permit.braked = waited.braked;
        Ok(permit)
    }

    /// Takes a permit if one is free for this BFF and the queue is empty.
    pub fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        let bulkhead = &*self.bulkhead;
        if bulkhead.anybody_waits() {
            return None;
        }
        if let Some(permit) = self.at_once() {
            return Some(permit);
        }
        let paced = bulkhead.is_paced();
        if !(paced || bulkhead.anybody_waits()) {
            return None;
        }
        let mut state = bulkhead.lock();
        bulkhead.serve(&mut state);
        if !paced || bulkhead.anybody_waits() {
            return None;
        }
        let token = bulkhead.admit(&mut state, &self.held, Needs::Permit)?;
        Some(Permit::new(self, token))
    }

    /// Takes a permit without the lock: where the queue is empty, and neither rate nor hold is in
    /// the way.
    fn at_once(self: &Arc<Self>) -> Option<Permit> {
        let bulkhead = &*self.bulkhead;
        let free = !bulkhead.anybody_waits() && !bulkhead.is_paced();
        (free && bulkhead.reserve(&self.held)).then(|| Permit::new(self, Token::Free))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut state = self.bulkhead.lock();
        state.queue.remove(self.id);
        self.bulkhead.alive.fetch_sub(1, Ordering::SeqCst);
        // The others may have larger shares now.
        self.bulkhead.serve(&mut state);
    }
}
