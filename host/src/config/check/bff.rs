//! BFFs: their component, their grants, their smoke request, and that a route leads to each.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use http::Method;

use super::{Context, DEADLINE, MAX_COMPONENT_SIZE, canary, limits, signers};
use crate::config::field::{Field, Located};
use crate::config::problem::Fault;
use crate::config::raw::{RawBff, RawFile, RawRoute, RawSmoke};
use crate::config::{Bff, CallPattern, Engine, Smoke};
use crate::text::nearest;

/// Enough for a guest to make an answer, also on a busy machine.
const ANSWER_RESERVE: Duration = Duration::from_millis(100);

pub(super) fn check(engine: &Engine, cx: &mut Context<'_>) -> BTreeMap<String, Bff> {
    cx.file
        .bffs
        .iter()
        .filter_map(|raw| Some((raw.name.clone(), one(raw, engine, cx)?)))
        .collect()
}

/// `None` for a BFF whose component is not clear, which is reported.
fn one(raw: &RawBff, engine: &Engine, cx: &mut Context<'_>) -> Option<Bff> {
    check_grants(raw, cx);
    check_allowed(raw, cx);
    check_routed(raw, cx);
    let signers = signers::check(raw, cx);
    let limits = limits::check(raw, engine, cx);
    let smoke = raw.smoke.as_ref().map(|smoke| self::smoke(smoke, raw, cx));
    let canary = canary::check(&raw.canary, cx);
    let component = component(raw, cx)?;
    let deadline = raw.deadline.or(DEADLINE);
    let mut downstreams: Vec<String> = raw.downstreams.values();
    downstreams.sort();
    Some(Bff {
        name: raw.name.clone(),
        component,
        signers,
        downstreams,
        allow: allowed(raw),
        deadline,
        answer_reserve: raw.answer_reserve.or(ANSWER_RESERVE.min(deadline / 4)),
        degraded_max_age: raw.degraded_max_age.or(Duration::ZERO),
        server_timing: raw.server_timing.or(false),
        limits,
        config: raw.config.values(),
        smoke,
        canary,
    })
}

/// The file of a BFF's components; `Some(None)` for one that is released to. `None` when neither is
/// clear, which is reported.
fn component(raw: &RawBff, cx: &mut Context<'_>) -> Option<Option<PathBuf>> {
    match (&raw.component, &raw.releases) {
        (Field::Written(file), Field::Absent) => {
            let max_size = &cx.file.engine.max_component_size;
            let max_size = max_size.settled(MAX_COMPONENT_SIZE);
            Some(Some(cx.check_component(file, max_size)))
        }
        (Field::Absent, Field::Written(releases)) if releases.value => {
            if !cx.file.admin.enabled.or(true) {
                let what = "there is no admin listener, which takes the releases";
                let way_out = "leave admin.enabled out, or name a file: component = \"watch.wasm\"";
                cx.report(releases, what, way_out);
            }
            let admin = &cx.file.admin;
            let is_guarded = admin.tls.is_some() && admin.tokens.or(false);
            let listen = admin.listen.settled(super::ADMIN);
            let is_open = admin.enabled.or(true) && !is_guarded;
            if is_open && listen.is_some_and(|it| !it.ip().to_canonical().is_loopback()) {
                let what = "other machines can reach admin.listen, which takes the releases";
                let way_out = "set admin.tls and admin.tokens, or bind it to 127.0.0.1";
                cx.report(releases, what, way_out);
            }
            Some(None)
        }
        (Field::Written(_), Field::Written(releases)) => {
            let what = "a BFF has a component file or releases, not both";
            cx.report(releases, what, "leave out component or releases");
            None
        }
        (Field::Absent, Field::Written(releases)) => {
            let what = "without releases, a BFF needs a component file";
            let way_out = "name its file: component = \"watch.wasm\", or write releases = true";
            cx.report(releases, what, way_out);
            None
        }
        (Field::Absent, Field::Absent) => {
            let way_out = "name its file: component = \"watch.wasm\"; or write releases = true";
            cx.report_missing(&raw.place, "component", way_out);
            None
        }
        (Field::Bad, _) | (_, Field::Bad) => None,
    }
}

