//! Admission: per BFF, a limit on running requests and on waiting requests, each of which waits for
//! a limited time. Requests over the limit are refused at once, so that a busy BFF costs the others
//! nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use self::instances::Instance;
use super::error::BffError;
use super::scheduler::CpuShare;
use crate::config::Limits;

mod instances;

pub use instances::Instances;

/// The permits of one BFF, and those of the whole host.
pub struct Admission {
    running: Semaphore,
    limit: usize,
    waiting: AtomicUsize,
    max_waiting: usize,
    max_wait: Duration,
    instances: Arc<Instances>,
    /// Instances that the BFF holds.
    taken: Arc<AtomicUsize>,
    share: Arc<CpuShare>,
    held: Arc<AtomicUsize>,
}

/// The right to run one request, for as long as it is held.
pub struct Permit<'a> {
    of_bff: SemaphorePermit<'a>,
    of_host: Instance<'a>,
}

/// The same for a request that runs on in a task of its own.
pub struct OwnedPermit(Arc<Admission>);

impl Drop for OwnedPermit {
    fn drop(&mut self) {
        self.0.running.add_permits(1);
        self.0.instances.give_back(&self.0.taken);
    }
}

impl Admission {
    /// Permits by the BFF's limits; `instances` are those of the host, shared by all BFFs. A share
    /// of the CPU of each of `workers`.
    pub fn new(limits: &Limits, workers: usize, instances: Arc<Instances>) -> Self {
        Self {
            running: Semaphore::new(limits.concurrency),
            limit: limits.concurrency,
            waiting: AtomicUsize::new(0),
            max_waiting: limits.queue,
            max_wait: limits.queue_timeout,
            instances,
            taken: Arc::default(),
            share: Arc::new(CpuShare::new(limits.cpu_weight, workers)),
            held: Arc::default(),
        }
    }

    /// The BFF's use of each worker's CPU.
    pub fn share(&self) -> &Arc<CpuShare> {
        &self.share
    }

    /// Bytes that the BFF's requests and answers hold: counted by the code that reads and sends
    /// them.
    pub fn held(&self) -> &Arc<AtomicUsize> {
        &self.held
    }

    /// Requests that run, and that wait.
    pub fn load(&self) -> (usize, usize) {
        (
            self.limit.saturating_sub(self.running.available_permits()),
            self.waiting.load(Ordering::Relaxed),
        )
    }

    /// Whether a request waits for the right to run, of this BFF or, for an instance, of any.
    pub fn is_busy(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0 || self.instances.is_busy()
    }

    /// Waits for the right to run, as long as the settings allow.
    ///
    /// # Errors
    ///
    /// When too many wait, when the wait was too long, or when all instances of the host are in
    /// use.
    pub async fn permit(&self) -> Result<Permit<'_>, BffError> {
        let of_bff = match self.running.try_acquire() {
            Ok(permit) => permit,
            Err(_) => self.wait().await?,
        };
        // The engine's own pool must never be the one to refuse. The BFF's own permits come first,
        // so one that is over its own limit does not queue for the host's.
        let of_host = match self.instances.try_take(&self.taken) {
            Some(instance) => instance,
            None => timeout(self.max_wait, self.instances.take(&self.taken))
                .await
                .map_err(|_| BffError::EngineFull)?,
        };
        Ok(Permit { of_bff, of_host })
    }

    /// The same, to be held by a task.
    ///
    /// # Errors
    ///
    /// As [`permit`](Self::permit).
    pub async fn owned_permit(self: &Arc<Self>) -> Result<OwnedPermit, BffError> {
        let Permit { of_bff, of_host } = self.permit().await?;
        of_bff.forget();
        of_host.forget();
        Ok(OwnedPermit(self.clone()))
    }

    async fn wait(&self) -> Result<SemaphorePermit<'_>, BffError> {
        let _counted =
            Waiting::enter(&self.waiting, self.max_waiting).ok_or_else(|| self.overloaded())?;
        timeout(self.max_wait, self.running.acquire())
            .await
            .map_err(|_| self.overloaded())?
            .map_err(|_| self.overloaded())
    }

    fn overloaded(&self) -> BffError {
        BffError::Overloaded {
            running: self.limit,
            waiting: self.max_waiting,
            wait: self.max_wait,
        }
    }
}

/// A waiting request, counted until it is served or its client disconnects.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize, most: usize) -> Option<Self> {
        count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| {
                (waiting < most).then_some(waiting + 1)
            })
            .ok()
            .map(|_| Self(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
