//! How results look: colours, and names of files.

use std::fmt::Display;
use std::path::Path;

/// Whether texts are coloured.
#[derive(Clone, Copy)]
pub struct Style {
    pub color: bool,
}

impl Style {
    pub fn in_color(self, code: u8, text: impl Display) -> String {
        if self.color {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_string()
        }
    }

    pub fn bad(self, text: impl Display) -> String {
        self.in_color(31, text)
    }

    pub fn good(self, text: impl Display) -> String {
        self.in_color(32, text)
    }

    pub fn aside(self, text: impl Display) -> String {
        self.in_color(2, text)
    }

    /// Whether something passed.
    pub fn verdict(self, passed: bool) -> String {
        match passed {
            true => self.good("ok  "),
            false => self.bad("FAIL"),
        }
    }
}

/// A path as it is shown.
pub fn shown(path: &Path) -> String {
    let path = path
        .strip_prefix(".")
        .ok()
        .filter(|it| !it.as_os_str().is_empty())
        .unwrap_or(path);
    tailor::text::visible(&path.to_string_lossy()).into_owned()
}
