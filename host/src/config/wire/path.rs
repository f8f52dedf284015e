//! Paths: prefixes of routes, targets of requests, and patterns of calls.

use toml::de::DeValue;

use super::parse_method;
use crate::config::kind::{Formed, Kind, Text};
use crate::config::problem::Fault;
use crate::config::values::{quote, text};
use crate::config::{CallPattern, Segment};
use crate::path::{self, Ambiguity};

/// What is near to the path of a route, a target, a path pattern and a call pattern.
const ROUTE_PATH: &str = r"^(/|(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)+)$";
const TARGET: &str = r"^/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$";
const PATH: &str = r"^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$";
const CALL_PATTERN: &str = concat!(
    r"^(\*|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) ",
    r"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$"
);

/// Reads the path prefix of a route.
pub(in crate::config) fn route_path() -> impl Kind<String> {
    Formed::new(Text::Like(ROUTE_PATH), read_route_path)
}

fn read_route_path(value: &DeValue<'_>) -> Result<String, Fault> {
    let path = text(value)?;
    if path.contains('%') || !legal_encoding(path) {
        let what = format!("{} has a character that is encoded in a path", quote(path));
        let way_out =
            "use characters that need no encoding: an encoded one can be written in many ways";
        return Err(Fault::new(what, way_out));
    }
    check_path(path)?;
    match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => {
            let what = format!("{} ends with a slash", quote(path));
            Err(Fault::new(
                what,
                format!("write {shorter:?}: it matches what is below it, too"),
            ))
        }
        _ => Ok(path.to_owned()),
    }
}

/// Reads the path of a request, with or without query.
pub(in crate::config) fn target() -> impl Kind<String> {
    Formed::new(Text::Like(TARGET), read_target)
}

fn read_target(value: &DeValue<'_>) -> Result<String, Fault> {
    let written = text(value)?;
    let (path, query) = written.split_once('?').unwrap_or((written, ""));
    check_path(path)?;
    if !legal_encoding(query) {
        let what = format!(
            "{} has a character that must be encoded in a query",
            quote(query)
        );
        return Err(Fault::new(what, "percent-encode it"));
    }
    Ok(written.to_owned())
}

/// A path as a client's would arrive after the host has tidied it.
pub(super) fn check_path(path: &str) -> Result<(), Fault> {
    let fault = |what: &str, way_out: &str| {
        Err(Fault::new(
            format!("{} {what}", quote(path)),
            way_out.to_owned(),
        ))
    };
    // Here, because the message has a better way out.
    let Some(inner) = path.strip_prefix('/') else {
        return fault(
            "does not begin with a slash",
            &format!("write {:?}", format!("/{path}")),
        );
    };
    if let Err(ambiguity) = path::check(path) {
        return fault(ambiguity.why(), way_out(ambiguity));
    }
    if !legal_encoding(inner) {
        return fault(
            "has a character that is not legal in a path",
            "percent-encode it",
        );
    }
    Ok(())
}

/// What to write instead of a path that is not legal.
const fn way_out(ambiguity: Ambiguity) -> &'static str {
    match ambiguity {
        Ambiguity::NoSlash => "write one that begins with a slash",
        Ambiguity::QueryOrFragment => "leave out what follows the path",
        Ambiguity::EmptySegment => "write one slash between segments",
        Ambiguity::DotSegment => "write the path that it leads to",
        Ambiguity::NotEncoded => "encode it, such as a space as %20",
        Ambiguity::Escape => "write %25 for a percent sign that encodes nothing",
        Ambiguity::OnlyParameters
        | Ambiguity::EncodedSlash
        | Ambiguity::Backslash
        | Ambiguity::EncodedControl
        | Ambiguity::Overlong => "write a path that every server reads in the same way",
    }
}

/// Whether text has only the characters of a path or query (RFC 3986), and a hexadecimal number
/// after each `%`.
pub(super) fn legal_encoding(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/?".contains(&b);
    let hex = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|b| b.is_ascii_hexdigit());
    text.bytes().all(legal) && text.split('%').skip(1).all(hex)
}

/// Reads which calls are meant: a method or `*`, a space, and a path in which the segment `*`
/// stands for any one, and `**` at the end for any number.
pub(in crate::config) fn call_pattern() -> impl Kind<CallPattern> {
    Formed::new(Text::Like(CALL_PATTERN), read_call_pattern)
}

fn read_call_pattern(value: &DeValue<'_>) -> Result<CallPattern, Fault> {
    let written = text(value)?;
    let fault = |what: &str, way_out: &str| {
        Fault::new(format!("{} {what}", quote(written)), way_out.to_owned())
    };
    let example = "write a method, or *, and a path: \"GET /users/*/days\"";
    let (method, path) = written
        .split_once(' ')
        .ok_or_else(|| fault("is not a method and a path", example))?;
    let method = match method {
        "*" => None,
        method => Some(parse_method(method)?),
    };
    Ok(CallPattern {
        method,
        segments: segments(written, path)?,
    })
}

/// Reads which paths are meant, as in a pattern of calls.
pub(in crate::config) fn path_pattern() -> impl Kind<Vec<Segment>> {
    Formed::new(Text::Like(PATH), read_path_pattern)
}

fn read_path_pattern(value: &DeValue<'_>) -> Result<Vec<Segment>, Fault> {
    let written = text(value)?;
    segments(written, written)
}

/// The segments of a path, which is a part of what is written.
fn segments(written: &str, path: &str) -> Result<Vec<Segment>, Fault> {
    let fault = |what: &str, way_out: &str| {
        Fault::new(format!("{} {what}", quote(written)), way_out.to_owned())
    };
    check_path(path)?;
    let inner = path.strip_prefix('/').unwrap_or(path);
    let count = inner.split('/').count();
    let segment = |(index, segment): (usize, &str)| match segment {
        "*" => Ok(Segment::One),
        "**" if index + 1 == count => Ok(Segment::Rest),
        "**" => Err(fault(
            "has a `**` that is not the last segment",
            "write * for each segment in the middle, or end the path with the **",
        )),
        part if part.contains('*') => Err(fault(
            "has a `*` that is only a part of a segment",
            "write * alone between slashes: it stands for one whole segment",
        )),
        part => Ok(Segment::Text(part.to_owned())),
    };
    inner.split('/').enumerate().map(segment).collect()
}
