//! The metrics of one BFF and of each of its versions.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;

use super::families::Families;
use super::histogram::{BYTES, CPU, Histogram, LATENCY};
use super::words::{Outcome, STATUS_CLASSES, class};
use crate::telemetry::sample::Sample;

/// The counters of a BFF. They live as long as the BFF is in the configuration, through all of its
/// versions.
pub struct BffMetrics {
    duration: Histogram,
    guest_cpu: Histogram,
    guest_memory: Histogram,
    /// The log's lines about requests that the host refused, or whose clients went.
    refused_lines: Sample,
    /// The bytes of the guest's lines, and of those about its failures.
    log_bytes: Sample,
    /// Runs of a shadow's candidate by result, and requests that it left out by reason.
    shadow_runs: Mutex<BTreeMap<&'static str, u64>>,
    shadow_shed: Mutex<BTreeMap<&'static str, u64>>,
    /// By name. A dropped version has no series.
    versions: Mutex<BTreeMap<String, Weak<VersionMetrics>>>,
}

/// The counters of a version of a BFF.
pub struct VersionMetrics {
    bff: Arc<BffMetrics>,
    /// In the order of [`STATUS_CLASSES`].
    answers: [Counter; STATUS_CLASSES.len()],
    /// By outcome; what never happened is absent.
    failed: Mutex<BTreeMap<&'static str, u64>>,
}

impl Default for BffMetrics {
    fn default() -> Self {
        Self {
            duration: Histogram::new(&LATENCY),
            guest_cpu: Histogram::new(&CPU),
            guest_memory: Histogram::new(&BYTES),
            refused_lines: Sample::new(),
            log_bytes: Sample::new(),
            shadow_runs: Mutex::default(),
            shadow_shed: Mutex::default(),
            versions: Mutex::default(),
        }
    }
}

impl BffMetrics {
    /// The counters of a version. All that live under the same name are one.
    pub fn version(self: &Arc<Self>, name: &str) -> Arc<VersionMetrics> {
        let mut versions = lock(&self.versions);
        if let Some(live) = versions.get(name).and_then(Weak::upgrade) {
            return live;
        }
        versions.retain(|_, version| version.strong_count() > 0);
        let version = Arc::new(VersionMetrics {
            bff: self.clone(),
            answers: Default::default(),
            failed: Mutex::default(),
        });
        versions.insert(name.to_owned(), Arc::downgrade(&version));
        version
    }

    /// Which of the lines about requests that the host refused are written.
    pub fn refused_lines(&self) -> &Sample {
        &self.refused_lines
    }

    /// Which of the guest's lines, and of those about its failures, are written.
    pub fn log_bytes(&self) -> &Sample {
        &self.log_bytes
    }

    /// Counts a run of a shadow's candidate.
    pub fn shadow_run(&self, result: &'static str) {
        *lock(&self.shadow_runs).entry(result).or_default() += 1;
    }

    /// Counts a request that a shadow left out.
    pub fn shadow_shed(&self, reason: &'static str) {
        *lock(&self.shadow_shed).entry(reason).or_default() += 1;
    }

    /// The requests of each version by their outcome.
    fn requests(&self) -> Vec<(String, &'static str, u64)> {
        let mut requests = Vec::new();
        for (name, version) in lock(&self.versions).iter() {
            if let Some(version) = version.upgrade() {
                let outcomes = version.outcomes();
                requests.extend(outcomes.map(|(outcome, count)| (name.clone(), outcome, count)));
            }
        }
        requests
    }

    /// Writes the series of these BFFs, each with its name.
    ///
    /// # Errors
    ///
    /// When the writer fails.
    pub fn write(bffs: &[(&str, Arc<Self>)], families: &mut Families<'_>) -> fmt::Result {
        let requests: Vec<_> = bffs
            .iter()
            .flat_map(|(bff, metrics)| metrics.requests().into_iter().map(move |it| (*bff, it)))
            .collect();
        families.counters(
            "requests",
            "Requests of a BFF by version and outcome: a status class, client-gone, or an error code of the host.",
            requests.iter().map(|(bff, (version, outcome, count))| {
                let labels = [("bff", *bff), ("version", version), ("outcome", *outcome)];
                (labels, *count)
            }),
        )?;
        families.histograms(
            "request_duration_seconds",
            "From the arrival of a request head to the answer.",
            bffs.iter()
                .map(|(bff, metrics)| ([("bff", *bff)], &metrics.duration)),
        )?;
        families.histograms(
            "guest_cpu_seconds",
            "CPU time of the guest in a request.",
            bffs.iter()
                .map(|(bff, metrics)| ([("bff", *bff)], &metrics.guest_cpu)),
        )?;
        families.histograms(
            "guest_memory_bytes",
            "Linear memory of the instance at the end of a request.",
            bffs.iter()
                .map(|(bff, metrics)| ([("bff", *bff)], &metrics.guest_memory)),
        )?;
        Self::write_shadows(bffs, families)?;
        families.counters(
            "log_lines_left_out",
            "Lines that were over a rate of the log: of the guest and its failures, \
             or of refused requests.",
            bffs.iter().flat_map(|(bff, metrics)| {
                let of = |about, sample: &Sample| {
                    let labels = [("bff", *bff), ("about", about)];
                    (labels, sample.left_out())
                };
                [
                    of("guest", &metrics.log_bytes),
                    of("refused", &metrics.refused_lines),
                ]
            }),
        )
    }

    fn write_shadows(bffs: &[(&str, Arc<Self>)], families: &mut Families<'_>) -> fmt::Result {
        type Counts = fn(&BffMetrics) -> BTreeMap<&'static str, u64>;
        let all: [(&str, &str, &'static str, Counts); 2] = [
            (
                "shadow_runs",
                "Runs of a shadow's candidate by result: same, different or uncompared.",
                "result",
                |metrics| lock(&metrics.shadow_runs).clone(),
            ),
            (
                "shadow_shed",
                "Requests that a shadow left out by reason: busy, cpu, memory, waiting, size, \
                 host, live-failed, gone, ended.",
                "reason",
                |metrics| lock(&metrics.shadow_shed).clone(),
            ),
        ];
        for (name, help, label, counts) in all {
            let series = bffs.iter().flat_map(|(bff, metrics)| {
                let counts = counts(metrics).into_iter();
                counts.map(move |(word, count)| ([("bff", *bff), (label, word)], count))
            });
            families.counters(name, help, series)?;
        }
        Ok(())
    }
}

impl VersionMetrics {
    /// Those of the BFF.
    pub fn bff(&self) -> &Arc<BffMetrics> {
        &self.bff
    }

    /// Counts a request.
    pub fn request(&self, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::Answered(status) => {
                self.answers[class(status)].inc();
            }
            // Rare, so behind a lock.
            Outcome::Failed(_) | Outcome::ClientGone => {
                *lock(&self.failed).entry(outcome.name()).or_default() += 1;
            }
        }
        self.bff.duration.observe(took.as_secs_f64());
    }

    /// Counts what a guest used.
    pub fn guest(&self, cpu: Duration, memory: usize) {
        self.bff.guest_cpu.observe(cpu.as_secs_f64());
        self.bff.guest_memory.observe(memory as f64);
    }

    fn outcomes(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let answers = STATUS_CLASSES
            .into_iter()
            .zip(self.answers.iter().map(Counter::get));
        answers.chain(lock(&self.failed).clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The guarded values are consistent after each statement, so poison is ignored.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
