//! Writes what a fixture expects anew, from the answer that came. The rest of the file stays as it
//! is, byte for byte, and so does what is expected already.

use std::fs::Metadata;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;

use super::warning::NothingArrived;
use crate::bff::response::CheckedResponse;
use crate::fixture::{Difference, Expect, Fixture, FixtureError, compact, rewritten, with_member};
use crate::text::{cut, is_hidden};

/// What a fixture expects was not written anew.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// There is nothing to write.
    #[error("the BFF gave no answer")]
    NoAnswer,
    /// What came tells nothing.
    #[error("{0}")]
    NothingArrived(NothingArrived),
    /// The rest of the fixture is to be corrected first.
    #[error("correct first what its warning names")]
    Warned,
    /// A header field that is expected did not come.
    #[error("the header {0} did not come; correct the BFF, or take it out of `expect`")]
    HeaderGone(String),
    /// The body has no place in a fixture.
    #[error("the body is no text, which a fixture cannot expect")]
    NotText,
    /// With it, the file would be no fixture.
    #[error("with this answer it would be no fixture: {0}")]
    NoFixture(serde_json::Error),
    /// It would not hold for the answer that it was made of.
    #[error("this answer cannot be expected: {0}")]
    NotHeld(Difference),
    /// Asked again, the BFF answers in another way.
    #[error(
        "asked again, the BFF answers otherwise: {0}; set `now`, or leave this out of `expect`"
    )]
    Unsteady(Difference),
    /// Asked again, the BFF does not answer.
    #[error("asked again, the BFF gives no answer: {0}")]
    UnsteadyFailure(String),
    /// The file is another one than was run.
    #[error("{}: changed while its request ran, and is left as it is; run it again", .0.display())]
    Changed(PathBuf),
    /// The file may not be written.
    #[error("{}: {why}, and is left as it is", path.display())]
    Protected {
        /// The file.
        path: PathBuf,
        /// What forbids it.
        why: String,
    },
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

/// The text of a fixture with another `expect`, and the fixture that it is.
pub(super) struct Updated {
    pub(super) text: String,
    pub(super) fixture: Fixture,
}

/// Gives the text of a file an `expect` that holds for this answer.
pub(super) fn updated(
    path: &Path,
    text: &str,
    expect: Option<&Expect>,
    answer: &CheckedResponse,
) -> Result<Updated, UpdateError> {
    let expected = expected(expect, answer)?;
    let text = spliced(text, &expected).map_err(UpdateError::NoFixture)?;
    let fixture = match Fixture::parse(&text, &path.display().to_string()) {
        Ok(fixture) => fixture,
        Err(FixtureError::Malformed { source, .. }) => return Err(UpdateError::NoFixture(source)),
        Err(error) => return Err(error.into()),
    };
    let new = fixture.expect.as_ref();
    let differences = new.map_or(Vec::new(), |new| new.differences(answer));
    match differences.into_iter().next() {
        Some(difference) => Err(UpdateError::NotHeld(difference)),
        None => Ok(Updated { text, fixture }),
    }
}

/// Writes a file, whole or not at all. `old` is what was run of it.
pub(super) fn write(path: &Path, old: &str, new: &str) -> Result<(), UpdateError> {
    let unwritable = |source| UpdateError::Unwritable {
        path: path.to_owned(),
        source,
    };
    // A link stays one.
    let real = path.canonicalize().map_err(unwritable)?;
    let metadata = std::fs::metadata(&real).map_err(unwritable)?;
    let protected = |why: String| UpdateError::Protected {
        path: path.to_owned(),
        why,
    };
    if let Some(why) = protection(&metadata) {
        return Err(protected(why));
    }
    // Where others may write, but not this user.
    let mut existing = std::fs::OpenOptions::new();
    existing.write(true).open(&real).map_err(unwritable)?;
    let folder = real.parent().unwrap_or(&real);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    let made = file.as_file().metadata().map_err(unwritable)?;
    if (made.uid(), made.gid()) != (metadata.uid(), metadata.gid()) {
        let given = fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid()));
        given.map_err(|error| protected(format!("belongs to another user or group ({error})")))?;
    }
    let written = file.write_all(new.as_bytes()).and_then(|()| {
        file.as_file().set_permissions(metadata.permissions())?;
        file.as_file().sync_all()
    });
    written.map_err(unwritable)?;
    if Fixture::text(&real)? != old {
        return Err(UpdateError::Changed(path.to_owned()));
    }
    let persisted = file.persist(&real);
    persisted.map(drop).map_err(|error| unwritable(error.error))
}

