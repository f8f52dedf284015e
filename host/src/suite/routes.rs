//! The routes of a BFF, as it tells them itself: the host knows none. A BFF that is made with a kit
//! answers `OPTIONS *`, which asks about a server as a whole (RFC 9110 section 9.3.7), with their
//! list. No client learns it: the host answers such a request by itself.

use http::StatusCode;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use thiserror::Error;

use crate::bff::response::CheckedResponse;
use crate::text::cut;

/// The target that is asked for, with OPTIONS.
pub(super) const TARGET: &str = "*";
/// Routes that are listed.
const MAX_ROUTES: usize = 1000;
/// Length of a pattern, bytes.
const MAX_PATTERN: usize = 1000;
/// The methods that a route may have. GET serves HEAD, too.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A list that a BFF gave is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RoutesError {
    /// It is no list of texts.
    #[error("the answer to `OPTIONS *`: `routes` is no list of texts: {0}")]
    NoList(String),
    /// It has very many.
    #[error("the answer to `OPTIONS *`: {0} routes, more than {MAX_ROUTES}")]
    TooMany(usize),
    /// One is no method and pattern.
    #[error(
        "the answer to `OPTIONS *`: routes[{index}]: {text:?} is no route; it is a method, a space \
         and a pattern, such as \"GET /users/{{user}}\""
    )]
    NoRoute {
        /// Its place.
        index: usize,
        /// As it is.
        text: String,
    },
}

/// The routes of a BFF in its order: the first that fits a request answers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes(Vec<Route>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    method: String,
    pattern: String,
}

impl Routes {
    /// Those of an answer to `OPTIONS *`. None, where it has no list: the BFF was made otherwise.
    ///
    /// # Errors
    ///
    /// When the list is none.
    pub(super) fn of(answer: &CheckedResponse) -> Result<Self, RoutesError> {
        #[derive(Deserialize)]
        struct Listed {
            routes: serde_json::Value,
        }
        let media = answer.headers.get(CONTENT_TYPE);
        let is_json = media.is_some_and(|it| it.as_bytes().starts_with(b"application/json"));
        if answer.status != StatusCode::OK || !is_json {
            return Ok(Self::default());
        }
        let Ok(listed) = serde_json::from_slice::<Listed>(&answer.body) else {
            return Ok(Self::default());
        };
        let texts: Vec<String> = serde_json::from_value(listed.routes)
            .map_err(|error| RoutesError::NoList(cut(&error.to_string())))?;
        if texts.len() > MAX_ROUTES {
            return Err(RoutesError::TooMany(texts.len()));
        }
        let routes = texts.iter().enumerate().map(|(index, text)| {
            Route::read(text).ok_or_else(|| RoutesError::NoRoute {
                index,
                text: cut(text),
            })
        });
        Ok(Self(routes.collect::<Result<_, _>>()?))
    }

    /// Their names: `GET /users/{user}`.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let routes = self.0.iter();
        routes.map(|route| format!("{} {}", route.method, route.pattern))
    }

    /// The name of the route that answers a request.
    pub(super) fn route(&self, method: &str, path: &str) -> Option<String> {
        let path = segments(path)?;
        let method = served_by(method);
        let mut routes = self.0.iter();
        let route = routes.find(|route| route.method == method && route.fits(&path))?;
        Some(format!("{method} {}", route.pattern))
    }

    /// What requests like this one are told by: the route, or where none has the method the pattern
    /// of the path. Else the path with `*` for each segment that has a digit.
    pub(super) fn name(&self, method: &str, path: &str) -> String {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let known = self.known(method, path);
        known.unwrap_or_else(|| format!("{method} {}", shape(path)))
    }

    /// The name by a route, of this or another method.
    fn known(&self, method: &str, path: &str) -> Option<String> {
        self.route(method, path).or_else(|| {
            let path = segments(path)?;
            let route = self.0.iter().find(|route| route.fits(&path))?;
            Some(format!("{method} {}", route.pattern))
        })
    }

    /// The name of requests that were told by a path of theirs, or by a route of an earlier list.
    /// The old one where no route fits.
    pub(super) fn renamed(&self, name: &str) -> String {
        let route = name.split_once(' ');
        let route = route.and_then(|(method, path)| self.known(method, path));
        route.unwrap_or_else(|| name.to_owned())
    }
}

impl Route {
    fn read(text: &str) -> Option<Self> {
        let (method, pattern) = text.split_once(' ')?;
        let is_pattern = pattern.starts_with('/')
            && pattern.len() <= MAX_PATTERN
            && !pattern.contains(|character: char| {
                character.is_control() || character.is_whitespace() || "?#".contains(character)
            });
        (is_pattern && METHODS.contains(&method)).then(|| Self {
            method: method.to_owned(),
            pattern: pattern.to_owned(),
        })
    }

