//! What the operator's settings make of a call, found once: which rule holds for it, and whether it may
//! change something.

use http::Method;

use super::policy::pattern::matches;
use crate::config::{Downstream, Policy};

/// What the settings of a service make of a call. It means something only with these settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallClass {
    /// The rule that holds, as its place among them; `None` where what holds is the service's own policy.
    pub rule: Option<usize>,
    /// What it does to the service.
    pub effect: Effect,
}

/// What a call does to its service (RFC 9110 section 9.2.1). The only notion of it: what is stored, shared,
/// repeated, and made void goes by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing, and what it reads may be stored: GET.
    Read,
    /// Nothing, and all that comes is a head: HEAD.
    Head,
    /// Nothing either, but what comes is not about the target alone: OPTIONS.
    Safe,
    /// It may change something.
    Write,
}

impl CallClass {
    /// The class of a call. `path` is the BFF's own: without the service's prefix and without a query.
    pub fn of(settings: &Downstream, method: &Method, path: &str) -> Self {
        let mut rules = settings.rules.iter();
        Self {
            rule: rules.position(|rule| matches(&rule.pattern, method, path)),
            effect: Effect::of(method),
        }
    }

    /// How a call of this class is made.
    pub fn policy(self, settings: &Downstream) -> &Policy {
        let rule = self.rule.and_then(|rule| settings.rules.get(rule));
        rule.map_or(&settings.policy, |rule| &rule.policy)
    }
}

impl Effect {
    /// What a method does.
    pub fn of(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Read,
            Method::HEAD => Self::Head,
            _ if method.is_safe() => Self::Safe,
            _ => Self::Write,
        }
    }

    /// Whether what comes of it may be stored, and whether it is worth a hedge.
    pub fn is_read(self) -> bool {
        self == Self::Read
    }

    /// Whether equal ones may be made as one, and whether it is repeated where GET is.
    pub fn is_like_get(self) -> bool {
        matches!(self, Self::Read | Self::Head)
    }

    /// Whether it changes nothing.
    pub fn is_safe(self) -> bool {
        self != Self::Write
    }
}
