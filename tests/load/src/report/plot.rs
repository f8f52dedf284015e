//! Bar charts as SVG, without a library: rectangles and text.

use std::fmt::Write as _;

/// Bars in groups, one colour for each series.
pub struct Plot {
    /// The sentence above it.
    pub title: String,
    /// The unit of a bar's length.
    pub unit: String,
    /// The names of the series, in the order of the values of each group.
    pub series: Vec<String>,
    /// Name and values of each group; a series may be absent from a group.
    pub groups: Vec<(String, Vec<Option<f64>>)>,
}

const WIDTH: f64 = 760.0;
const LABELS: f64 = 230.0;
const BAR: f64 = 15.0;
const GAP: f64 = 12.0;
const TOP: f64 = 58.0;
/// Distinct also for colour-blind readers (Okabe and Ito).
const COLOURS: [&str; 6] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00",
];

impl Plot {
    /// The picture.
    pub fn svg(&self) -> String {
        let values = self.groups.iter().flat_map(|(_, values)| values);
        let most = values.flatten().copied().fold(0.0, f64::max);
        // Room for the number behind the longest bar.
        let scale = (WIDTH - LABELS - 80.0) / if most > 0.0 { most } else { 1.0 };
        let mut drawn = String::new();
        let mut y = TOP;
        for (name, values) in &self.groups {
            let bars = values.iter().zip(COLOURS.iter().cycle());
            let bars: Vec<_> = bars
                .filter_map(|(value, colour)| Some(((*value)?, colour)))
                .collect();
            #[expect(clippy::cast_precision_loss, reason = "a handful of bars")]
            let middle = y + BAR * bars.len() as f64 / 2.0 + 4.0;
            let (right, name) = (LABELS - 10.0, escaped(name));
            // Writing to a String does not fail.
            let _ = writeln!(
                drawn,
                r#"<text x="{right}" y="{middle:.1}" text-anchor="end">{name}</text>"#
            );
            for (value, colour) in bars {
                let length = value * scale;
                let (thick, base) = (BAR - 2.0, y + BAR - 4.0);
                let (end, text) = (LABELS + length + 5.0, short(value));
                let _ = writeln!(
                    drawn,
                    r#"<rect x="{LABELS}" y="{y:.1}" width="{length:.1}" height="{thick}" fill="{colour}"/><text x="{end:.1}" y="{base:.1}" class="n">{text}</text>"#
                );
                y += BAR;
            }
            y += GAP;
        }
        let mut legend = String::new();
        let mut x = LABELS;
        for (name, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let _ = writeln!(
                legend,
                r#"<rect x="{x:.1}" y="36" width="10" height="10" fill="{colour}"/><text x="{:.1}" y="45">{}</text>"#,
                x + 15.0,
                escaped(name)
            );
            #[expect(clippy::cast_precision_loss, reason = "a name")]
            let advance = 35.0 + 7.0 * name.chars().count() as f64;
            x += advance;
        }
        let (title, unit) = (escaped(&self.title), escaped(&self.unit));
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{title}">
<style>text {{ font: 12px sans-serif; fill: #222 }} .t {{ font-weight: bold; font-size: 14px }} .n {{ font-size: 11px }}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="10" y="20" class="t">{title}</text><text x="10" y="45">{unit}</text>
{legend}{drawn}</svg>
"##
        )
    }
}

/// Text escaped for XML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Not allowed in XML at all.
            other if other.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

fn short(value: f64) -> String {
    if value >= 100.0 {
        super::grouped(value)
    } else {
        format!("{value:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_picture() {
        assert_eq!(escaped("a<b>&\"c\"\n"), "a&lt;b&gt;&amp;&quot;c&quot; ");
    }

    #[test]
    fn the_longest_bar_fits_and_absent_ones_leave_no_gap() {
        let plot = Plot {
            title: "t".to_owned(),
            unit: "u".to_owned(),
            series: vec!["a".to_owned(), "b".to_owned()],
            groups: vec![("g".to_owned(), vec![Some(50_000.0), None])],
        };
        let svg = plot.svg();
        assert!(svg.contains(r#"width="450.0""#), "{svg}");
        assert!(svg.contains(">50,000</text>"));
        assert_eq!(svg.matches("class=\"n\"").count(), 1);
    }
}
