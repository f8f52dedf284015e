//! The plan of a canary, as the operator set it.

use crate::canary::{Inconclusive, Plan, Step};
use crate::config;
use crate::host::change::Changes;
use crate::releases::{FirstShare, Order, OrderError};

impl Changes {
    /// The plan of an order, if it is one for a canary.
    ///
    /// # Errors
    ///
    /// When nothing could follow it.
    pub(in crate::host) fn plan_of(&self, order: &Order) -> Result<Option<Plan>, OrderError> {
        let bff = self.released_bff(&order.bff)?;
        let settings = &bff.settings().canary;
        let plan = order.canary.map(|first| plan(&order.bff, settings, first));
        plan.transpose()
    }
}

/// The plan of a BFF, with this first share.
///
/// # Errors
///
/// When nothing could follow it.
fn plan(bff: &str, settings: &config::Canary, first: FirstShare) -> Result<Plan, OrderError> {
    let shares: Vec<u8> = match first {
        FirstShare::Planned => settings.steps.clone(),
        FirstShare::Percent(first) => {
            let greater = settings.steps.iter().copied().filter(|it| *it > first);
            [first].into_iter().chain(greater).collect()
        }
    };
    let last = shares.len().saturating_sub(1);
    let steps = shares.into_iter().enumerate();
    let steps = steps.map(|(index, percent)| Step {
        percent,
        min_time: match index == last {
            true => settings.bake_time,
            false => settings.step_time,
        },
    });
    let plan = Plan {
        steps: steps.collect(),
        min_requests: settings.min_requests,
        margin: 1.0 + f64::from(settings.tolerance) / 100.0,
        max_extra_rate: f64::from(settings.max_extra_failures) / 1_000.0,
        max_duration: settings.max_duration,
        on_inconclusive: match settings.promotes_without_evidence {
            true => Inconclusive::Promote,
            false => Inconclusive::Back,
        },
    };
    match plan.check() {
        Ok(()) => Ok(plan),
        Err(source) => Err(OrderError::Plan {
            bff: bff.to_owned(),
            source,
        }),
    }
}
