//! Columns of text, for people.

use tailor::text::visible;

/// Rows with their cells below each other; the last column is as wide as it is.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let rows = || std::iter::once(&head).chain(rows);
    let shown = |cell: &str| visible(cell).into_owned();
    let width = |column: usize| {
        let widths = rows().filter_map(|row| row.get(column));
        widths.map(|cell| shown(cell).chars().count()).max()
    };
    let mut text = String::new();
    for row in rows() {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = width(column).unwrap_or(0);
            line.push_str(&format!("{:width$}  ", shown(cell)));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_below_each_other_and_move_no_cursor() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let rows = [row("1", "é"), row("12345678", "a\u{1b}[2J")];
        let text = table(&["number", "message"], &rows);
        let wanted = "number    message\n1         é\n12345678  a\\u{1b}[2J\n";
        assert_eq!(text, wanted);
    }
}
