//! Which calls the operator's pattern matches.

use http::Method;

use crate::config::{CallPattern, Segment};

/// Whether a pattern covers a call. `path` is the BFF's own: without the service's prefix and
/// without a query.
///
/// `*` is one segment that is not empty, because a server that merges slashes reads `/users//days`
/// as `/users/days`.
pub fn matches(pattern: &CallPattern, method: &Method, path: &str) -> bool {
    pattern.fits_method(method) && matches_path(&pattern.segments, path)
}

fn matches_path(segments: &[Segment], path: &str) -> bool {
    let Some(path) = path.strip_prefix('/') else {
        return false;
    };
    if path.is_empty() {
        return match segments {
            [] | [Segment::Rest] => true,
            [Segment::Text(text)] => text.is_empty(),
            _ => false,
        };
    }
    let mut given = path.split('/');
    for segment in segments {
        let fits = match (segment, given.next()) {
            (Segment::Rest, _) => return true,
            (_, None) => false,
            (Segment::Text(text), Some(given)) => text == given,
            (Segment::One, Some(given)) => !given.is_empty(),
        };
        if !fits {
            return false;
        }
    }
    given.next().is_none()
}
