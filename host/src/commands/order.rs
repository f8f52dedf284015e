//! An order to a host, from the first request to what became of it: what `tailor deploy` and
//! `tailor rollback` have in common.

mod error;
mod follow;
mod patience;
mod report;

pub use error::{OrderError, code};
pub use follow::{Ended, Order, follow};
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

/// A key of an order: with a further sign or two it is still one.
///
/// # Errors
///
/// When a host takes no such key.
pub fn key(text: &str) -> Result<String, String> {
    const MOST: usize = 190;
    let is_plain = text.bytes().all(|it| it.is_ascii_graphic());
    match is_plain && (1..=MOST).contains(&text.len()) {
        true => Ok(text.to_owned()),
        false => Err(format!("a key has 1 to {MOST} letters, digits and signs")),
    }
}

/// A key that nobody else has.
///
/// # Errors
///
/// When the system has no random bytes.
pub fn random_key() -> anyhow::Result<String> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    Ok(tailor::digest::hex(&random)[..32].to_owned())
}
