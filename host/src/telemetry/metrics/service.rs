//! The metrics of one service, over all BFFs that call it.

use std::fmt;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use super::families::Families;
use super::histogram::{Histogram, LATENCY};
use super::words::{EVENTS, Event, FAILURES, STATUS_CLASSES, class};

/// The counters of a service. They live as long as the service is in the configuration, through
/// changes of its settings.
pub struct ServiceMetrics {
    /// In the order of [`STATUS_CLASSES`].
    replies: [Counter; STATUS_CLASSES.len()],
    /// In the order of [`FAILURES`].
    failures: [Counter; FAILURES.len()],
    /// In the order of [`EVENTS`], which is that of the variants.
    events: [Counter; EVENTS.len()],
    duration: Histogram,
    queued: Histogram,
}

impl Default for ServiceMetrics {
    fn default() -> Self {
        Self {
            replies: Default::default(),
            failures: Default::default(),
            events: Default::default(),
            duration: Histogram::new(&LATENCY),
            queued: Histogram::new(&LATENCY),
        }
    }
}

impl ServiceMetrics {
    /// Counts what the policy did.
    pub fn event(&self, event: Event) {
        self.events[event as usize].inc();
    }

    /// How often the policy did this.
    pub fn count(&self, event: Event) -> u64 {
        self.events[event as usize].get()
    }

    /// Notes how long a call waited for its turn.
    pub fn queued(&self, time: Duration) {
        self.queued.observe(time.as_secs_f64());
    }

    /// Counts a call: the status of its reply or the kind of its failure.
    pub fn call(&self, outcome: Result<u16, &'static str>, took: Duration) {
        match outcome {
            Ok(status) => {
                self.replies[class(status)].inc();
            }
            Err(kind) => {
                if let Some(place) = FAILURES.iter().position(|name| *name == kind) {
                    self.failures[place].inc();
                }
            }
        }
        self.duration.observe(took.as_secs_f64());
    }

    /// How often the policy did what.
    pub fn events(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let names = EVENTS.iter().map(|(_, name)| *name);
        names.zip(self.events.iter().map(Counter::get))
    }

    /// How many calls ended how: with a status class or a kind of failure.
    pub fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let names = STATUS_CLASSES.into_iter().chain(FAILURES);
        names.zip(self.replies.iter().chain(&self.failures).map(Counter::get))
    }

    /// Writes the series of these services, each with its name.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn write(services: &[(&str, &Self)], families: &mut Families<'_>) -> fmt::Result {
        families.counters(
            "downstream_calls",
            "Calls by service and outcome: a status class or a kind of failure.",
            services.iter().flat_map(|(service, metrics)| {
                let labels = move |outcome| [("service", *service), ("outcome", outcome)];
                metrics
                    .outcomes()
                    .map(move |(outcome, count)| (labels(outcome), count))
            }),
        )?;
        families.histograms(
            "downstream_duration_seconds",
            "From a guest's call to its result, time in queues included.",
            services
                .iter()
                .map(|(service, metrics)| ([("service", *service)], &metrics.duration)),
        )?;
        families.histograms(
            "downstream_queue_seconds",
            "Time of calls that waited for their turn; it is part of their duration, and none of the service's.",
            services
                .iter()
                .map(|(service, metrics)| ([("service", *service)], &metrics.queued)),
        )?;
        families.counters(
            "downstream_events",
            "What the policy of a service did, and why it rejected calls.",
            services.iter().flat_map(|(service, metrics)| {
                let labels = move |event| [("service", *service), ("event", event)];
                metrics
                    .events()
                    .map(move |(event, count)| (labels(event), count))
            }),
        )
    }
}
