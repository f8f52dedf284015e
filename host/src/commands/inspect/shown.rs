//! A report in lines, for people.

use tailor::text::visible;

use super::grant::{Given, Grant, Reached, Service};
use super::report::Report;

/// Columns of the names in front of lines.
const INDENT: usize = 9;
/// Columns after which a list goes on in the next line.
const WIDTH: usize = 100;

/// Lines under a name. Nothing that a file chose is printed but by [`add`](Self::add).
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// Adds a line, in which no character is left that a terminal acts on.
    fn add(&mut self, name: &str, line: &str) {
        let line = visible(line);
        self.0 += &format!("{name:width$}{line}\n", width = INDENT);
    }

    /// Adds a line for each, the name in front of the first.
    fn list<T: AsRef<str>>(&mut self, name: &str, lines: &[T]) {
        let mut name = name;
        for line in lines {
            self.add(name, line.as_ref());
            name = "";
        }
    }
}

pub fn text(report: &Report) -> String {
    let mut lines = Lines::default();
    lines.add("version", &report.version);
    lines.add("sha256", &report.sha256);
    lines.add("size", &format!("{} bytes", report.size));
    for (name, names) in [("imports", &report.imports), ("exports", &report.exports)] {
        match names.is_empty() {
            true => lines.add(name, "none"),
            false => lines.list(name, names),
        }
    }
    if report.answers_by.starts_with("wasi:") {
        let answers = "by wasi:http; its requests to http://<service>/ are calls";
        lines.add("answers", answers);
    }
    if report.may_be_loaded {
        let reached = report.reaches.iter().map(|what| reached(what));
        let never = "no file, no socket, no environment variable, no other BFF";
        lines.list("reaches", &reached.chain([never]).collect::<Vec<_>>());
        lines.list("lacks", &report.unlinked);
        if !report.unlinked.is_empty() {
            lines.add("", "no BFF gets these: a request that calls one ends there");
        }
        lines.add("verdict", "may be loaded");
    } else {
        lines.list("verdict", &refused(&report.refused));
    }
    let Some(grants) = &report.grants else {
        return lines.0;
    };
    if grants.is_empty() {
        let what = "unknown: no BFF of the configuration has this file as its component";
        lines.add("granted", what);
        lines.add("", &format!("name one with {}", report.hint));
    }
    for one in grants {
        grant(one, &mut lines);
    }
    lines.0
}

fn reached(what: &'static str) -> &'static str {
    match what {
        "services" => "services, by name: those that a configuration grants, and no other address",
        "runtime" => "its settings, its log, clocks, random numbers",
        "locale" => "the host's data of languages and time zones",
        "clocks" => "clocks, by WASI",
        "random" => "random numbers, by WASI",
        "log" => "its log, by standard output of WASI",
        other => other,
    }
}

fn refused(reasons: &[String]) -> Vec<String> {
    let mut lines = reasons.to_vec();
    if let Some(first) = lines.first_mut() {
        let of = if first.starts_with("component") {
            ""
        } else {
            "component: "
        };
        *first = format!("refused: {of}{first}");
    }
    lines
}

fn grant(grant: &Grant, lines: &mut Lines) {
    let names: Vec<&str> = grant.services.iter().map(|it| it.name.as_str()).collect();
    let services = match names.is_empty() {
        true => "nothing".to_owned(),
        false => names.join(", "),
    };
    lines.add(
        "granted",
        &format!("as bff.{}: may call {services}", grant.bff),
    );
    let (deadline, reserve) = (&grant.deadline, &grant.answer_reserve);
    lines.add(
        "",
        &format!("deadline {deadline}, answer-reserve {reserve}"),
    );
    let limits = grant
        .limits
        .iter()
        .map(|(key, value)| format!("{key} {value}"));
    for line in wrapped("limits: ", limits) {
        lines.add("", &line);
    }
    for of in &grant.services {
        for line in service(of) {
            lines.add("", &format!("{}: {line}", of.name));
        }
    }
    for key in &grant.config {
        lines.add("", &format!("config {key}"));
    }
    for route in &grant.routes {
        lines.add("", &route_line(route));
    }
}

/// A list in lines that are not too long.
fn wrapped(title: &str, items: impl Iterator<Item = String>) -> Vec<String> {
    let (mut done, mut line) = (Vec::new(), String::new());
    for item in items {
        if line.is_empty() {
            line = format!("{title}{item}");
        } else if INDENT + line.len() + item.len() + 3 > WIDTH {
            done.push(format!("{line},"));
            line = format!("{:width$}{item}", "", width = title.len());
        } else {
            line = format!("{line}, {item}");
        }
    }
    done.extend((!line.is_empty()).then_some(line));
    done
}

/// What a BFF may ask of a service, and what goes along.
fn service(service: &Service) -> Vec<String> {
    let mut lines = vec![format!("at {}", service.urls.join(", "))];
    let mut add = |line: String| lines.push(line);
    if let Some(proxy) = &service.proxy {
        add(format!("through the proxy {proxy}"));
    }
    add(match (&service.calls, &service.calls_of_all) {
        (None, None) => "any call".to_owned(),
        (Some(these), None) | (None, Some(these)) => calls(these),
        (Some(own), Some(all)) => format!("{}, of those that all may: {}", calls(own), calls(all)),
    });
    if !service.reads.is_empty() {
        add(format!("made like GET: {}", service.reads.join(", ")));
    }
    let listed = |names: &Option<Vec<String>>, default: &str| match names.as_deref() {
        None => format!("all fields but {default}"),
        Some([]) => "no field".to_owned(),
        Some(names) => names.join(", "),
    };
    let default = "credentials and those that services may trust";
    add(format!("may be sent {}", listed(&service.sends, default)));
    let default = "credentials and addresses inside";
    add(format!(
        "of its answers, the BFF sees {}",
        listed(&service.receives, default)
    ));
    if !service.passes.is_empty() {
        add(format!("gets the client's {}", service.passes.join(", ")));
    }
    if !service.headers.is_empty() {
        add(format!(
            "gets the fixed fields {}",
            service.headers.join(", ")
        ));
    }
    if !service.query.is_empty() {
        add(format!(
            "gets the fixed parameters {}",
            service.query.join(", ")
        ));
    }
    if let Some(given) = &service.credentials {
        let which = credentials(given);
        add(format!(
            "gets credentials of the host, which the BFF does not see: {which}"
        ));
    }
    lines
}

/// Patterns, with what they mean besides.
fn calls(patterns: &[String]) -> String {
    let heads = patterns.iter().any(|it| it.starts_with("GET "));
    let and = if heads { " (GET includes HEAD)" } else { "" };
    format!("{}{and}", patterns.join(", "))
}

fn credentials(given: &Given) -> String {
    match (given.kind, &given.token_url) {
        ("oauth2", Some(url)) if given.scopes.is_empty() => format!("a token of {url} (OAuth 2.0)"),
        ("oauth2", Some(url)) => {
            format!(
                "a token of {url} (OAuth 2.0), scopes {}",
                given.scopes.join(", ")
            )
        }
        ("bearer", _) => "a bearer token".to_owned(),
        _ => given.header.clone(),
    }
}

fn route_line(route: &Reached) -> String {
    let host = route.host.as_deref().unwrap_or("any host");
    let methods = route.methods.join(", ");
    let mut line = format!("is reached at {} of {host} by {methods}", route.path);
    for (index, (name, value)) in route.headers.iter().enumerate() {
        let with = if index == 0 { "with" } else { "and" };
        line += &format!(" {with} {name} = {value}");
    }
    format!("{line}, as client {}", route.client)
}
