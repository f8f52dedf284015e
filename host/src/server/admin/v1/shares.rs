//! Places that teams share, for what takes a while: no team keeps another one out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use http::StatusCode;

use super::problem::V1Problem;
use crate::releases::Caller;
use crate::sync;

/// Who orders and has no token yet: the jobs of CI systems.
const JOBS: &str = "jobs without a token";

/// A number of places, of which one team has at most half, rounded up. Without tokens there are no
/// teams, and all are for everybody.
#[derive(Clone)]
pub(in crate::server::admin) struct Shares {
    /// What a place is for, in the plural.
    of: &'static str,
    /// Where an order is refused that gets none.
    step: &'static str,
    /// The setting that says how many there are.
    setting: &'static str,
    most: usize,
    /// How many each has.
    taken: Arc<Mutex<BTreeMap<String, usize>>>,
}

/// One place. It is taken until this is dropped.
pub(super) struct Share {
    taken: Arc<Mutex<BTreeMap<String, usize>>>,
    name: String,
}

impl Shares {
    /// Places for requests, each of which has a connection.
    pub(in crate::server::admin) fn of_requests(connections: usize) -> Self {
        Self::new("requests", "requests", "admin.max-connections", connections)
    }

    /// Places for streams of events.
    pub(in crate::server::admin) fn of_streams(most: usize) -> Self {
        Self::new(
            "streams of events",
            "events",
            "releases.event-streams",
            most,
        )
    }

    /// Places for uploads and pulls: each takes memory, bandwidth and the disk.
    pub(super) fn of_uploads(most: usize) -> Self {
        Self::new("uploads and pulls", "upload", "releases.uploads", most)
    }

    fn new(of: &'static str, step: &'static str, setting: &'static str, most: usize) -> Self {
        Self {
            of,
            step,
            setting,
            most,
            taken: Arc::default(),
        }
    }

    /// Takes a place.
    ///
    /// # Errors
    ///
    /// 429 when the caller's team has its half, 503 when all are taken.
    pub(super) fn take(&self, caller: &Caller) -> Result<Share, V1Problem> {
        let most = match caller {
            Caller::Local => self.most,
            Caller::Token(_) => self.most.div_ceil(2),
        };
        self.take_of(caller.name(), most)
    }

    /// Takes a place for an order that shows no token. All of these have a team's part.
    ///
    /// # Errors
    ///
    /// As [`Self::take`].
    pub(super) fn take_for_job(&self) -> Result<Share, V1Problem> {
        self.take_of(JOBS, self.most.div_ceil(2))
    }

    fn take_of(&self, name: &str, most: usize) -> Result<Share, V1Problem> {
        let Self {
            of, step, setting, ..
        } = self;
        let busy = |status, what, more| {
            let fix = format!("try again in a moment, or raise {setting}{more}");
            Err(V1Problem::new(status, step, what, fix))
        };
        let mut taken = sync::lock(&self.taken);
        if taken.values().sum::<usize>() >= self.most {
            let what = format!("{} {of} are under way", self.most);
            return busy(StatusCode::SERVICE_UNAVAILABLE, what, "");
        }
        let count = taken.get(name).copied().unwrap_or_default();
        if count >= most {
            let what = format!("{count} {of} of {name} are under way");
            let more = ", of which a team has half";
            return busy(StatusCode::TOO_MANY_REQUESTS, what, more);
        }
        taken.insert(name.to_owned(), count + 1);
        Ok(Share {
            taken: self.taken.clone(),
            name: name.to_owned(),
        })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = sync::lock(&self.taken);
        match taken.get_mut(&self.name) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                taken.remove(&self.name);
            }
        }
    }
}
