//! What a request means for the trial of a release: how its end counts, and what a cache may keep
//! of its answer.

use std::time::Duration;

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::problem::Code;
use crate::bff::trial::{Turn, varies};
use crate::canary::{Failed, Outcome as Counted};
use crate::config::ClientKey;
use crate::telemetry::metrics::Outcome;

/// Records the end of a request. What the host or the client alone is the cause of does not count.
pub(super) fn record(turn: &Turn, outcome: Outcome, took: Duration, cpu: Duration, id: &str) {
    let failed = match outcome {
        Outcome::Answered(500..) => Some(Failed::Error),
        Outcome::Answered(_) | Outcome::ClientGone => None,
        Outcome::Failed(code) => match failure(code) {
            Some(failed) => Some(failed),
            None => return,
        },
    };
    let counted = Counted {
        failed,
        time: took,
        cpu,
        is_gone: matches!(outcome, Outcome::ClientGone),
    };
    turn.ended(&counted, id);
}

/// What a code says of the guest, if it says anything.
fn failure(code: &str) -> Option<Failed> {
    let is = |codes: &[Code]| codes.iter().any(|it| it.as_str() == code);
    if is(&[Code::BffTrap]) {
        return Some(Failed::Trap);
    }
    let of_guest = [
        Code::BffCpuLimit,
        Code::BffMemoryLimit,
        Code::BffTableLimit,
        Code::BffHostLimit,
        Code::BffIllegalResponse,
        Code::BffResponseTooLarge,
        Code::BffDeadline,
    ];
    is(&of_guest).then_some(Failed::Error)
}

/// Keeps caches that many clients share from keeping an answer: they do not know that it depends on
/// who asks. An answer that says what it depends on may be kept, unless that is the request alone:
/// the next one without a key may get the other version.
pub(super) fn make_private(headers: &mut HeaderMap, key: &ClientKey, has_key: bool) {
    if has_key && varies(key, headers) {
        return;
    }
    remove_targeted(headers);
    let before = headers.get_all(CACHE_CONTROL).iter();
    let before: Vec<&str> = before.filter_map(|it| it.to_str().ok()).collect();
    let before = before.join(",");
    let name = |directive: &str| {
        let name = directive
            .split_once('=')
            .map_or(directive, |(name, _)| name);
        name.trim().to_ascii_lowercase()
    };
    let mut kept = Vec::new();
    for directive in directives(&before) {
        match &*name(directive) {
            "private" | "no-store" if !directive.contains('=') => return,
            "public" | "private" | "s-maxage" | "proxy-revalidate" => {}
            _ => kept.push(directive),
        }
    }
    kept.push("private");
    // They were legal, each for itself.
    if let Ok(field) = HeaderValue::try_from(kept.join(", ")) {
        headers.insert(CACHE_CONTROL, field);
    }
}

/// Removes fields that some shared caches take over `cache-control`.
pub(super) fn remove_targeted(headers: &mut HeaderMap) {
    let targeted: Vec<HeaderName> = headers
        .keys()
        .filter(|it| is_targeted(it))
        .cloned()
        .collect();
    for name in targeted {
        headers.remove(name);
    }
}

/// Whether some shared caches take a field over `cache-control`: one of RFC 9213, of which each
/// cache may have its own, or an older one of the kind.
fn is_targeted(name: &HeaderName) -> bool {
    const OLDER: [&str; 3] = ["surrogate-control", "edge-control", "x-accel-expires"];
    name.as_str().ends_with("-cache-control") || OLDER.contains(&name.as_str())
}

/// The directives of a field. A comma within quotes is part of one.
fn directives(field: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let parts = field.split(move |c| {
        is_quoted ^= c == '"';
        c == ',' && !is_quoted
    });
    parts.map(str::trim).filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields of an answer with these, whose request had a key or none.
    fn after(fields: &[(&'static str, &'static str)], has_key: bool) -> Vec<(String, String)> {
        let fields = fields.iter();
        let fields = fields.map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let mut headers: HeaderMap = fields.collect();
        let key = ClientKey::Header(HeaderName::from_static("x-device"));
        make_private(&mut headers, &key, has_key);
        let text = |it: &HeaderValue| it.to_str().expect("it is text").to_owned();
        let fields = headers.iter();
        fields
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect()
    }

    #[test]
    fn no_shared_cache_keeps_an_answer_that_depends_on_the_client() {
        for (before, expected) in [
            (None, "private"),
            (Some("public, max-age=60"), "max-age=60, private"),
            (Some("max-age=60, s-maxage=600"), "max-age=60, private"),
            (Some("max-age=60, private"), "max-age=60, private"),
            (Some("no-store"), "no-store"),
            (Some("private=\"x, y\", Public"), "private"),
            (Some("ext=\"a, public\""), "ext=\"a, public\", private"),
        ] {
            let fields: Vec<_> = before.map(|it| ("cache-control", it)).into_iter().collect();
            let expected = [("cache-control".to_owned(), expected.to_owned())];
            assert_eq!(after(&fields, true), expected, "{before:?}");
        }
    }

    #[test]
    fn an_answer_that_names_what_it_depends_on_is_kept_unless_that_is_the_request_alone() {
        let fields = [
            ("vary", "accept, x-device"),
            ("cache-control", "public"),
            ("cdn-cache-control", "max-age=60"),
        ];
        let whole = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(after(&fields, true), whole);
        let private = [
            whole[0].clone(),
            ("cache-control".to_owned(), "private".to_owned()),
        ];
        assert_eq!(after(&fields, false), private);
    }

    #[test]
    fn no_field_for_some_caches_alone_says_otherwise() {
        for name in [
            "cdn-cache-control",
            "vercel-cdn-cache-control",
            "surrogate-control",
            "edge-control",
            "x-accel-expires",
        ] {
            let fields = [("cache-control", "no-store"), (name, "max-age=600")];
            let left = [("cache-control".to_owned(), "no-store".to_owned())];
            assert_eq!(after(&fields, true), left, "{name}");
        }
    }

    #[test]
    fn only_what_the_guest_is_the_cause_of_is_its_failure() {
        let of_guest: Vec<&str> = Code::ALL
            .into_iter()
            .map(Code::as_str)
            .filter(|code| failure(code).is_some())
            .collect();
        assert_eq!(
            of_guest,
            [
                "bff-cpu-limit",
                "bff-memory-limit",
                "bff-table-limit",
                "bff-host-limit",
                "bff-trap",
                "bff-illegal-response",
                "bff-response-too-large",
                "bff-deadline",
            ]
        );
    }
}
