//! Components that the host pulls from a registry: what it asks, what it shows to whom, and what it
//! refuses.

mod registry;

mod blamed;
mod commands;
mod early;
mod hostile;
mod logins;
mod orders;
mod redirects;
mod rests;
mod under_way;

pub use registry::{Pushed, section};
