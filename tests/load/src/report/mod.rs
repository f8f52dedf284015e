//! What was measured, for people: tables in Markdown and plots in SVG.

mod table;

pub use table::table;
