//! The permit of a call under way.

use std::sync::Arc;
use std::time::Duration;

use super::pace::{HoldStart, Token};
use super::queue::Needs;
use super::{Member, Permit, Rejected};
use crate::downstream::deadline::SharedDeadline;
use crate::downstream::policy::budget::Budget;

impl Permit {
    pub(super) fn new(member: &Arc<Member>, token: Token) -> Self {
        Self {
            member: Arc::clone(member),
            token,
            queued: Duration::ZERO,
            braked: false,
        }
    }

    /// The first request is sent: its token is not given back.
    pub fn spend(&mut self) {
        self.token = Token::Free;
    }

    /// Waits until the call may send one more request, but no longer than until then. Says whether
    /// it waited because of the rate or a hold.
    ///
    /// # Errors
    ///
    /// It may not in time, or too many wait.
    pub async fn again(&self, until: &SharedDeadline) -> Result<bool, Rejected> {
        if !self.member.bulkhead.is_paced() {
            return Ok(false);
        }
        // Boxed, because few calls wait, and the future of every call would be as large.
        let waited = Box::pin(self.member.wait(Needs::Token, until)).await?;
        Ok(waited.braked)
    }

    /// A permit for a hedge, if one is free for the same BFF and no call waits.
    pub fn another(&self) -> Option<Self> {
        self.member.try_acquire()
    }

    /// The retry budget of the BFF whose permit this is.
    pub fn budget(&self) -> &Budget {
        &self.member.budget
    }

    /// Holds back all calls to the service, of all BFFs, for as long as it requests and the
    /// operator allows; `None` where that is no longer than before.
    pub fn hold_back(&self, asked: Duration) -> Option<HoldStart> {
        self.member.bulkhead.hold_back(asked)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let member = &*self.member;
        member
            .bulkhead
            .release(&member.held, Needs::Permit, self.token);
    }
}
