//! What a write invalidates beside its own path: what the operator configured, and what the
//! service's answer names.

use http::header::{CONTENT_LOCATION, LOCATION};
use http::{HeaderValue, Method, Uri};

use crate::config::{self, CallPattern, Segment};
use crate::downstream::policy::pattern::matches;
use crate::downstream::response::ServiceResponse;

/// The suffix of a path that means itself and all paths below it.
const AND_BELOW: &str = "/**";

/// The operator's rules, for paths as the service has them.
#[derive(Debug, PartialEq, Eq)]
pub struct Writes {
    rules: Vec<config::Write>,
    /// Put in front of every path that a BFF writes.
    prefix: String,
    /// How many segments come before a `**` of a rule, each number once.
    depths: Vec<usize>,
}

impl Writes {
    /// Prepares the operator's rules.
    pub fn new(rules: &[config::Write], prefix: &str) -> Self {
        let before = prefix.split('/').skip(1).count();
        let voids = rules.iter().flat_map(|rule| &rule.voids);
        let mut depths: Vec<_> = voids
            .filter(|path| path.last() == Some(&Segment::Rest))
            .map(|path| before + path.len() - 1)
            .collect();
        depths.sort_unstable();
        depths.dedup();
        Self {
            rules: rules.to_vec(),
            prefix: prefix.to_owned(),
            depths,
        }
    }

    /// What a write to a path invalidates by the rules: paths, or with [`AND_BELOW`] at their end
    /// those and all below.
    pub fn voided_by(&self, method: &Method, path: &str) -> Vec<String> {
        if self.rules.is_empty() {
            return Vec::new();
        }
        let path = path.strip_prefix(self.prefix.as_str()).unwrap_or(path);
        let rules = self.rules.iter();
        rules
            .filter(|rule| matches(&rule.pattern, method, path))
            .flat_map(|rule| {
                let filled = |void| filled(&self.prefix, void, wildcards(&rule.pattern, path));
                rule.voids.iter().map(move |void| filled(void))
            })
            .collect()
    }

    /// The paths with [`AND_BELOW`] that a rule may invalidate and that include this one.
    pub fn above<'a>(&'a self, path: &'a str) -> impl Iterator<Item = String> + 'a {
        self.depths.iter().filter_map(move |depth| {
            let mut slashes = path.match_indices('/').map(|(at, _)| at);
            let end = match slashes.nth(*depth) {
                Some(end) => end,
                // Of all segments: the path itself.
                None if path.matches('/').count() == *depth => path.len(),
                None => return None,
            };
            Some(path[..end].to_owned() + AND_BELOW)
        })
    }
}

/// The segments of a path for each `*` of a pattern that matches it.
fn wildcards<'a>(pattern: &'a CallPattern, path: &'a str) -> impl Iterator<Item = &'a str> {
    let given = path.split('/').skip(1);
    let pairs = pattern.segments.iter().zip(given);
    pairs.filter_map(|(segment, given)| (*segment == Segment::One).then_some(given))
}

fn filled<'a>(
    prefix: &str,
    segments: &[Segment],
    mut wildcards: impl Iterator<Item = &'a str>,
) -> String {
    let mut path = prefix.to_owned();
    for segment in segments {
        match segment {
            Segment::Text(text) => {
                path.push('/');
                path.push_str(text);
            }
            // There are no more of them than in the call's pattern, which the configuration is
            // checked for.
            Segment::One => {
                path.push('/');
                path.push_str(wildcards.next().unwrap_or_default());
            }
            Segment::Rest => path.push_str(AND_BELOW),
        }
    }
    path
}

/// The targets of the same origin that an answer to an unsafe method changed, beside its own.
pub fn named_by(target: &Uri, authority: &HeaderValue, answer: &ServiceResponse) -> Vec<String> {
    [LOCATION, CONTENT_LOCATION]
        .iter()
        .filter_map(|name| answer.headers.get(name))
        .filter_map(|value| resolve(target, authority, value.to_str().ok()?))
        .collect()
}

/// A reference (RFC 3986 section 4.1) as path and query of this origin; `None` for another origin.
fn resolve(base: &Uri, authority: &HeaderValue, reference: &str) -> Option<String> {
    let reference = reference.split('#').next().unwrap_or_default();
    let lower = |text: &str| text.to_ascii_lowercase();
    let absolute = ["http://", "https://", "//"]
        .iter()
        .find(|prefix| lower(reference).starts_with(**prefix));
    if let Some(prefix) = absolute {
        let rest = &reference[prefix.len()..];
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (theirs, target) = rest.split_at(end);
        let same = theirs.as_bytes().eq_ignore_ascii_case(authority.as_bytes());
        return same.then(|| match target {
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            target => target.to_owned(),
        });
    }
    if reference.starts_with('/') {
        return Some(reference.to_owned());
    }
    let path = base.path();
    if reference.is_empty() {
        return None;
    }
    if reference.starts_with('?') {
        return Some(format!("{path}{reference}"));
    }
    // Another scheme, or dot segments, which no service is known to send here.
    let first = reference.split('/').next().unwrap_or_default();
    if first.contains(':')
        || reference
            .split('/')
            .any(|segment| matches!(segment, "." | ".."))
    {
        return None;
    }
    let directory = path.rfind('/').map_or("/", |slash| &path[..=slash]);
    Some(format!("{directory}{reference}"))
}
