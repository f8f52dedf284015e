//! An order to a host, from the first request to what became of it: what `tailor deploy` and
//! `tailor rollback` have in common.

mod error;
mod follow;
mod options;
mod patience;
mod report;

pub use error::{OrderError, code, told};
pub use follow::{Ended, Order, follow, follow_begun, next_live};
pub use options::{Options, key_or_random};
pub use patience::{Patience, timeout};
pub use report::Report;

use serde_json::{Value, json};

/// The body of an order, with the members that have a value.
pub fn body(members: &[(&str, Option<&String>)]) -> Value {
    let members = members.iter();
    let there =
        members.filter_map(|(name, value)| Some(((*name).to_owned(), json!(value.as_ref()?))));
    Value::Object(there.collect())
}
