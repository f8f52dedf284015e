//! What happens between a call that is legal and the wire, so that an answer leaves on time.

pub mod cache;
pub mod coalesce;
