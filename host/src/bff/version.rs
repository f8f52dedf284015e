//! A version of a BFF: one component with the settings it runs under. A request is bound to one
//! when it is routed, and a swap never changes it under a running request.

use std::sync::Arc;

use super::admission::Admission;
use super::guest_log::LogSource;
use super::load::{Handler, Loaded};
use crate::calls::Grants;
use crate::config;
use crate::telemetry::metrics::VersionMetrics;

/// A component with its settings, grants and counters.
pub struct Version {
    log_source: Arc<LogSource>,
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
        let log_source = LogSource {
            bff: settings.name.as_str().into(),
            version: loaded.version.clone(),
            metrics: metrics.bff().clone(),
            is_preview: false,
        };
        Self {
            log_source: Arc::new(log_source),
            settings,
            loaded,
            grants,
            admission,
            metrics,
        }
    }

    /// The same for previews: the lines of its guests say so.
    pub fn for_previews(self) -> Self {
        let log_source = LogSource {
            is_preview: true,
            ..(*self.log_source).clone()
        };
        Self {
            log_source: Arc::new(log_source),
            ..self
        }
    }

    /// The BFF's name.
    pub fn bff(&self) -> &Arc<str> {
        &self.log_source.bff
    }

    /// Whose the lines are that its guests log.
    pub fn log_source(&self) -> &Arc<LogSource> {
        &self.log_source
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

    /// Whether its answers may be sent before they are whole.
    pub fn streams(&self) -> bool {
        matches!(self.loaded.handler, Handler::WasiHttp(_))
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
