//! Pulls that are under way: no order is pulled for twice.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use http::StatusCode;

use super::problem::V1Problem;
use crate::sync;

/// The keys of the orders whose components are pulled. No two teams have the same.
#[derive(Clone, Default)]
pub(super) struct Pulls {
    under_way: Arc<Mutex<BTreeSet<String>>>,
}

/// One pull. It is under way until this is dropped.
pub(super) struct Pulling {
    under_way: Arc<Mutex<BTreeSet<String>>>,
    key: Option<String>,
}

impl Pulls {
    /// One more pull, for an order with this key.
    ///
    /// # Errors
    ///
    /// When one for the same key is under way.
    pub(super) fn begin(&self, key: Option<&(String, String)>) -> Result<Pulling, V1Problem> {
        let key = key.map(|(key, _)| key.clone());
        if let Some(key) = &key
            && !sync::lock(&self.under_way).insert(key.clone())
        {
            let what = "the component of this order is being pulled";
            let fix = "send the order again in a moment, with the same idempotency-key";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return Err(V1Problem::new(status, "upload", what, fix));
        }
        Ok(Pulling {
            under_way: self.under_way.clone(),
            key,
        })
    }
}

impl Drop for Pulling {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            sync::lock(&self.under_way).remove(key);
        }
    }
}
