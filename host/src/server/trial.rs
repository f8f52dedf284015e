//! What a request means for the trial of a release: how its end counts, and what a cache may keep
//! of its answer.

use std::time::Duration;

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue};

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
/// who asks. An answer that says what it depends on may be kept.
pub(super) fn make_private(headers: &mut HeaderMap, key: &ClientKey) {
    if varies(key, headers) {
        return;
    }
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
    use http::HeaderName;
    use http::header::VARY;

    use super::*;

    fn after(before: Option<&'static str>, vary: Option<&'static str>) -> Option<String> {
        let mut headers = HeaderMap::new();
        if let Some(before) = before {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(before));
        }
        if let Some(vary) = vary {
            headers.insert(VARY, HeaderValue::from_static(vary));
        }
        let key = ClientKey::Header(HeaderName::from_static("x-device"));
        make_private(&mut headers, &key);
        let field = headers.get(CACHE_CONTROL)?;
        field.to_str().ok().map(str::to_owned)
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
            assert_eq!(after(before, None).as_deref(), Some(expected), "{before:?}");
        }
        let kept = after(Some("public"), Some("accept, x-device"));
        assert_eq!(kept.as_deref(), Some("public"));
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
