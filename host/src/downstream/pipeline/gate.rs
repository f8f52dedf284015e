//! Step 2: the limit on concurrent calls of the whole host.

use super::Pipeline;
use crate::downstream::call::CallRequest;
use crate::downstream::error::Cause;
use crate::downstream::policy::gate::GatePermit;
use crate::telemetry::metrics::Event;

impl Pipeline {
    /// Takes a permit of the host for one more call.
    ///
    /// # Errors
    ///
    /// It has not, for an optional call or for any.
    pub(super) fn enter_gate(&self, call: &CallRequest) -> Result<GatePermit, Cause> {
        call.gate.enter(call.limits.optional).map_err(|shed| {
            self.metrics.event(match shed.because_optional {
                true => Event::ShedOptional,
                false => Event::Shed,
            });
            Cause::Shed { limit: shed.limit }
        })
    }
}