/// What forbids to put another file in the place of one.
fn protection(metadata: &Metadata) -> Option<String> {
    if metadata.permissions().readonly() {
        return Some("is protected against writing".to_owned());
    }
    let names = metadata.nlink();
    (names > 1).then(|| format!("has {names} names (hard links), which a new file would part"))
}

/// What is expected of this answer, as JSON: of what was expected before, or status and body.
fn expected(expect: Option<&Expect>, answer: &CheckedResponse) -> Result<String, UpdateError> {
    // A failure that was expected, as one that was recorded, says nothing of an answer.
    let is_over = |status: u16| status >= 500 && answer.status.as_u16() < 500;
    let is_over = |expect: &Expect| expect.status.is_some_and(is_over);
    let expect = expect.filter(|expect| !expect.is_empty() && !is_over(expect));
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut members = Vec::new();
    if expect.is_none_or(|expect| expect.status.is_some()) {
        members.push(format!("\"status\":{}", answer.status.as_u16()));
    }
    let headers = expect.map_or(&[][..], |expect| &expect.headers);
    let mut fields = Vec::new();
    for (name, _) in headers {
        let value = answer.headers.get(name);
        let value = value.ok_or_else(|| UpdateError::HeaderGone(cut(name)))?;
        let value = str::from_utf8(value.as_bytes()).map_err(|_| UpdateError::NotText)?;
        fields.push(format!("{}:{}", quoted(name), quoted(value)));
    }
    if !fields.is_empty() {
        members.push(format!("\"headers\":{{{}}}", fields.join(",")));
    }
    let wants_body = expect.is_none_or(|expect| expect.json.is_some() || expect.text.is_some());
    if wants_body {
        let body = str::from_utf8(&answer.body).map_err(|_| UpdateError::NotText)?;
        let json = compact(body);
        let wants_json = expect.is_none_or(|expect| expect.json.is_some());
        let wants_text = match expect {
            Some(expect) => expect.text.is_some() || json.is_none(),
            None => json.is_none() && !body.is_empty(),
        };
        members.extend(
            json.filter(|_| wants_json)
                .map(|json| format!("\"json\":{json}")),
        );
        members.extend(wants_text.then(|| format!("\"text\":{}", quoted(body))));
    }
    Ok(plain(&format!("{{{}}}", members.join(","))))
}

/// JSON without characters that do not show or that change how others do: they are part of a text,
/// where they can be written as escapes. Only a line break never is: it is between parts.
pub(super) fn plain(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    for character in json.chars() {
        if character != '\n' && is_hidden(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                plain.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            plain.push(character);
        }
    }
    plain
}

/// The file with another value of `expect`. Its text is a fixture.
fn spliced(text: &str, expect: &str) -> serde_json::Result<String> {
    let members = members(text);
    if let Some(member) = members.iter().find(|member| member.is_expect) {
        return rewritten(text, member.start..member.end, expect);
    }
    match members.last() {
        Some(last) => with_member(text, last.name..last.end, "\"expect\"", expect),
        None => Ok(text.to_owned()),
    }
}

/// A member of the outermost object: where its name is, and where its value begins and ends.
struct Member {
    is_expect: bool,
    name: usize,
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
        all.push(Member {
            is_expect: name == "expect",
            name: place,
            start,
            end,
        });
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
