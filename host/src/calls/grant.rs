//! What a BFF may call: the services that the operator granted it, the calls of each, and the
//! profiles that it may select. Made once for each version of a BFF.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};

use super::check::LegalPath;
use super::error::{Fault, InvalidCall};
use super::shape::Shape;
use crate::config::{self, CallPattern, Profile};
use crate::contract::Method;
use crate::downstream::{Gate, Member, Service, Services};
use crate::sync;
use crate::text::cut;

/// Repeated patterns of a version that are remembered as logged. A guest makes up paths, so there
/// can be any number.
const MAX_WARNINGS: usize = 64;

/// What a BFF may call.
pub struct Grants {
    bff: Arc<str>,
    /// In the order of the services' names.
    grants: Box<[Grant]>,
    /// `None` where the operator defined none: then every name is accepted, without effect.
    profiles: Option<Arc<BTreeMap<String, Profile>>>,
    gate: Arc<Gate>,
    /// Whether the ends of its calls count for breakers.
    counts: bool,
    /// The patterns that were logged as repeated.
    warned: Mutex<HashSet<(Arc<str>, String)>>,
}

/// The right to call one service.
pub struct Grant {
    /// The service.
    pub service: Arc<Service>,
    /// The BFF among those that share the service.
    pub member: Arc<Member>,
    /// The calls of this BFF, if they are fewer than those that the service allows all.
    allow: Option<Vec<CallPattern>>,
    /// The shape of its calls and their responses.
    pub(super) shape: Shape,
}

impl Grants {
    /// The grants of a BFF. `services` are those that its settings name, in their order.
    pub fn new(
        bff: &config::Bff,
        services: impl IntoIterator<Item = Arc<Service>>,
        profiles: Option<Arc<BTreeMap<String, Profile>>>,
        gate: Arc<Gate>,
    ) -> Self {
        let grants = services.into_iter().map(|service| Grant {
            member: service.member(&bff.name),
            allow: bff.allow.get(&**service.name()).cloned(),
            shape: Shape::of(service.settings()),
            service,
        });
        Self {
            bff: bff.name.as_str().into(),
            grants: grants.collect(),
            profiles,
            gate,
            counts: true,
            warned: Mutex::default(),
        }
    }

    /// The same for a version that no client gets: its calls open no breaker for those that do.
    #[must_use]
    pub fn without_counts(mut self) -> Self {
        self.counts = false;
        self
    }

    /// Whether the ends of its calls count for breakers.
    pub fn counts(&self) -> bool {
        self.counts
    }

    /// The BFF's name.
    pub fn bff(&self) -> &str {
        &self.bff
    }

    /// The grant of a service, and its index.
    pub fn find(&self, service: &str) -> Option<(usize, &Grant)> {
        let mut grants = self.grants.iter().enumerate();
        grants.find(|(_, grant)| &**grant.service.name() == service)
    }

    /// The grant at an index from [`find`](Self::find).
    pub(super) fn at(&self, index: usize) -> &Grant {
        &self.grants[index]
    }

    /// The limit on the calls of all BFFs.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// The profile of this name.
    ///
    /// # Errors
    ///
    /// When the operator defined none of this name.
    pub fn profile(&self, name: Option<&str>) -> Result<Option<&Profile>, InvalidCall> {
        let (Some(name), Some(profiles)) = (name, &self.profiles) else {
            return Ok(None);
        };
        match profiles.get(name) {
            Some(profile) => Ok(Some(profile)),
            None => Err(InvalidCall::Profile {
                name: cut(name),
                known: list(profiles.keys().map(String::as_str)),
            }),
        }
    }

    /// The services that may be called, for a message.
    pub fn names(&self) -> String {
        list(self.grants.iter().map(|grant| &**grant.service.name()))
    }

    /// Whether repeated calls of this pattern were not logged yet.
    pub fn warn_once(&self, service: &Arc<str>, pattern: &str) -> bool {
        let mut warned = sync::lock(&self.warned);
        warned.len() < MAX_WARNINGS && warned.insert((service.clone(), pattern.to_owned()))
    }
}

impl Grant {
    /// Checks whether a call is granted.
    ///
    /// # Errors
    ///
    /// When neither the service's list nor the BFF's own has a pattern for it.
    pub(super) fn check(&self, method: Method, path: &LegalPath) -> Result<(), Fault> {
        self.shape
            .check(self.allow.as_deref(), &method.into(), path)
            .map_err(|refused| Fault::Denied(refused.to_string()))
    }
}

/// What a BFF may call of the services of a configuration.
pub fn grants(services: &Services, bff: &config::Bff) -> Grants {
    let granted = bff.downstreams.iter().filter_map(|name| services.get(name));
    Grants::new(
        bff,
        granted.cloned(),
        Some(services.profiles().clone()),
        services.gate().clone(),
    )
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