fn check_grants(raw: &RawBff, cx: &mut Context<'_>) {
    cx.check_distinct(&raw.downstreams, Clone::clone);
    let names = || {
        cx.file
            .downstreams
            .iter()
            .map(|downstream| downstream.name.as_str())
    };
    for grant in raw.downstreams.items() {
        if names().any(|name| name == grant.value) {
            continue;
        }
        let way_out = match nearest(&grant.value, names()) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!(
                "add a section [downstream.{}], or leave it out",
                grant.value
            ),
        };
        cx.report(
            grant,
            format!("no service has the name \"{}\"", grant.value),
            way_out,
        );
    }
}

/// Reports patterns of calls to a service that the BFF may not call at all.
fn check_allowed(raw: &RawBff, cx: &mut Context<'_>) {
    for allowed in raw.allow.items() {
        let (service, patterns) = &allowed.value;
        cx.check_patterns(&Located {
            value: patterns.clone(),
            place: allowed.place.clone(),
        });
        // Invalid grants allow no conclusion.
        let granted = || raw.downstreams.items().iter().map(|grant| &*grant.value);
        if matches!(raw.downstreams, Field::Bad) || granted().any(|name| name == service) {
            continue;
        }
        let exists = cx.file.downstreams.iter().any(|raw| raw.name == *service);
        let way_out = match nearest(service, granted()).filter(|_| !exists) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!("add \"{service}\" to downstreams, or leave it out"),
        };
        let what = format!("the BFF may not call \"{service}\" at all");
        cx.report(allowed, what, way_out);
    }
}

fn allowed(raw: &RawBff) -> BTreeMap<String, Vec<CallPattern>> {
    let values = |items: &[Located<CallPattern>]| items.iter().map(|at| at.value.clone()).collect();
    raw.allow
        .items()
        .iter()
        .map(|at| (at.value.0.clone(), values(&at.value.1)))
        .collect()
}

/// The routes that lead to a BFF, those included that probably mean it: they have a problem of
/// their own.
fn routes_to<'a>(name: &str, file: &'a RawFile) -> Vec<&'a RawRoute> {
    let names = || file.bffs.iter().map(|bff| bff.name.as_str());
    let leads = |route: &&RawRoute| match &route.bff {
        Field::Written(bff) => nearest(&bff.value, names()) == Some(name),
        Field::Absent | Field::Bad => true,
    };
    file.routes.iter().filter(leads).collect()
}

fn check_routed(raw: &RawBff, cx: &mut Context<'_>) {
    // A file without any route has one problem, not one for each BFF.
    if !cx.file.routes.is_empty() && routes_to(&raw.name, cx.file).is_empty() {
        let way_out = format!(
            "add a [[route]] with bff = \"{}\", or remove the BFF",
            raw.name
        );
        cx.problems.push(
            raw.place
                .problem(Fault::new("no route leads to this BFF", way_out)),
        );
    }
}

fn smoke(raw: &RawSmoke, bff: &RawBff, cx: &mut Context<'_>) -> Smoke {
    cx.check_distinct(&raw.headers, |(name, _)| name.clone());
    let gets = |route: &RawRoute| match &route.methods {
        Field::Written(methods) => methods
            .value
            .iter()
            .any(|method| method.value == Method::GET),
        Field::Absent | Field::Bad => true,
    };
    let routes = routes_to(&bff.name, cx.file);
    if !routes.is_empty() && !routes.into_iter().any(gets) {
        let fault = Fault::new(
            "a smoke request is a GET, which no route to this BFF takes",
            "add \"GET\" to the methods of a route, or remove the section",
        );
        cx.problems.push(raw.place.problem(fault));
    }
    let granted = bff.downstreams.settled(Vec::new());
    if let (Some(fixture), Some([])) = (raw.fixture.written(), granted.as_deref()) {
        let what = "a fixture answers for services, and this BFF may call none";
        cx.report(
            fixture,
            what,
            "grant it services with downstreams, or leave the fixture out",
        );
    }
    Smoke {
        path: raw.path.or("/".to_owned()),
        headers: raw.headers.values(),
        status: raw.status.or(200),
        fixture: raw.fixture.written().map(|fixture| cx.check_file(fixture)),
    }
}
