//! Log lines. The host adds the BFF's name, its version and the request id, cuts lines at 4 KiB and
//! limits their number.
//!
//! Do not log personal data.

use crate::bindings::tailor::bff::runtime::Level;
use crate::host::runtime;

/// For the author, while writing the BFF.
pub fn debug(message: &str, fields: &[(&str, &str)]) {
    write(Level::Debug, message, fields);
}

/// For the operator: something normal that is worth knowing.
pub fn info(message: &str, fields: &[(&str, &str)]) {
    write(Level::Info, message, fields);
}

/// Something is missing or wrong, and the client got an answer all the same.
pub fn warn(message: &str, fields: &[(&str, &str)]) {
    write(Level::Warn, message, fields);
}

/// A fault of the BFF that its team has to fix.
pub fn error(message: &str, fields: &[(&str, &str)]) {
    write(Level::Error, message, fields);
}

fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<(String, String)> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    runtime::log(level, message, &fields);
}
