//! The measurements, in order.

mod cell;
mod matrix;
mod measure;
mod options;
mod session;
mod whole;

pub use cell::{Cell, Measured, Round, Rounds};
pub use matrix::cells;
pub use measure::{measure, measure_paced};
pub use options::{Effort, Options};
pub use session::{Session, root};
pub use whole::run;
