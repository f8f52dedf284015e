//! Components that the host pulls from a registry: what it asks, what it shows to whom, and what it
//! refuses.

mod registry;

mod commands;
mod hostile;
mod logins;
mod orders;
mod redirects;
mod under_way;
