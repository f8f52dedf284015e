//! Each way in which a BFF can misbehave is stopped by the limit made for it, and costs its
//! neighbours nothing.

mod arena;
mod cpu;
mod fields;
mod flood;
mod forged;
mod gone;
mod leak;
mod loading;
mod memory;
mod response;
mod toolchain;
mod trap;
mod wasi_http;
pub mod wat;
