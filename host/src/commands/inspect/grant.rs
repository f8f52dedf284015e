//! What a configuration grants to a BFF: calls, fields, credentials, limits, routes.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, Method};
use serde::Serialize;
use tailor::config::{
    Bff, CallPattern, Config, Credentials, Downstream, Endpoint, Limits, Route, show_duration,
    show_size,
};

/// The grants of one BFF.
#[derive(Serialize)]
pub struct Grant {
    pub bff: String,
    /// As the configuration writes it.
    pub deadline: String,
    pub answer_reserve: String,
    /// By their keys, as the configuration writes them.
    pub limits: BTreeMap<&'static str, String>,
    /// The keys of what `runtime.config` answers.
    pub config: Vec<String>,
    pub services: Vec<Service>,
    pub routes: Vec<Reached>,
}

/// What of a service.
#[derive(Serialize)]
pub struct Service {
    pub name: String,
    pub urls: Vec<String>,
    /// The forward proxy, host and port.
    pub proxy: Option<String>,
    /// Calls that the BFF may make; nothing where its own section says nothing.
    pub calls: Option<Vec<String>>,
    /// Calls that any BFF may make, likewise. Both hold.
    pub calls_of_all: Option<Vec<String>>,
    /// Calls with POST that are made like GET: repeated, cached, shared.
    pub reads: Vec<String>,
    /// Fields that the BFF may send; nothing for all but those that services may trust.
    pub sends: Option<Vec<String>>,
    /// Fields of answers that it sees; nothing for all but credentials and addresses inside.
    pub receives: Option<Vec<String>>,
    /// Fields of the client's request that the host copies.
    pub passes: Vec<String>,
    /// Fields and parameters with fixed values that the host adds.
    pub headers: Vec<String>,
    pub query: Vec<String>,
    pub credentials: Option<Given>,
}

/// The host's credentials, without a secret.
#[derive(Serialize)]
pub struct Given {
    /// `bearer`, `header` or `oauth2`.
    pub kind: &'static str,
    /// The field that they are in.
    pub header: String,
    pub token_url: Option<String>,
    pub scopes: Vec<String>,
}

/// A route that leads to the BFF.
#[derive(Serialize)]
pub struct Reached {
    /// Nothing for any.
    pub host: Option<String>,
    pub path: String,
    /// Those that the host serves besides are among them.
    pub methods: Vec<String>,
    /// Fields that the request has to have.
    pub headers: BTreeMap<String, String>,
    /// The kind of client, which the BFF is told.
    pub client: String,
}

impl Grant {
    /// Of a BFF of this configuration.
    pub fn new(bff: &Bff, config: &Config) -> Self {
        let services = bff.downstreams.iter();
        let services = services.filter_map(|name| config.downstreams.get(name));
        let routes = config.routes.iter().filter(|route| route.bff == bff.name);
        Self {
            bff: bff.name.clone(),
            deadline: show_duration(bff.deadline),
            answer_reserve: show_duration(bff.answer_reserve),
            limits: limits(&bff.limits),
            config: bff.config.keys().cloned().collect(),
            services: services.map(|service| Service::new(bff, service)).collect(),
            routes: routes.map(Reached::new).collect(),
        }
    }
}

impl Service {
    fn new(bff: &Bff, service: &Downstream) -> Self {
        let patterns = |patterns: &Vec<CallPattern>| -> Vec<String> {
            patterns.iter().map(ToString::to_string).collect()
        };
        let names = |names: &Vec<HeaderName>| -> Vec<String> {
            names.iter().map(ToString::to_string).collect()
        };
        let shape = &service.shape;
        Self {
            name: service.name.clone(),
            urls: service
                .endpoints
                .iter()
                .map(|it| url(it, service))
                .collect(),
            proxy: service
                .proxy
                .as_ref()
                .map(|proxy| match proxy.host.contains(':') {
                    true => format!("[{}]:{}", proxy.host, proxy.port),
                    false => format!("{}:{}", proxy.host, proxy.port),
                }),
            calls: bff.allow.get(&service.name).map(patterns),
            calls_of_all: shape.allow.as_ref().map(patterns),
            reads: patterns(&service.reads),
            sends: shape.send_headers.as_ref().map(names),
            receives: shape.receive_headers.as_ref().map(names),
            passes: names(&shape.pass_headers),
            headers: shape
                .headers
                .iter()
                .map(|(name, _)| name.to_string())
                .collect(),
            query: shape.query.iter().map(|(name, _)| name.clone()).collect(),
            credentials: service.credentials.as_ref().map(Given::new),
        }
    }
}

