//! Grant and shape: which calls are allowed, and what the host adds to or removes from them and
//! their answers.
//!
//! All of these are lists of names, so what is not configured costs one comparison with `None`.
//! Patterns are compared with the path as the BFF wrote it, percent-encoding included: what is
//! encoded in another way does not match a text, and so it is refused rather than let through.
//! [`LegalPath`](super::check::LegalPath) has refused encoded slashes and dot segments before.

use std::fmt::Write;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use thiserror::Error;

use crate::config::{self, CallPattern};
use crate::downstream::policy::pattern::matches;
use crate::http_fields::{Class, class, points_inside};
use crate::query::push_parameter;
use crate::text::cut;

/// Bytes of the list of patterns in a message, which must fit a log line. The first pattern is
/// never cut.
const MAX_LISTED: usize = 200;

/// A call outside of what the operator allows.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{method} {path:?} is not allowed; allowed are: {allowed}")]
pub struct NotAllowed {
    /// The method.
    pub method: Method,
    /// The path, cut to a length that is safe to log.
    pub path: String,
    /// The patterns that are allowed, cut likewise.
    pub allowed: String,
}

/// The shape of a service's calls.
#[derive(Clone, Debug)]
pub struct Shape {
    allow: Option<Vec<CallPattern>>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// `a=b&c=d`, encoded.
    query: String,
    parameters: Vec<String>,
    send: Option<Vec<HeaderName>>,
    receive: Option<Vec<HeaderName>>,
    /// The service's names and addresses, which no guest sees.
    hosts: Vec<String>,
}

impl Shape {
    /// Prepares the operator's settings of a service.
    pub fn of(settings: &config::Downstream) -> Self {
        let endpoints = settings.endpoints.iter().map(|at| at.host.clone());
        let tls = settings.tls.as_ref();
        let certified = tls.and_then(|tls| tls.server_name.clone());
        Self {
            hosts: endpoints.chain(certified).collect(),
            ..Self::new(&settings.shape)
        }
    }

    fn new(settings: &config::Shape) -> Self {
        let mut query = String::new();
        for (name, value) in &settings.query {
            let separator = if query.is_empty() { "" } else { "&" };
            push_parameter(&mut query, separator, name, value);
        }
        Self {
            allow: settings.allow.clone(),
            headers: settings.headers.clone(),
            query,
            parameters: settings
                .query
                .iter()
                .map(|(name, _)| name.clone())
                .collect(),
            send: settings.send_headers.clone(),
            receive: settings.receive_headers.clone(),
            hosts: Vec::new(),
        }
    }

    /// Whether a call may be made: by the service's list, and by that of the BFF for this service
    /// (`own`), where there is one.
    ///
    /// `path` is the BFF's own: without the service's prefix and without a query.
    ///
    /// # Errors
    ///
    /// [`NotAllowed`] with the list that refuses it.
    pub fn check(
        &self,
        own: Option<&[CallPattern]>,
        method: &Method,
        path: &str,
    ) -> Result<(), NotAllowed> {
        for list in [self.allow.as_deref(), own].into_iter().flatten() {
            if !list.iter().any(|pattern| matches(pattern, method, path)) {
                return Err(NotAllowed {
                    method: method.clone(),
                    path: cut(path),
                    allowed: listed(list),
                });
            }
        }
        Ok(())
    }

    /// Removes fields that the BFF may not send, and sets those that every call has.
    ///
    /// It must see the BFF's fields only: the host's own (request id, trace, credentials) are added
    /// after it.
    pub fn send(&self, headers: &mut HeaderMap) {
        if let Some(send) = &self.send {
            keep(headers, |name| send.contains(name));
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
    }

    /// Whether the operator names a field among those that a BFF may send.
    pub fn lists(&self, name: &HeaderName) -> bool {
        self.send.as_ref().is_some_and(|send| send.contains(name))
    }

    /// Whether a BFF sees a field of an answer. It always sees `content-type`: without it a body
    /// has no meaning.
    ///
    /// Unless the operator names them, it sees neither credentials nor internal addresses.
    ///
    /// It runs between cache and BFF, because removed fields may control the cache.
    pub fn receives(&self, name: &HeaderName, value: &HeaderValue) -> bool {
        match (class(name), &self.receive) {
            (Class::Connection, _) => false,
            (_, Some(listed)) => *name == header::CONTENT_TYPE || listed.contains(name),
            (Class::Credential, None) => false,
            (_, None) => !points_inside(name, value, self.hosts.iter().map(String::as_str)),
        }
    }

    /// Appends the parameters that every call has to a target in origin form, after those that are
    /// there already.
    pub fn push_query(&self, target: &mut String) {
        if self.query.is_empty() {
            return;
        }
        // A path holds no question mark of its own, so one means that there is a query.
        target.push(if target.contains('?') { '&' } else { '?' });
        target.push_str(&self.query);
    }

    /// Whether every call has a parameter of this name, in any case of letters. The BFF's own is
    /// removed: with two, a service may read either, and some services are case-insensitive.
    pub fn sets_parameter(&self, name: &str) -> bool {
        let lower = |text| str::chars(text).flat_map(char::to_lowercase);
        self.parameters.iter().any(|own| lower(own).eq(lower(name)))
    }
}

/// Keeps the fields of some names. Nothing is moved or allocated when all are kept.
fn keep(headers: &mut HeaderMap, keeps: impl Fn(&HeaderName) -> bool) {
    if headers.keys().all(&keeps) {
        return;
    }
    let mut kept = HeaderMap::with_capacity(headers.keys_len());
    let mut current = None;
    // A drained map names a field with its first value only.
    for (name, value) in headers.drain() {
        if let Some(name) = name {
            current = keeps(&name).then_some(name);
        }
        if let Some(name) = &current {
            kept.append(name, value);
        }
    }
    *headers = kept;
}

/// Patterns as the operator wrote them, for a message.
fn listed(patterns: &[CallPattern]) -> String {
    if patterns.is_empty() {
        return "none".to_owned();
    }
    let mut text = String::new();
    for (index, pattern) in patterns.iter().enumerate() {
        let before = text.len();
        if index > 0 {
            text.push_str(", ");
        }
        // Writing to a string does not fail.
        let _ = write!(text, "{pattern}");
        if text.len() > MAX_LISTED && index > 0 {
            text.truncate(before);
            let _ = write!(text, " and {} more", patterns.len() - index);
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests;