    /// Whether it has this path, by the rule of the kits.
    fn fits(&self, path: &[String]) -> bool {
        let own: Vec<&str> = self.pattern.split('/').collect();
        let mut both = own.iter().zip(path);
        own.len() == path.len()
            && both.all(|(own, segment)| match is_name(own) {
                true => !matches!(segment.as_str(), "" | "." | ".."),
                false => own == segment,
            })
    }
}

/// Whether a segment of a pattern takes any one of a path.
fn is_name(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

/// The method of the routes that answer one.
fn served_by(method: &str) -> &str {
    match method {
        "HEAD" => "GET",
        method => method,
    }
}

/// The segments of a path without its query, decoded. None where one is no text.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let decoded = |segment| percent_decode_str(segment).decode_utf8().ok();
    path.split('/')
        .map(|segment| Some(decoded(segment)?.into_owned()))
        .collect()
}

/// A path with `*` for each segment that has a digit.
fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        let is_value = segment.contains(|character: char| character.is_ascii_digit());
        if is_value && segment.len() > 2 {
            "*"
        } else {
            segment
        }
    });
    cut(&segments.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};
    use serde_json::{Value, json};

    use super::*;

    fn answer(body: &Value) -> CheckedResponse {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        CheckedResponse {
            status: StatusCode::OK,
            headers,
            body: Bytes::from(body.to_string()),
        }
    }

    fn routes(list: &[&str]) -> Routes {
        Routes::of(&answer(&json!({"routes": list}))).unwrap()
    }

    #[test]
    fn a_request_is_of_the_first_route_that_fits() {
        let routes = routes(&[
            "GET /users/me",
            "GET /users/{user}",
            "POST /users/{user}",
            "GET /{a}/{b}",
            "GET /",
        ]);
        for (method, path, route) in [
            ("GET", "/users/me", Some("GET /users/me")),
            ("GET", "/users/%6De", Some("GET /users/me")),
            ("GET", "/users/ada?date=1", Some("GET /users/{user}")),
            ("HEAD", "/users/a%2Fb", Some("GET /users/{user}")),
            ("POST", "/users/me", Some("POST /users/{user}")),
            ("GET", "/", Some("GET /")),
            ("GET", "/users/..", None),
            ("GET", "/users/", None),
            ("GET", "/users/%ff", None),
            ("DELETE", "/users/ada", None),
        ] {
            assert_eq!(
                routes.route(method, path).as_deref(),
                route,
                "{method} {path}"
            );
        }
        assert_eq!(routes.name("DELETE", "/x/y?z"), "DELETE /{a}/{b}");
        assert_eq!(routes.name("GET", "/x/y2z/1"), "GET /x/*/1");
        assert_eq!(routes.name("GET", "/v1/users/u-42"), "GET /v1/users/*");
        assert_eq!(routes.renamed("GET /users/ada"), "GET /users/{user}");
        assert_eq!(routes.renamed("GET /users/{user}"), "GET /users/{user}");
        assert_eq!(routes.renamed("PUT /{a1}/b/c"), "PUT /{a1}/b/c");
    }

    #[test]
    fn without_routes_a_request_is_told_without_its_values() {
        for (path, wanted) in [
            ("/ada?date=2026-01-15", "GET /ada"),
            ("/v1/users/u-42/days/2026-01-15", "GET /v1/users/*/days/*"),
            ("/", "GET /"),
        ] {
            assert_eq!(Routes::default().name("GET", path), wanted);
        }
    }

    #[test]
    fn an_answer_without_a_list_has_no_routes_and_a_bad_list_is_told() {
        for body in [json!({}), json!([]), json!({"steps": 1}), json!("routes")] {
            assert_eq!(Routes::of(&answer(&body)).unwrap(), Routes::default());
        }
        let mut missing = answer(&json!({"routes": [1]}));
        missing.status = StatusCode::NOT_FOUND;
        assert_eq!(Routes::of(&missing).unwrap(), Routes::default());
        let many = vec!["GET /"; MAX_ROUTES + 1];
        let long = format!("GET /{}", "x".repeat(MAX_PATTERN));
        for (list, told) in [
            (json!(7), "no list of texts"),
            (json!([7]), "no list of texts"),
            (json!(many), "1001 routes, more than 1000"),
            (json!(["GET /", "GET users"]), "routes[1]: \"GET users\""),
            (json!(["get /"]), "is no route"),
            (json!(["GET /a b"]), "is no route"),
            (json!(["GET /\n"]), "is no route"),
            (json!([long]), "is no route"),
        ] {
            let error = Routes::of(&answer(&json!({"routes": list}))).unwrap_err();
            assert!(error.to_string().contains(told), "{error}");
        }
    }
}
