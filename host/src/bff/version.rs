//! A version of a BFF: one component with the settings it runs under. A request is bound to one
//! when it is routed, and a swap never changes it under a running request.

use std::sync::Arc;

use super::admission::Admission;
use super::load::Loaded;
use crate::calls::Grants;
use crate::config;
use crate::telemetry::metrics::VersionMetrics;

/// A component with its settings, grants and counters.
pub struct Version {
    name: Arc<str>,
    settings: Arc<config::Bff>,
    loaded: Arc<Loaded>,
    grants: Arc<Grants>,
    admission: Arc<Admission>,
    metrics: Arc<VersionMetrics>,
}

impl Version {
    /// Puts the parts together.
    pub fn new(
        settings: Arc<config::Bff>,
        loaded: Arc<Loaded>,
        grants: Arc<Grants>,
        admission: Arc<Admission>,
        metrics: Arc<VersionMetrics>,
    ) -> Self {
        Self {
            name: settings.name.as_str().into(),
            settings,
            loaded,
            grants,
            admission,
            metrics,
        }
    }

    /// The BFF's name.
    pub fn bff(&self) -> &Arc<str> {
        &self.name
    }

    /// The version's name, from the component's digest.
    pub fn name(&self) -> &Arc<str> {
        &self.loaded.version
    }

    /// What the operator set.
    pub fn settings(&self) -> &Arc<config::Bff> {
        &self.settings
    }

    /// The component.
    pub fn loaded(&self) -> &Arc<Loaded> {
        &self.loaded
    }

    /// The services it may call.
    pub fn grants(&self) -> &Arc<Grants> {
        &self.grants
    }

    /// The right to run, shared by all versions of the BFF.
    pub fn admission(&self) -> &Arc<Admission> {
        &self.admission
    }

    /// The counters.
    pub fn metrics(&self) -> &VersionMetrics {
        &self.metrics
    }
}
