//! Which operation a request means.

use http::{HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::problem::V1Problem;
use crate::releases::Scope;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Openapi,
    Events,
    Audit,
    Tokens,
    CreateToken,
    Exchange,
    RevokeToken,
    AllBffs,
    Bff,
    HasComponent,
    PutComponent,
    Begin,
    Rollback,
    Promote,
    Abort,
    Hold,
    BeginShadow,
    Shadow,
    EndShadow,
    List,
    Difference,
    Get,
    Preview,
    Previews,
    EndPreview,
}

/// What a caller needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing but to be known.
    Nothing,
    /// Nothing, not even that: the order has its own proof.
    Proof,
    /// This scope.
    Scope(Scope),
    /// To be the operator.
    Operator,
}

/// One operation of the interface.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) method: Method,
    /// `{}` in it is any one segment. That of `{bff}` is one that the caller has to know of.
    pub(super) pattern: &'static str,
    pub(super) operation: Operation,
    pub(super) need: Need,
}

const fn route(method: Method, pattern: &'static str, operation: Operation, need: Need) -> Route {
    Route {
        method,
        pattern,
        operation,
        need,
    }
}

const READ: Need = Need::Scope(Scope::Read);

/// All operations.
#[rustfmt::skip]
pub(super) static ROUTES: [Route; 25] = [
    route(Method::GET, "/v1/openapi.json", Operation::Openapi, Need::Nothing),
    route(Method::GET, "/v1/events", Operation::Events, READ),
    route(Method::GET, "/v1/audit", Operation::Audit, Need::Operator),
    route(Method::GET, "/v1/tokens", Operation::Tokens, Need::Operator),
    route(Method::POST, "/v1/tokens", Operation::CreateToken, Need::Operator),
    route(Method::POST, "/v1/tokens/exchange", Operation::Exchange, Need::Proof),
    route(Method::DELETE, "/v1/tokens/{id}", Operation::RevokeToken, Need::Operator),
    route(Method::HEAD, "/v1/components/{sha256}", Operation::HasComponent, Need::Scope(Scope::Upload)),
    route(Method::PUT, "/v1/components/{sha256}", Operation::PutComponent, Need::Scope(Scope::Upload)),
    route(Method::GET, "/v1/bffs", Operation::AllBffs, READ),
    route(Method::GET, "/v1/bffs/{bff}", Operation::Bff, READ),
    route(Method::GET, "/v1/bffs/{bff}/diff", Operation::Difference, READ),
    route(Method::GET, "/v1/bffs/{bff}/releases", Operation::List, READ),
    route(Method::POST, "/v1/bffs/{bff}/releases", Operation::Begin, Need::Scope(Scope::Release)),
    route(Method::GET, "/v1/bffs/{bff}/releases/{number}", Operation::Get, READ),
    route(Method::POST, "/v1/bffs/{bff}/rollback", Operation::Rollback, Need::Scope(Scope::Rollback)),
    route(Method::POST, "/v1/bffs/{bff}/promote", Operation::Promote, Need::Scope(Scope::Promote)),
    route(Method::POST, "/v1/bffs/{bff}/abort", Operation::Abort, Need::Scope(Scope::Rollback)),
    route(Method::GET, "/v1/bffs/{bff}/previews", Operation::Previews, READ),
    route(Method::POST, "/v1/bffs/{bff}/previews", Operation::Preview, Need::Scope(Scope::Preview)),
    route(Method::DELETE, "/v1/bffs/{bff}/previews/{name}", Operation::EndPreview, Need::Scope(Scope::Preview)),
    route(Method::POST, "/v1/bffs/{bff}/hold", Operation::Hold, Need::Scope(Scope::Promote)),
    route(Method::GET, "/v1/bffs/{bff}/shadow", Operation::Shadow, READ),
    route(Method::POST, "/v1/bffs/{bff}/shadow", Operation::BeginShadow, Need::Scope(Scope::Release)),
    route(Method::DELETE, "/v1/bffs/{bff}/shadow", Operation::EndShadow, Need::Scope(Scope::Release)),
];

