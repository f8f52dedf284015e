//! From a position in a bundle to the place that its author wrote, by the bundle's source map
//! (version 3): for bundles without the kit's own table.

use std::path::PathBuf;

use serde::Deserialize;

/// The parts of a source map that are used.
#[derive(Debug, Deserialize)]
pub(super) struct SourceMap {
    /// The files, relative to the map's folder.
    pub sources: Vec<PathBuf>,
    mappings: String,
}

/// One mapped position of a line of the bundle. All numbers count from 0.
struct Segment {
    column: i64,
    source: i64,
    line: i64,
    source_column: i64,
}

impl SourceMap {
    /// The file (an index of `sources`) and line and column in it for a position in the bundle. All
    /// lines and columns count from 1.
    pub(super) fn origin(&self, line: usize, column: i64) -> Option<(usize, i64, i64)> {
        // Files and lines are differences to the segment before, over all lines; columns start anew
        // in each line.
        let (mut source, mut source_line, mut source_column) = (0, 0, 0);
        let mut segments = Vec::new();
        for group in self.mappings.split(';').take(line) {
            segments.clear();
            let mut generated = 0;
            for segment in group.split(',').filter(|segment| !segment.is_empty()) {
                let steps = numbers(segment)?;
                generated += steps.first()?;
                // A segment of one number maps to no source.
                if let [_, source_step, line_step, column_step, ..] = steps.as_slice() {
                    source += source_step;
                    source_line += line_step;
                    source_column += column_step;
                    segments.push(Segment {
                        column: generated,
                        source,
                        line: source_line,
                        source_column,
                    });
                }
            }
        }
        let before = segments
            .iter()
            .rev()
            .find(|segment| segment.column < column);
        let segment = before.or(segments.first())?;
        let source = usize::try_from(segment.source).ok()?;
        let known = source < self.sources.len();
        known.then_some((source, segment.line + 1, segment.source_column + 1))
    }

    /// Replaces each `/<bundle>:<line>:<column>` in a text, as the engine writes them in a stack,
    /// by file, line and column.
    pub(super) fn translate(&self, text: &str, bundle: &str) -> String {
        let place = format!("/{bundle}:");
        let mut parts = text.split(&place);
        let mut translated = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (numbers, rest) = position(part);
            let origin = numbers.and_then(|(line, column)| self.origin(line, column));
            let file = origin.and_then(|(source, ..)| self.sources.get(source));
            match origin.zip(file) {
                Some(((_, line, column), file)) => {
                    translated.push_str(&format!("{}:{line}:{column}{rest}", file.display()));
                }
                None => translated.push_str(&format!("{place}{part}")),
            }
        }
        translated
    }
}

/// The two numbers at the start of `12:5)...`, and what comes after them.
fn position(text: &str) -> (Option<(usize, i64)>, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ':');
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    let numbers = || {
        let (line, column) = digits.split_once(':')?;
        Some((line.parse().ok()?, column.parse().ok()?))
    };
    (numbers(), rest)
}

/// The numbers of one segment: base64 digits of five bits each, least first; the sixth bit says
/// that more follow, and the lowest bit of a number is its sign. Nothing when it is malformed.
fn numbers(segment: &str) -> Option<Vec<i64>> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut numbers = Vec::new();
    let (mut value, mut shift) = (0_i64, 0_u32);
    for byte in segment.bytes() {
        let digit = DIGITS.iter().position(|it| *it == byte)?;
        let bits = i64::try_from(digit & 31).ok()?;
        // Positions fit into 32 bits; more is no source map.
        if shift > 30 {
            return None;
        }
        value |= bits << shift;
        shift += 5;
        if digit & 32 == 0 {
            let magnitude = value >> 1;
            numbers.push(if value & 1 == 1 {
                -magnitude
            } else {
                magnitude
            });
            (value, shift) = (0, 0);
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What esbuild 0.28.2 wrote for a kit of one line and an entry module of one line, in this
    /// bundle:
    ///
    /// ```text
    /// // ../kit/k.ts
    /// function k(s) {
    ///   return s;
    /// }
    ///
    /// // src/main.ts
    /// var x = "a";
    /// k(1);
    /// console.log(x);
    /// ```
    fn map() -> SourceMap {
        let json = r#"{"version": 3, "sources": ["../../kit/k.ts", "../src/main.ts"], "names": [],
            "mappings": ";AAAO,SAAS,EAAE,GAAmB;AAAE,SAAO;AAAE;;;ACAzC,IAAM,IAAY;AAAoC,EAAE,CAAC;AAAG,QAAQ,IAAI,CAAC;"}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_stack_of_the_engine_names_the_authors_lines() {
        let stack = "ReferenceError: console is not defined\n    at k (/partner.js:3:10)\n    at <anonymous> (/partner.js:9:1)\n";
        assert_eq!(
            map().translate(stack, "partner.js"),
            "ReferenceError: console is not defined\n    at k (../../kit/k.ts:1:47)\n    at <anonymous> (../src/main.ts:1:68)\n"
        );
    }

    #[test]
    fn a_position_that_is_not_mapped_stays_as_it_is() {
        for text in [
            "at f (/partner.js:5:1)",
            "at f (/partner.js:99:1)",
            "/partner.js:",
            "/other.js:1:1",
        ] {
            assert_eq!(map().translate(text, "partner.js"), text);
        }
    }

    #[test]
    fn lines_are_summed_up_over_segments() {
        // Two lines of one file: the second is three lines further down, then two up.
        let json = r#"{"sources": ["a.ts"], "mappings": "AAAA;AAGA,QAFA"}"#;
        let map: SourceMap = serde_json::from_str(json).unwrap();
        assert_eq!(map.origin(1, 1), Some((0, 1, 1)));
        assert_eq!(map.origin(2, 1), Some((0, 4, 1)));
        assert_eq!(map.origin(2, 8), Some((0, 4, 1)));
        assert_eq!(map.origin(2, 9), Some((0, 2, 1)));
    }

    #[test]
    fn a_malformed_map_translates_nothing() {
        let json = r#"{"sources": ["a.ts"], "mappings": "A!AA;zzzzzzzzzzzzzz"}"#;
        let map: SourceMap = serde_json::from_str(json).unwrap();
        assert_eq!(map.origin(1, 1), None);
        assert_eq!(map.origin(2, 1), None);
    }
}