/// As it is written in the file.
fn url(endpoint: &Endpoint, service: &Downstream) -> String {
    let scheme = match service.tls {
        Some(_) => "https",
        None => "http",
    };
    let prefix = &service.shape.path_prefix;
    if let Some(socket) = &endpoint.socket {
        let socket = socket.display();
        return match prefix.is_empty() {
            true => format!("{scheme}://unix:{socket}"),
            false => format!("{scheme}://unix:{socket}:{prefix}"),
        };
    }
    let srv = if endpoint.srv { "+srv" } else { "" };
    format!("{scheme}{srv}://{}{prefix}", value(&endpoint.authority))
}

impl Given {
    fn new(credentials: &Credentials) -> Self {
        match credentials {
            Credentials::Header { name, prefix, .. } => Self {
                kind: match prefix.is_empty() {
                    true => "header",
                    false => "bearer",
                },
                header: name.to_string(),
                token_url: None,
                scopes: Vec::new(),
            },
            Credentials::OAuth2(oauth2) => Self {
                kind: "oauth2",
                header: http::header::AUTHORIZATION.to_string(),
                token_url: Some(oauth2.token_url.clone()),
                scopes: oauth2.scopes.clone(),
            },
        }
    }
}

impl Reached {
    fn new(route: &Route) -> Self {
        let has = |method: Method| route.methods.contains(&method);
        // It is served wherever GET is.
        let head = (has(Method::GET) && !has(Method::HEAD)).then_some(Method::HEAD);
        let methods = route.methods.iter().chain(&head);
        let headers = route.headers.iter();
        Self {
            host: route.host.clone(),
            path: route.path.clone(),
            methods: methods.map(ToString::to_string).collect(),
            headers: headers
                .map(|(name, it)| (name.to_string(), value(it)))
                .collect(),
            client: route.client.clone(),
        }
    }
}

fn value(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// All of them, by their keys. A new one has to be here to be compiled.
fn limits(limits: &Limits) -> BTreeMap<&'static str, String> {
    let Limits {
        memory,
        table_elements,
        cpu,
        cpu_weight,
        cpu_wait,
        calls,
        concurrent_calls,
        repeated_calls,
        downstream_bytes,
        response_size,
        streamed_from,
        stream_ahead,
        hostcall_bytes,
        handles,
        formatters,
        log_lines,
        log_rate,
        concurrency,
        queue,
        queue_timeout,
    } = limits;
    let size = |bytes: &usize| show_size(*bytes as u64);
    BTreeMap::from([
        ("memory", size(memory)),
        ("table-elements", table_elements.to_string()),
        ("cpu", show_duration(*cpu)),
        ("cpu-weight", cpu_weight.to_string()),
        ("cpu-wait", show_duration(*cpu_wait)),
        ("calls", calls.to_string()),
        ("concurrent-calls", concurrent_calls.to_string()),
        ("repeated-calls", repeated_calls.to_string()),
        ("downstream-bytes", size(downstream_bytes)),
        ("response-size", size(response_size)),
        ("streamed-from", size(streamed_from)),
        ("stream-ahead", size(stream_ahead)),
        ("hostcall-bytes", size(hostcall_bytes)),
        ("handles", handles.to_string()),
        ("formatters", formatters.to_string()),
        ("log-lines", log_lines.to_string()),
        ("log-rate", size(log_rate)),
        ("concurrency", concurrency.to_string()),
        ("queue", queue.to_string()),
        ("queue-timeout", show_duration(*queue_timeout)),
    ])
}
