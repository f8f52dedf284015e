//! Builds of folders that lie elsewhere than the examples do: what is found, what is left alone,
//! and when there is something to do.

mod kits;
pub mod repository;
pub mod rust;
mod session;
mod typescript;
