//! What happens between a BFF's call and the wire, in the order in which a call meets it.

pub mod credentials;
pub mod fallback;
pub mod shape;
