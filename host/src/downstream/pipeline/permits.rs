//! The permits of a call under way: one of its service, and one of its rule if that has a rate.

use std::time::Duration;

use crate::downstream::deadline::SharedDeadline;
use crate::downstream::policy::budget::Budget;
use crate::downstream::policy::bulkhead::{HoldStart, Permit, Rejected};

/// The right to make one call, with its first request. Dropping it frees it.
pub(super) struct CallPermits {
    permit: Permit,
    of_rule: Option<Permit>,
}

impl CallPermits {
    /// Combines the permit of the service and that of the rule.
    pub(super) fn new(permit: Permit, of_rule: Option<Permit>) -> Self {
        Self { permit, of_rule }
    }

    /// The first request is sent: its tokens are not given back.
    pub(super) fn spend(&mut self) {
        self.permit.spend();
        if let Some(rule) = &mut self.of_rule {
            rule.spend();
        }
    }

    /// Waits until the call may send one more request, but no longer than until then. Says whether
    /// it waited because of a rate or a hold.
    ///
    /// # Errors
    ///
    /// It may not in time, or too many wait. A token of the rule is lost then.
    pub(super) async fn again(&self, until: &SharedDeadline) -> Result<bool, Rejected> {
        let by_rule = match &self.of_rule {
            Some(rule) => rule.again(until).await?,
            None => false,
        };
        Ok(self.permit.again(until).await? || by_rule)
    }

    /// The permits of a hedge, if it may be made at once.
    pub(super) fn another(&self) -> Option<Self> {
        let of_rule = match &self.of_rule {
            Some(rule) => Some(rule.another()?),
            None => None,
        };
        Some(Self::new(self.permit.another()?, of_rule))
    }

    /// The retry budget.
    pub(super) fn budget(&self) -> &Budget {
        self.permit.budget()
    }

    /// Holds back all calls to the service. See [`Permit::hold_back`].
    pub(super) fn hold_back(&self, asked: Duration) -> Option<HoldStart> {
        self.permit.hold_back(asked)
    }
}
