//! The page that a browser gets when a BFF did not answer: what failed, and where in the author's
//! code.

use std::fmt::Write as _;

use super::place::Excerpt;

/// What a page shows.
pub(super) struct Page<'a> {
    pub(super) bff: &'a str,
    pub(super) request_id: &'a str,
    pub(super) status: u16,
    /// The code of the problem document that others get.
    pub(super) code: &'a str,
    pub(super) title: &'a str,
    /// What happened, the most telling first.
    pub(super) messages: &'a [String],
    pub(super) excerpt: Option<&'a Excerpt>,
    /// The stack of the engine.
    pub(super) backtrace: &'a str,
}

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.3rem;margin:0}\
code,pre{font:13px/1.5 ui-monospace,monospace}\
pre{overflow-x:auto;padding:.8rem 0;border:1px solid #8884;border-radius:6px}\
pre.message{padding:.8rem;white-space:pre-wrap;overflow-wrap:anywhere;border-color:#c33}\
.line{display:block;padding:0 .8rem}\
.line.here{background:#c333;font-weight:600}\
.number{display:inline-block;width:3.5em;opacity:.6}\
.quiet{opacity:.7}";

impl Page<'_> {
    /// The document. All foreign text is escaped, and it loads nothing.
    pub(super) fn html(&self) -> String {
        let mut html = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>{bff}: {title}</title><style>{STYLE}</style>\
             <h1>{title}</h1><p class=\"quiet\">{bff}, {status} <code>{code}</code></p>",
            bff = escaped(self.bff),
            title = escaped(self.title),
            status = self.status,
            code = escaped(self.code),
        );
        // Writing to a string does not fail.
        for message in self.messages {
            let _ = write!(html, "<pre class=\"message\">{}</pre>", escaped(message));
        }
        if let Some(excerpt) = self.excerpt {
            html += &shown(excerpt);
        }
        if !self.backtrace.is_empty() {
            let _ = write!(
                html,
                "<details><summary>Stack of the engine</summary><pre class=\"message\">{}</pre></details>",
                escaped(self.backtrace)
            );
        }
        let _ = write!(
            html,
            "<p class=\"quiet\">Request <code>{}</code>. The same is in the terminal of <code>tailor \
             dev</code>; clients that take no pages, and all in production, get a problem \
             document.</p></html>",
            escaped(self.request_id)
        );
        html
    }
}

fn shown(excerpt: &Excerpt) -> String {
    let place = &excerpt.place;
    let column = place
        .column
        .map_or_else(String::new, |column| format!(":{column}"));
    let mut html = format!(
        "<p><code>{}:{}{column}</code></p><pre>",
        escaped(&place.file.display().to_string()),
        place.line
    );
    for (number, text) in &excerpt.lines {
        let here = if *number == place.line { " here" } else { "" };
        let _ = write!(
            html,
            "<span class=\"line{here}\"><span class=\"number\">{number}</span>{}</span>",
            escaped(text)
        );
    }
    html + "</pre>"
}

/// A text as it stands in HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::place::Place;
    use super::*;

    #[test]
    fn foreign_text_is_never_markup() {
        let hostile = "<script>alert('x')</script>&\"".to_owned();
        let excerpt = Excerpt {
            place: Place {
                file: PathBuf::from("src/<b>.ts"),
                line: 2,
                column: Some(5),
            },
            lines: vec![(1, hostile.clone()), (2, hostile.clone())],
        };
        let page = Page {
            bff: &hostile,
            request_id: &hostile,
            status: 502,
            code: &hostile,
            title: &hostile,
            messages: std::slice::from_ref(&hostile),
            excerpt: Some(&excerpt),
            backtrace: &hostile,
        };
        let html = page.html();
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("<b>"), "{html}");
        assert_eq!(html.matches("class=\"line here\"").count(), 1);
        assert!(html.contains("src/&lt;b&gt;.ts:2:5"), "{html}");
    }
}
