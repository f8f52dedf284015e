//! Writes what a fixture expects anew, from the answer that came. The rest of the file stays as it
//! is, byte for byte.

mod layout;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use crate::bff::response::CheckedResponse;
use crate::fixture::{Expect, Fixture, FixtureError};
use layout::{Layout, compact};

/// What a fixture expects was not written anew.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The file is another one than was run.
    #[error("{}: changed while its request ran, and is left as it is; run it again", .0.display())]
    Changed(PathBuf),
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(#[from] FixtureError),
    /// The file cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Writes the file's `expect` for this answer, whole or not at all. `text` is what was run of it.
pub(super) fn write_expect(
    path: &Path,
    text: &str,
    expect: Option<&Expect>,
    answer: &CheckedResponse,
) -> Result<(), UpdateError> {
    let unwritable = |source| UpdateError::Unwritable {
        path: path.to_owned(),
        source,
    };
    // A link stays one.
    let real = path.canonicalize().map_err(unwritable)?;
    let new = spliced(text, &expected(expect, answer));
    let folder = real.parent().unwrap_or(&real);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    let written = file.write_all(new.as_bytes()).and_then(|()| {
        let permissions = std::fs::metadata(&real)?.permissions();
        file.as_file().set_permissions(permissions)?;
        file.as_file().sync_all()
    });
    written.map_err(unwritable)?;
    if Fixture::text(&real)? != text {
        return Err(UpdateError::Changed(path.to_owned()));
    }
    let persisted = file.persist(&real);
    persisted.map(drop).map_err(|error| unwritable(error.error))
}

/// What is expected of this answer, as JSON: of what was expected before, or status and body.
fn expected(expect: Option<&Expect>, answer: &CheckedResponse) -> String {
    let expect = expect.filter(|expect| !expect.is_empty());
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let mut members = Vec::new();
    if expect.is_none_or(|expect| expect.status.is_some()) {
        members.push(format!("\"status\":{}", answer.status.as_u16()));
    }
    let headers = expect.map_or(&[][..], |expect| &expect.headers);
    let headers = headers.iter().filter_map(|(name, _)| {
        let value = String::from_utf8_lossy(answer.headers.get(name)?.as_bytes());
        Some(format!("{}:{}", text(name), text(&value)))
    });
    let headers: Vec<String> = headers.collect();
    if !headers.is_empty() {
        members.push(format!("\"headers\":{{{}}}", headers.join(",")));
    }
    let body = String::from_utf8_lossy(&answer.body);
    let json = serde_json::from_str::<serde_json::Value>(&body).is_ok();
    let (wants_json, wants_text) = match expect {
        None => (json, !json && !body.is_empty()),
        Some(expect) => (
            json && expect.json.is_some(),
            expect.text.is_some() || expect.json.is_some() && !json,
        ),
    };
    if wants_json {
        members.push(format!("\"json\":{}", compact(&body)));
    }
    if wants_text {
        members.push(format!("\"text\":{}", text(&body)));
    }
    format!("{{{}}}", members.join(","))
}

/// The file with another value of `expect`. Its text is a fixture.
fn spliced(text: &str, expect: &str) -> String {
    let members = members(text);
    if let Some(member) = members.iter().find(|member| member.name == "expect") {
        let old = &text[member.start..member.end];
        let layout = Layout::like(old, indent(text, member.start));
        let (before, after) = (&text[..member.start], &text[member.end..]);
        return format!("{before}{}{after}", layout.write(expect));
    }
    let Some(last) = members.last() else {
        return text.to_owned();
    };
    let (before, after) = text.split_at(last.end);
    let new = Layout::OneLine.write(expect);
    // Where the last member has a line of its own, so has this one.
    let end = after.rfind('}').unwrap_or(after.len());
    if after[..end].contains('\n') {
        let indent = indent(text, last.start);
        return format!("{before},\n{indent}\"expect\": {new}{after}");
    }
    format!("{before}, \"expect\": {new}{after}")
}

/// The white space that the line of a place begins with.
fn indent(text: &str, place: usize) -> &str {
    let line = text[..place].rfind('\n').map_or(0, |end| end + 1);
    let line = &text[line..place];
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// A member of the outermost object, and where its value is.
struct Member {
    name: String,
    start: usize,
    end: usize,
}

/// The members of a text that is a JSON object.
fn members(text: &str) -> Vec<Member> {
    let mut all = Vec::new();
    let skip = |place: usize, signs: &[char]| {
        let rest = text.get(place..).unwrap_or_default();
        let rest =
            rest.trim_start_matches(|it: char| it.is_ascii_whitespace() || signs.contains(&it));
        text.len() - rest.len()
    };
    let mut place = skip(0, &['\u{feff}', '{']);
    while let Some((name, end)) = value::<String>(text, place) {
        let start = skip(end, &[':']);
        let Some((IgnoredAny, end)) = value(text, start) else {
            break;
        };
        all.push(Member { name, start, end });
        place = skip(end, &[',']);
    }
    all
}

/// The value that begins at a place, and where it ends.
fn value<'a, T: serde::Deserialize<'a>>(text: &'a str, place: usize) -> Option<(T, usize)> {
    let mut values = serde_json::Deserializer::from_str(text.get(place..)?).into_iter::<T>();
    let value = values.next()?.ok()?;
    Some((value, place + values.byte_offset()))
}

#[cfg(test)]
mod tests;
