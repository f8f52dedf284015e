//! Measures the host under load, interleaved with what it is compared with. `README.md` of this
//! folder says how, and how to read the figures.
//!
//! [`native`] is the program that the host is compared with. [`drive`] makes load and takes the
//! time; [`systems`] starts what is measured; [`run`] decides what is measured in which order;
//! [`report`] writes it down. [`scale`] is the run that grows one quantity after the other,
//! [`profile`] the one that attributes CPU time. [`stats`], [`process`] and [`zipf`] are the
//! arithmetic.

pub mod drive;
pub mod machine;
pub mod native;
pub mod process;
pub mod profile;
pub mod report;
pub mod run;
pub mod scale;
pub mod stats;
pub mod systems;
pub mod targets;
pub mod zipf;
