//! How JSON is laid out in a file.

/// How a value is written.
#[derive(Clone, Copy)]
pub(super) enum Layout<'a> {
    /// In one line, with spaces behind commas and colons.
    OneLine,
    /// One line for each value, behind this white space.
    Lines(&'a str),
}

impl<'a> Layout<'a> {
    /// The layout of a value whose line begins with `indent`.
    pub(super) fn like(value: &str, indent: &'a str) -> Self {
        match value.contains('\n') {
            true => Self::Lines(indent),
            false => Self::OneLine,
        }
    }

    /// Writes a value that is JSON. What it is made of stays as it is written.
    pub(super) fn write(self, json: &str) -> String {
        let compact = compact(json);
        let mut out = String::with_capacity(compact.len() * 2);
        let mut depth = 0_usize;
        let line = |out: &mut String, depth: usize| {
            if let Self::Lines(indent) = self {
                out.push('\n');
                out.push_str(indent);
                out.push_str(&"  ".repeat(depth));
            }
        };
        let mut before = ' ';
        for (character, in_text) in signs(&compact) {
            let ends = matches!(character, '}' | ']') && !in_text;
            if ends {
                depth = depth.saturating_sub(1);
                if !matches!(before, '{' | '[') {
                    line(&mut out, depth);
                }
            } else if matches!(before, '{' | '[') && depth > 0 {
                line(&mut out, depth);
            }
            out.push(character);
            before = if in_text { ' ' } else { character };
            match before {
                '{' | '[' => depth += 1,
                ':' => out.push(' '),
                ',' if matches!(self, Self::OneLine) => out.push(' '),
                ',' => line(&mut out, depth),
                _ => {}
            }
        }
        out
    }
}

/// A value that is JSON, without the white space between its parts.
pub(super) fn compact(json: &str) -> String {
    let kept = signs(json).filter(|(sign, in_text)| *in_text || !sign.is_ascii_whitespace());
    kept.map(|(sign, _)| sign).collect()
}

/// The characters of JSON, each with whether it is part of a text.
fn signs(json: &str) -> impl Iterator<Item = (char, bool)> + '_ {
    let (mut in_text, mut escaped) = (false, false);
    json.chars().map(move |character| {
        let was_in_text = in_text;
        match character {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            _ => {}
        }
        (character, was_in_text || in_text)
    })
}
