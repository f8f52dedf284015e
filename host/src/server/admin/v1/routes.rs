//! Which operation a request means.

use http::{HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::problem::V1Problem;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Openapi,
    HasComponent,
    PutComponent,
    Begin,
    Rollback,
    List,
    Get,
}

/// All operations: method, pattern of the path, what is done. `{}` in a pattern is any one segment.
pub(super) const ROUTES: [(Method, &str, Operation); 7] = [
    (Method::GET, "/v1/openapi.json", Operation::Openapi),
    (
        Method::HEAD,
        "/v1/components/{sha256}",
        Operation::HasComponent,
    ),
    (
        Method::PUT,
        "/v1/components/{sha256}",
        Operation::PutComponent,
    ),
    (Method::GET, "/v1/bffs/{bff}/releases", Operation::List),
    (Method::POST, "/v1/bffs/{bff}/releases", Operation::Begin),
    (
        Method::GET,
        "/v1/bffs/{bff}/releases/{number}",
        Operation::Get,
    ),
    (Method::POST, "/v1/bffs/{bff}/rollback", Operation::Rollback),
];

/// The operation of a request, and the names in its path.
///
/// # Errors
///
/// 404 for a path that none has, 405 for another method.
pub(super) fn find(method: &Method, path: &str) -> Result<(Operation, [String; 2]), V1Problem> {
    let fits = ROUTES.iter().filter_map(|(method, pattern, operation)| {
        Some((method, *operation, names(pattern, path)?))
    });
    let fits: Vec<_> = fits.collect();
    let found = fits.iter().find(|(other, ..)| *other == method);
    if let Some((_, operation, names)) = found {
        return Ok((*operation, names.clone()));
    }
    if fits.is_empty() {
        return Err(V1Problem {
            status: StatusCode::NOT_FOUND,
            step: "path",
            reason: "there is no such path".to_owned(),
            fix: "look at /v1/openapi.json".to_owned(),
            allow: None,
        });
    }
    let methods: Vec<&str> = fits.iter().map(|(method, ..)| method.as_str()).collect();
    let methods = methods.join(", ");
    Err(V1Problem {
        status: StatusCode::METHOD_NOT_ALLOWED,
        step: "method",
        reason: format!("here are {methods}"),
        fix: "send one of these".to_owned(),
        allow: HeaderValue::try_from(methods).ok(),
    })
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
    use std::collections::BTreeSet;

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
        let there = ROUTES.map(|(method, path, _)| format!("{method} {path}"));
        assert_eq!(told, BTreeSet::from(there));
    }

    #[test]
    fn a_path_means_one_operation_or_none() {
        let found = |method: Method, path: &str| find(&method, path).map_err(|it| it.status);
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
        let refused = find(&Method::DELETE, "/v1/bffs/watch/releases").unwrap_err();
        assert_eq!(refused.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(refused.allow.unwrap(), "GET, POST");
    }
}
