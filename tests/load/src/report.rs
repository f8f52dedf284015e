//! What was measured, for people: tables in Markdown and plots in SVG.

mod plot;
mod table;
mod write;

pub use plot::Plot;
pub use table::table;
pub use write::{heading, write};

/// A whole number with commas: 13,300.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_grouped() {
        let numbers = [0.0, 999.4, 1000.0, 13_300.0, 1_234_567.0].map(grouped);
        assert_eq!(numbers, ["0", "999", "1,000", "13,300", "1,234,567"]);
    }
}
