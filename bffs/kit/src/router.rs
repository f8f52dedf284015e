//! Which function answers which method and path.

use serde::Serialize;

use crate::{Method, Problem, Request, Response, percent};

/// A function that answers the requests of one route.
pub type RouteHandler = fn(&Request, &Params) -> Result<Response, Problem>;

/// The parameters of a path, decoded: `ada` for `{user}`.
#[derive(Debug)]
pub struct Params(Vec<(&'static str, String)>);

impl Params {
    /// The value of `{name}` in the route's pattern. It is never empty, `.` or `..`.
    ///
    /// # Panics
    ///
    /// When the pattern has no such parameter: a slip of the author that the route's first test
    /// shows.
    #[track_caller]
    pub fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
            .expect("the pattern of the route has a parameter of this name")
    }
}

/// The routes of a BFF. The first whose method and path match answers.
///
/// GET routes answer HEAD too, with a body that the host leaves out. OPTIONS is answered with the
/// methods of the path, and for `*` with the list of all routes, which `tailor test` asks for and no
/// client can. A path that no route has is 404; a method that the path's routes do not have is 405.
#[derive(Default)]
pub struct Router {
    routes: Vec<(Method, &'static str, RouteHandler)>,
}

impl Router {
    /// A router without routes.
    pub fn new() -> Router {
        Router::default()
    }

    /// Adds a route for a method. A pattern is `/` or segments such as `/users/{user}/days`: a
    /// segment in braces matches any one segment of the path and gives it a name.
    pub fn route(mut self, method: Method, pattern: &'static str, handler: RouteHandler) -> Router {
        self.routes.push((method, pattern, handler));
        self
    }

    /// [`Router::route`] with GET.
    pub fn get(self, pattern: &'static str, handler: RouteHandler) -> Router {
        self.route(Method::Get, pattern, handler)
    }

    /// [`Router::route`] with POST.
    pub fn post(self, pattern: &'static str, handler: RouteHandler) -> Router {
        self.route(Method::Post, pattern, handler)
    }

    /// [`Router::route`] with PUT.
    pub fn put(self, pattern: &'static str, handler: RouteHandler) -> Router {
        self.route(Method::Put, pattern, handler)
    }

    /// [`Router::route`] with PATCH.
    pub fn patch(self, pattern: &'static str, handler: RouteHandler) -> Router {
        self.route(Method::Patch, pattern, handler)
    }

    /// [`Router::route`] with DELETE.
    pub fn delete(self, pattern: &'static str, handler: RouteHandler) -> Router {
        self.route(Method::Delete, pattern, handler)
    }

    /// Answers a request. A problem becomes an answer that carries the request's id.
    pub fn answer(&self, request: &Request) -> Response {
        self.find(request)
            .unwrap_or_else(|problem| problem.into_response(&request.id))
    }

    fn find(&self, request: &Request) -> Result<Response, Problem> {
        if request.method == Method::Options && request.path == "*" {
            return self.listed();
        }
        let Some(path) = segments(&request.path) else {
            return Err(Problem::new(400, "path is not percent-encoded UTF-8"));
        };
        let method = match request.method {
            Method::Head => Method::Get,
            method => method,
        };
        let mut allowed = Vec::new();
        for (known, pattern, handler) in &self.routes {
            let Some(params) = matched(pattern, &path) else {
                continue;
            };
            if *known == method {
                return handler(request, &params);
            }
            allowed.push(*known);
        }
        if allowed.is_empty() {
            return Err(Problem::not_found("there is nothing at this path"));
        }
        let allow = allow(&allowed);
        if method == Method::Options {
            return Ok(Response::empty(204).header("allow", &allow));
        }
        Err(Problem::new(405, format!("this path answers {allow}")).header("allow", &allow))
    }

    fn listed(&self) -> Result<Response, Problem> {
        let routes = self.routes.iter();
        let methods: Vec<Method> = routes.clone().map(|(method, ..)| *method).collect();
        let routes = routes.map(|(method, pattern, _)| {
            let segments: Vec<&str> = own_segments(pattern).collect();
            format!("{} /{}", name(*method), segments.join("/"))
        });
        let listed = Listed {
            routes: routes.collect(),
        };
        Ok(Response::json(&listed)?.header("allow", &allow(&methods)))
    }
}

/// What `tailor test` is answered, which asks for the routes. No request of a client has this path.
#[derive(Serialize)]
struct Listed {
    routes: Vec<String>,
}

/// The decoded segments of a path; `/` has none.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/').unwrap_or(path);
    if path.is_empty() {
        return Some(Vec::new());
    }
    path.split('/').map(percent::decode).collect()
}

fn own_segments(pattern: &'static str) -> impl Iterator<Item = &'static str> + Clone {
    pattern.split('/').filter(|segment| !segment.is_empty())
}

fn matched(pattern: &'static str, path: &[String]) -> Option<Params> {
    let pattern = own_segments(pattern);
    if pattern.clone().count() != path.len() {
        return None;
    }
    let mut params = Vec::new();
    for (expected, segment) in pattern.zip(path) {
        match expected
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
        {
            // These could not be passed on in the path of a call, and no thing has such a name.
            Some(_) if matches!(segment.as_str(), "" | "." | "..") => return None,
            Some(name) => params.push((name, segment.clone())),
            None if expected == segment => {}
            None => return None,
        }
    }
    Some(Params(params))
}

/// The value of `allow`, in the order of the routes.
fn allow(methods: &[Method]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for method in methods {
        let name = match method {
            Method::Get => "GET, HEAD",
            method => name(*method),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if !names.contains(&"OPTIONS") {
        names.push("OPTIONS");
    }
    names.join(", ")
}

fn name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
        Method::Options => "OPTIONS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{body_json, get, header};

    fn echo(request: &Request, params: &Params) -> Result<Response, Problem> {
        assert!(request.path.starts_with('/'));
        Response::json(&params.0)
    }

    fn answer(method: Method, path: &str) -> Response {
        let mut request = get(path);
        request.method = method;
        Router::new()
            .get("/", echo)
            .get("/users/me", |_, _| Ok(Response::text("text/plain", "me")))
            .get("/users/{user}", echo)
            .post("/users/{user}", echo)
            .get("/users/{user}/days/{date}", echo)
            .answer(&request)
    }

    #[test]
    fn parameters_are_decoded_and_the_first_route_wins() {
        let body = |path| body_json(&answer(Method::Get, path)).unwrap_or_default();
        assert_eq!(body("/"), serde_json::json!([]));
        assert_eq!(
            body("/users/a%2Fb%20c"),
            serde_json::json!([["user", "a/b c"]])
        );
        assert_eq!(
            body("/users/ada/days/2026-01-15"),
            serde_json::json!([["user", "ada"], ["date", "2026-01-15"]])
        );
        assert_eq!(
            header(&answer(Method::Get, "/users/me"), "content-type"),
            Some("text/plain")
        );
        assert_eq!(answer(Method::Head, "/users/ada").status, 200);
    }

    #[test]
    fn other_paths_are_not_found() {
        for path in [
            "/users",
            "/users/",
            "/users//days/x",
            "/users/%2e%2E",
            "/users/.",
            "/x/y",
            "/users/ada/",
        ] {
            let response = answer(Method::Get, path);
            assert_eq!(response.status, 404, "{path}");
            assert_eq!(body_json(&response).unwrap()["request_id"], get("/").id);
        }
        assert_eq!(answer(Method::Get, "/users/%ff").status, 400);
    }

    #[test]
    fn the_routes_are_listed_for_who_asks_about_all() {
        let response = answer(Method::Options, "*");
        let routes = [
            "GET /",
            "GET /users/me",
            "GET /users/{user}",
            "POST /users/{user}",
            "GET /users/{user}/days/{date}",
        ];
        assert_eq!(
            body_json(&response).unwrap(),
            serde_json::json!({"routes": routes})
        );
        assert_eq!(header(&response, "allow"), Some("GET, HEAD, POST, OPTIONS"));
    }

    #[test]
    fn other_methods_learn_which_are_allowed() {
        let response = answer(Method::Delete, "/users/ada");
        assert_eq!(response.status, 405);
        assert_eq!(header(&response, "allow"), Some("GET, HEAD, POST, OPTIONS"));
        let response = answer(Method::Options, "/");
        assert_eq!(
            (response.status, header(&response, "allow")),
            (204, Some("GET, HEAD, OPTIONS"))
        );
        assert_eq!(answer(Method::Options, "/nowhere").status, 404);
    }
}
