//! Pulls that are under way, so that neither one order nor one team takes every place.

use std::sync::{Arc, Mutex};

use http::StatusCode;

use super::problem::V1Problem;
use crate::releases::Caller;
use crate::sync;

/// What pulls share.
#[derive(Default)]
pub(super) struct Pulls {
    under_way: Arc<Mutex<Vec<Under>>>,
}

/// A pull that is under way.
#[derive(Clone, PartialEq, Eq)]
struct Under {
    /// The team, or who has none.
    name: String,
    /// The key of its order, which no other team has.
    key: Option<String>,
}

/// One pull. It is under way until this is dropped.
pub(super) struct Pulling {
    under_way: Arc<Mutex<Vec<Under>>>,
    this: Under,
}

impl Pulls {
    /// One more pull, for an order with this key. `places` are those of all uploads and pulls.
    ///
    /// # Errors
    ///
    /// When a pull for the same key is under way, or too many of the same team: one place is left
    /// to others.
    pub(super) fn begin(
        &self,
        caller: &Caller,
        key: Option<&(String, String)>,
        places: usize,
    ) -> Result<Pulling, V1Problem> {
        let busy = |what: String, fix: &str| {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            V1Problem::new(status, "upload", what, fix)
        };
        let this = Under {
            name: caller.name().to_owned(),
            key: key.map(|(key, _)| key.clone()),
        };
        let mut under_way = sync::lock(&self.under_way);
        if this.key.is_some() && under_way.iter().any(|it| it.key == this.key) {
            let what = "the component of this order is being pulled".to_owned();
            let fix = "send the order again in a moment, with the same idempotency-key";
            return Err(busy(what, fix));
        }
        let most = places.saturating_sub(1).max(1);
        let count = under_way.iter().filter(|it| it.name == this.name).count();
        if count >= most {
            let what = format!("{count} pulls of {} are under way", this.name);
            let fix = "try again in a moment, or raise releases.uploads: one place of these is \
                       left to others";
            return Err(busy(what, fix));
        }
        under_way.push(this.clone());
        Ok(Pulling {
            under_way: self.under_way.clone(),
            this,
        })
    }
}

impl Drop for Pulling {
    fn drop(&mut self) {
        let mut under_way = sync::lock(&self.under_way);
        // Those that are alike stand for each other.
        if let Some(at) = under_way.iter().position(|it| *it == self.this) {
            under_way.swap_remove(at);
        }
    }
}