impl Route {
    /// The BFF that it is about.
    pub(super) fn bff<'a>(&self, names: &'a [String; 2]) -> Option<&'a str> {
        let is_of_bff = self.pattern.contains("/{bff}");
        is_of_bff.then(|| names[0].as_str())
    }

    /// Whether it changes something.
    pub(super) fn is_act(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// The operation of a request, and the names in its path.
///
/// # Errors
///
/// 404 for a path that none has, 405 for another method.
pub(super) fn find(
    method: &Method,
    path: &str,
) -> Result<(&'static Route, [String; 2]), V1Problem> {
    let fits = ROUTES.iter();
    let fits = fits.filter_map(|route| Some((route, names(route.pattern, path)?)));
    let mut fits: Vec<_> = fits.collect();
    // Of a fixed path, a pattern that it fits as well says nothing.
    let nearest = fits.iter().map(|(route, _)| rank(route.pattern)).max();
    fits.retain(|(route, _)| Some(rank(route.pattern)) == nearest);
    let found = fits.iter().find(|(route, _)| route.method == method);
    if let Some((route, names)) = found {
        return Ok((route, names.clone()));
    }
    if fits.is_empty() {
        let (what, fix) = ("there is no such path", "look at /v1/openapi.json");
        return Err(V1Problem::new(StatusCode::NOT_FOUND, "path", what, fix));
    }
    let methods: Vec<&str> = fits
        .iter()
        .map(|(route, _)| route.method.as_str())
        .collect();
    let methods = methods.join(", ");
    let what = format!("here are {methods}");
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Err(V1Problem {
        allow: HeaderValue::try_from(methods).ok(),
        ..V1Problem::new(status, "method", what, "send one of these")
    })
}

/// Of two patterns that a path fits, the greater one is meant: where they part first, its segment
/// is a fixed one.
fn rank(pattern: &str) -> Vec<bool> {
    let segments = pattern.split('/');
    segments.map(|segment| !segment.starts_with('{')).collect()
}

/// What stands for the names in a pattern. `None` for another path.
fn names(pattern: &str, path: &str) -> Option<[String; 2]> {
    let mut names = [String::new(), String::new()];
    let mut next = names.iter_mut();
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return Some(names),
            (Some(wanted), Some(found)) if wanted.starts_with('{') => {
                let found = percent_decode_str(found).decode_utf8().ok()?;
                if found.is_empty() {
                    return None;
                }
                *next.next()? = found.into_owned();
            }
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_has_each_operation_and_no_other() {
        let document: Value = serde_json::from_str(super::super::OPENAPI).unwrap();
        assert_eq!(document["openapi"], "3.1.0");
        let mut told = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (key, operation) in item.as_object().unwrap() {
                if key == "parameters" {
                    continue;
                }
                told.insert(format!("{} {path}", key.to_uppercase()));
                let answers = operation["responses"].as_object().unwrap();
                assert!(!answers.is_empty(), "{key} {path}");
            }
            for name in path.split('/').filter_map(|it| it.strip_prefix('{')) {
                let name = name.trim_end_matches('}');
                let parameters = item["parameters"].as_array().unwrap();
                assert!(parameters.iter().any(|it| it["name"] == name), "{path}");
            }
        }
        let there = ROUTES
            .iter()
            .map(|it| format!("{} {}", it.method, it.pattern));
        assert_eq!(told, there.collect());
    }

    #[test]
    fn each_path_lists_its_own_methods() {
        let mut methods = BTreeMap::<&str, BTreeSet<&str>>::new();
        for route in &ROUTES {
            let of_path = methods.entry(route.pattern).or_default();
            of_path.insert(route.method.as_str());
        }
        for (pattern, methods) in methods {
            // As a caller writes it; none of the names is a fixed part of another path.
            let segments = pattern.split('/');
            let path = segments.map(|it| if it.starts_with('{') { "x" } else { it });
            let path = path.collect::<Vec<_>>().join("/");
            for method in [
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
                Method::OPTIONS,
            ] {
                let found = find(&method, &path);
                if methods.contains(method.as_str()) {
                    let (route, _) = found.unwrap();
                    assert_eq!((route.pattern, &route.method), (pattern, &method));
                    continue;
                }
                let refused = found.unwrap_err();
                assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
                let allow = refused.allow.unwrap();
                let allow: BTreeSet<&str> = allow.to_str().unwrap().split(", ").collect();
                assert_eq!(allow, methods, "{method} {path}");
            }
        }
    }

    #[test]
    fn a_path_means_one_operation_or_none() {
        let found = |method: Method, path: &str| {
            let found = find(&method, path);
            found
                .map(|(route, names)| (route.operation, names))
                .map_err(|it| it.status)
        };
        let names = ["watch".to_owned(), "7".to_owned()];
        let got = found(Method::GET, "/v1/bffs/w%61tch/releases/7");
        assert_eq!(got, Ok((Operation::Get, names)));
        for path in [
            "/v1/",
            "/v1/bffs//releases",
            "/v1/bffs/watch/releases/",
            "/v1/bffs/%ff/rollback",
        ] {
            assert_eq!(
                found(Method::GET, path),
                Err(StatusCode::NOT_FOUND),
                "{path}"
            );
        }
        // A fixed path is not one of the names that a pattern has in its place.
        let got = found(Method::DELETE, "/v1/tokens/exchange");
        assert_eq!(got, Err(StatusCode::METHOD_NOT_ALLOWED));
        let refused = find(&Method::DELETE, "/v1/bffs/watch/releases").unwrap_err();
        assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(refused.allow.unwrap(), "GET, POST");
    }
}
