//! Routes: each leads to a BFF, and no request could go two ways.
//!
//! Of the routes that match a request, the most specific one takes it: one with a host before one
//! without, then the longest path, then the most headers. A more specific route never shadows
//! another: it always leaves some requests, those for another host, for the path itself, or without
//! the header. So the check looks for routes of equal rank that both match one request.

use std::collections::BTreeMap;

use http::{HeaderValue, Method};

use super::Context;
use crate::config::Route;
use crate::config::field::Field;
use crate::config::problem::Fault;
use crate::config::raw::RawRoute;
use crate::text::nearest;

/// What a route matches.
struct Criteria {
    host: Option<String>,
    path: String,
    headers: BTreeMap<String, HeaderValue>,
}

pub(super) fn check(cx: &mut Context<'_>) -> Vec<Route> {
    let file = cx.file;
    let all: Vec<_> = file.routes.iter().map(criteria).collect();
    for (index, later) in all.iter().enumerate() {
        for (earlier_index, earlier) in all[..index].iter().enumerate() {
            let (Some(earlier), Some(later)) = (earlier, later) else {
                continue;
            };
            let line = file.routes[earlier_index].place.line;
            let name = format!("route[{earlier_index}] (line {line})");
            if let Some(fault) = tie(earlier, &name, later) {
                cx.problems.push(file.routes[index].place.problem(fault));
            }
        }
    }
    file.routes.iter().filter_map(|raw| one(raw, cx)).collect()
}

/// `None` for a route without a BFF, which is reported already.
fn one(raw: &RawRoute, cx: &mut Context<'_>) -> Option<Route> {
    cx.check_distinct(&raw.headers, |(name, _)| name.clone());
    cx.check_distinct(&raw.methods, Clone::clone);
    if let Some(methods) = raw
        .methods
        .written()
        .filter(|methods| methods.value.is_empty())
    {
        cx.report(
            methods,
            "a route without methods takes no request",
            "write methods = [\"GET\"]",
        );
    }
    let bff = raw.bff.written()?;
    let names = || cx.file.bffs.iter().map(|bff| bff.name.as_str());
    if !names().any(|name| name == bff.value) {
        let way_out = match nearest(&bff.value, names()) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!("add a section [bff.{}]", bff.value),
        };
        cx.report(
            bff,
            format!("no BFF has the name \"{}\"", bff.value),
            way_out,
        );
    }
    Some(Route {
        client: raw.client.or(bff.value.clone()),
        bff: bff.value.clone(),
        host: raw.host.written().map(|at| at.value.clone()),
        path: raw.path.or("/".to_owned()),
        headers: raw.headers.values(),
        methods: match &raw.methods {
            Field::Absent | Field::Bad => vec![Method::GET],
            Field::Written(_) => raw.methods.values(),
        },
    })
}

/// `None` where a part of them is wrong: nothing may be concluded from the rest.
fn criteria(raw: &RawRoute) -> Option<Criteria> {
    let host = match &raw.host {
        Field::Absent => None,
        Field::Bad => return None,
        Field::Written(at) => Some(at.value.clone()),
    };
    if matches!(raw.headers, Field::Bad) {
        return None;
    }
    let headers = raw.headers.items().iter().map(|at| {
        let (name, value) = &at.value;
        (name.to_string(), value.clone())
    });
    Some(Criteria {
        host,
        path: raw.path.settled("/".to_owned())?,
        headers: headers.collect(),
    })
}

/// The fault of `b`, if it takes the same requests as `a` (called `name`) or ties with it for some
/// request.
fn tie(a: &Criteria, name: &str, b: &Criteria) -> Option<Fault> {
    let same_rank = a.host == b.host && a.path == b.path && a.headers.len() == b.headers.len();
    let exclusive = a.headers.iter().any(|(header, value)| {
        // Two values of one header: only a request that repeats the header has both, and the router
        // then takes the first route.
        b.headers.get(header).is_some_and(|other| other != value)
    });
    if !same_rank || exclusive {
        return None;
    }
    if a.headers == b.headers {
        let what = format!("the same host, path and headers as {name}");
        let way_out = "change one of them, or put the methods of both into one route";
        return Some(Fault::new(what, way_out));
    }
    let both: BTreeMap<_, _> = a.headers.iter().chain(&b.headers).collect();
    let headers: Vec<String> = both
        .iter()
        .map(|(name, value)| format!("`{name}: {}`", value.to_str().unwrap_or_default()))
        .collect();
    let what = format!(
        "a request to {}{} with {} would match this as well as {name}",
        a.host.as_deref().unwrap_or_default(),
        a.path,
        headers.join(" and ")
    );
    let way_out = "give them different values of one header, or one of them a header more";
    Some(Fault::new(what, way_out))
}
