//! tailor.
