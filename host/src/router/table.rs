//! The table itself: hash by host, then by prefix, then the few header variants of that prefix.
//!
//! Prefixes are tried from the longest down along the request's own segment borders, beginning at
//! the length of the longest prefix in the table, so that a path of thousands of segments costs no
//! more than a short one.

use std::collections::HashMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::RouteMatch;
use crate::config::Route;

/// The methods that a client may use at all, in the order in which `allow` lists them.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// All routes of a configuration, ready for lookups. Immutable: a changed configuration makes a new
/// one.
#[derive(Debug)]
pub struct RouteTable {
    /// Routes with a host, by host.
    hosts: HashMap<Box<str>, Places>,
    /// Routes without a host.
    any_host: Places,
    /// The `allow` of `OPTIONS *`: what any of the routes serves.
    allow: HeaderValue,
}

/// The prefixes of one host.
#[derive(Debug, Default)]
struct Places {
    by_prefix: HashMap<Box<str>, Vec<Variant>>,
    /// Length of the longest prefix, bytes.
    longest: usize,
}

/// One route among those with the same host and prefix.
#[derive(Debug)]
struct Variant {
    index: usize,
    headers: Vec<(HeaderName, HeaderValue)>,
    methods: Vec<Method>,
    allow: HeaderValue,
}

impl RouteTable {
    /// Makes the table of a configuration's routes, which are checked: no two are equal in host,
    /// prefix and headers.
    #[must_use]
    pub fn new(routes: &[Route]) -> Self {
        let mut hosts = HashMap::<Box<str>, Places>::new();
        let mut any_host = Places::default();
        for (index, route) in routes.iter().enumerate() {
            let places = match &route.host {
                Some(host) => hosts.entry(host.as_str().into()).or_default(),
                None => &mut any_host,
            };
            places.add(index, route);
        }
        for places in hosts.values_mut().chain([&mut any_host]) {
            for variants in places.by_prefix.values_mut() {
                // Stable, so that of equals the first of the file stays first.
                variants.sort_by_key(|variant| std::cmp::Reverse(variant.headers.len()));
            }
        }
        let allow = allow(|method| routes.iter().any(|route| serves(&route.methods, method)));
        Self {
            hosts,
            any_host,
            allow,
        }
    }

    /// Finds what serves a request.
    ///
    /// `host` is in lower case and without a port, empty if the client named none; `path` begins
    /// with `/` and has no query, or is `*`; `headers` are the client's. Several fields of one name
    /// match when any of them does.
    #[must_use]
    pub fn find<'t, 'p>(
        &'t self,
        host: &str,
        path: &'p str,
        method: &Method,
        headers: &HeaderMap,
    ) -> RouteMatch<'t, 'p> {
        let named = self.hosts.get(host);
        if named.is_none() && self.any_host.by_prefix.is_empty() && !self.hosts.is_empty() {
            return RouteMatch::Misdirected;
        }
        if path == "*" {
            return RouteMatch::Options { allow: &self.allow };
        }
        let found = named
            .and_then(|places| places.find(path, headers))
            .or_else(|| self.any_host.find(path, headers));
        match found {
            Some((variant, rest)) => variant.serve(method, rest),
            None => RouteMatch::NotFound,
        }
    }

    /// Finds what serves a request among some of the routes, whatever their hosts: that with the
    /// longest path, and of several the one whose headers match, then the first of the file.
    ///
    /// `path` and `headers` as in [`Self::find`]; `is_among` says it of a route's index.
    #[must_use]
    pub fn find_among<'p>(
        &self,
        path: &'p str,
        method: &Method,
        headers: &HeaderMap,
        is_among: impl Fn(usize) -> bool,
    ) -> RouteMatch<'_, 'p> {
        if path == "*" {
            return RouteMatch::Options { allow: &self.allow };
        }
        let all = self.hosts.values().chain([&self.any_host]);
        let at = |end: usize| {
            let (prefix, rest) = split(path, end);
            let variants = all.clone();
            let variants = variants.filter_map(|places| places.by_prefix.get(prefix));
            let variants = variants.flatten().filter(|it| is_among(it.index));
            let best = variants.min_by_key(|it| {
                // A field that matches says more than none.
                let fields = std::cmp::Reverse(it.headers.len());
                let differs = !it.matches(headers);
                (!serves(&it.methods, method), differs, fields, it.index)
            })?;
            Some((best, rest))
        };
        let longest = all.clone().map(|places| places.longest).max();
        let found = borders(path, longest.unwrap_or(0)).find_map(at);
        match found {
            Some((variant, rest)) => variant.serve(method, rest),
            None => RouteMatch::NotFound,
        }
    }
}

impl Variant {
    fn serve<'t, 'p>(&'t self, method: &Method, rest: &'p str) -> RouteMatch<'t, 'p> {
        if serves(&self.methods, method) {
            RouteMatch::Route {
                index: self.index,
                rest,
            }
        } else if *method == Method::OPTIONS {
            RouteMatch::Options { allow: &self.allow }
        } else {
            RouteMatch::MethodNotAllowed { allow: &self.allow }
        }
    }
}

impl Places {
    fn add(&mut self, index: usize, route: &Route) {
        self.longest = self.longest.max(route.path.len());
        let variants = self
            .by_prefix
            .entry(route.path.as_str().into())
            .or_default();
        variants.push(Variant {
            index,
            headers: route.headers.clone(),
            methods: route.methods.clone(),
            allow: allow(|method| serves(&route.methods, method)),
        });
    }

    fn find<'p>(&self, path: &'p str, headers: &HeaderMap) -> Option<(&Variant, &'p str)> {
        borders(path, self.longest)
            .filter_map(|end| {
                let (prefix, rest) = split(path, end);
                Some((self.by_prefix.get(prefix)?, rest))
            })
            .find_map(|(variants, rest)| {
                let variant = variants.iter().find(|variant| variant.matches(headers))?;
                Some((variant, rest))
            })
    }
}

impl Variant {
    fn matches(&self, headers: &HeaderMap) -> bool {
        self.headers
            .iter()
            .all(|(name, value)| headers.get_all(name).iter().any(|sent| sent == value))
    }
}

/// The ends of a path's prefixes on segment borders, longest first, none longer than `longest`; 0
/// stands for `/`.
fn borders(path: &str, longest: usize) -> impl Iterator<Item = usize> {
    let whole = (path.len() <= longest).then_some(path.len());
    let window = path.len().min(longest.saturating_add(1));
    let slashes = path.as_bytes()[..window]
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| **byte == b'/')
        .map(|(position, _)| position);
    whole.into_iter().chain(slashes)
}

/// A path as a prefix that ends at a border, and what comes below it.
fn split(path: &str, end: usize) -> (&str, &str) {
    let prefix = if end == 0 { "/" } else { &path[..end] };
    let rest = if end == path.len() { "/" } else { &path[end..] };
    (prefix, rest)
}

/// HEAD is served wherever GET is (RFC 9110 section 9.1 requires both).
fn serves(methods: &[Method], method: &Method) -> bool {
    methods.contains(method) || (*method == Method::HEAD && methods.contains(&Method::GET))
}

/// An `allow` value. OPTIONS is always in it: what a route does not answer itself, the host does.
fn allow(serves: impl Fn(&Method) -> bool) -> HeaderValue {
    let names: Vec<&str> = METHODS
        .iter()
        .filter(|method| **method == Method::OPTIONS || serves(method))
        .map(Method::as_str)
        .collect();
    HeaderValue::try_from(names.join(", ")).expect("names of methods are legal in a header")
}
