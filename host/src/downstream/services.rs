//! All services of a configuration, and what their calls share: the profiles and the cap on all
//! calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pipeline::ServiceError;
use super::policy::gate::Gate;
use super::service::{Canned, Service};
use crate::config::{self, Config, Profile};

/// All services of a configuration.
pub struct Services {
    by_name: BTreeMap<String, Arc<Service>>,
    profiles: Arc<BTreeMap<String, Profile>>,
    calls: config::Calls,
    gate: Arc<Gate>,
}

impl Services {
    /// The services of a configuration. Takes over what the new settings leave unchanged:
    /// connections, stored answers, health, calls under way. Counters always continue.
    ///
    /// `workers` is the number of threads that call services; each has connections of its own.
    /// `stand_in` answers a service in process, where it gives an answer for its name.
    ///
    /// # Errors
    ///
    /// The first service whose files (certificates, secrets) cannot be used.
    pub fn new(
        config: &Config,
        workers: usize,
        previous: Option<&Self>,
        stand_in: impl Fn(&str) -> Option<Canned>,
    ) -> Result<Self, ServiceError> {
        let mut by_name = BTreeMap::new();
        for (name, settings) in &config.downstreams {
            let before = previous.and_then(|previous| previous.by_name.get(name));
            let service = match before {
                Some(service) if service.settings() == settings => service.clone(),
                before => Arc::new(match stand_in(name) {
                    Some(canned) => Service::canned(settings.clone(), canned),
                    None => Service::new(
                        settings.clone(),
                        workers,
                        before.map_or_else(Arc::default, |before| before.metrics().clone()),
                        before.map(|before| &**before),
                    )?,
                }),
            };
            by_name.insert(name.clone(), service);
        }
        let gate = previous.map(|previous| previous.gate.clone());
        Ok(Self {
            by_name,
            profiles: Arc::new(config.profiles.clone()),
            gate: gate.unwrap_or_else(|| Gate::new(&config.calls)),
            calls: config.calls.clone(),
        })
    }

    /// Applies limits that are shared with the previous configuration. To be called when this one
    /// is live.
    pub fn activate(&self) {
        self.gate.set_limits(&self.calls);
        for service in self.by_name.values() {
            service.activate();
        }
    }

    /// The service of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Service>> {
        self.by_name.get(name)
    }

    /// All, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.by_name.values()
    }

    /// The profiles that a BFF may name.
    pub fn profiles(&self) -> &Arc<BTreeMap<String, Profile>> {
        &self.profiles
    }

    /// The limit on the calls of all BFFs.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Calls under way to all services together.
    pub fn in_flight(&self) -> usize {
        self.gate.in_flight()
    }
}
