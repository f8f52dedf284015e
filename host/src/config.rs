//! The operator's file, read in two stages: `raw` reads what is written, value by value, and
//! `check` turns it into the types here, with defaults filled in and everything compared with
//! everything else.
//!
//! The rule for the boundary: everything in this file is ready to use. A duration is a `Duration`,
//! a name that refers to something has been found, a limit is finite. Nothing here is read again
//! from the environment or the file, but for secrets, which are only named here. The only I/O is
//! that of [`load()`], which reads the one file, and of [`parse`], which looks at the number of
//! cores and at the files and variables that are named, and reads bodies of answers of last resort.

mod bulkhead;
mod canary;
mod check;
mod ci;
mod coding;
mod compile;
mod downstream;
mod field;
mod kind;
mod load;
mod pattern;
mod policy;
mod problem;
mod proxy;
mod raw;
mod reader;
mod record;
mod releases;
mod schema;
mod secret;
mod signers;
mod units;
mod values;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};

pub use bulkhead::{Bulkhead, Rate};
pub use canary::{Canary, ClientKey};
pub use ci::{CI_MAX_AGE, CI_MAX_LEEWAY, CiAlgorithm, CiIssuer, CiKeys, CiRule, ClaimPattern};
pub use coding::ContentCoding;
pub use compile::{Compile, CompiledCode};
pub use downstream::{
    Cache, Calls, ClientAuthentication, Connections, Credentials, Downstream, Ejection, Endpoint,
    Fallback, Health, OAuth2, Protocol, Shape, Tls, Write,
};
pub use load::{load, load_bffs, load_but_components, load_grants, parse, parse_bffs};
pub use pattern::{CallPattern, Segment};
pub use policy::{Breaker, CacheTimes, Hedge, Policy, Profile, Retry, Rule, Timeouts};
pub use problem::{ConfigError, Problem};
pub use proxy::Proxy;
pub use record::Record;
pub use releases::{Preview, PreviewSite, Registry, Releases, Shadow};
pub use schema::schema;
pub use secret::Secret;
pub use units::{show_duration, show_size};
pub use values::{NAME, is_name};
pub use wire::is_json;

use crate::signature::Signer;

/// The whole configuration, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The listener for clients.
    pub server: Server,
    /// The listener for operators, if any.
    pub admin: Option<Admin>,
    /// What is logged, and how.
    pub log: Log,
    /// Which requests are recorded, and what of them.
    pub record: Arc<Record>,
    /// The WebAssembly engine and the data directory.
    pub engine: Engine,
    /// Components that are released to the host, and their history.
    pub releases: Releases,
    /// Calls of all BFFs to all services.
    pub calls: Calls,
    /// Limits of calls that a BFF picks by name.
    pub profiles: BTreeMap<String, Profile>,
    /// The services that BFFs may call, by name.
    pub downstreams: BTreeMap<String, Downstream>,
    /// The BFFs, by name.
    pub bffs: BTreeMap<String, Bff>,
    /// Which client goes to which BFF, in the order of the file.
    pub routes: Vec<Route>,
}

/// The listener for clients: plain HTTP/1.1 and HTTP/2 (prior knowledge) on one port. TLS ends in
/// front of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// Address to bind. Port 0 takes a free port.
    pub listen: SocketAddr,
    /// Threads that serve requests, each with its own event loop and its own downstream
    /// connections.
    pub workers: NonZeroUsize,
    /// Open client connections; further ones wait in the listen queue. Fewer when the process may
    /// not have that many files open.
    pub max_connections: usize,
    /// Files that the process may have open and that no connection takes: for components, secrets,
    /// look-ups of names.
    pub file_reserve: usize,
    /// Time for a client to send a complete request head.
    pub header_timeout: Duration,
    /// Time a connection may stay open without a request.
    pub idle_timeout: Duration,
    /// Time for a client to send a complete request body.
    pub body_timeout: Duration,
    /// Size of a request head, bytes.
    pub max_header_size: usize,
    /// Number of header fields of a request.
    pub max_headers: usize,
    /// Size of a request body, bytes.
    pub max_body_size: usize,
    /// Size of a request body of GET, HEAD and DELETE, bytes.
    pub max_get_body_size: usize,
    /// What all requests and unread answers together may hold, bytes.
    pub max_bytes_in_flight: usize,
    /// Interval of checks whether a client reads its answer.
    pub flush_timeout: Duration,
    /// Bytes per second of an answer that a client has to take, on average over `flush_timeout`.
    pub min_rate: usize,
    /// Time for which a connection that is being closed still takes what its client sends.
    pub linger_timeout: Duration,
    /// How much of that it takes, bytes.
    pub linger_size: usize,
    /// Concurrent HTTP/2 streams of one connection.
    pub max_streams: u32,
    /// HTTP/2 frames without a part of a request that one connection may send in 10 s, beside two
    /// for each request and each frame of an answer.
    pub max_control_frames: u32,
    /// HTTP/2 streams of one connection that may end before their answers in 30 s, beside one for
    /// each answer.
    pub max_resets: u32,
    /// Time from when the host is not ready any more to when it takes no more connections.
    pub drain_delay: Duration,
    /// Time that running requests get to finish when the host stops.
    pub shutdown_timeout: Duration,
    /// Workers that may be restarted within a minute after a fault of the host's own; at one
    /// more, the host stops.
    pub max_worker_restarts: usize,
}

/// The listener for operators: health, metrics and state. It has no authentication, so it belongs
/// on loopback.
#[derive(Clone, Debug, PartialEq)]
pub struct Admin {
    /// Address to bind. Port 0 takes a free port.
    pub listen: SocketAddr,
    /// The certificate; `None` for plain connections.
    pub tls: Option<ListenerTls>,
    /// Whether orders, and all that says more than health and metrics, need a token.
    pub tokens: bool,
    /// Host names that it accepts, besides addresses and `localhost`.
    pub hosts: Vec<String>,
    /// Open connections; a further one takes the place of the one that is idle for longest.
    pub max_connections: usize,
    /// Open connections beyond those, while none of those is idle: each for one answer about
    /// health.
    pub health_connections: usize,
    /// Time for a complete request head, and for a connection to be idle.
    pub header_timeout: Duration,
    /// Time for a client to take an answer.
    pub write_timeout: Duration,
    /// Time for a connection that is only for health, from its first to its last byte.
    pub health_timeout: Duration,
}

/// The certificate of a listener, in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerTls {
    /// The certificate chain (PEM).
    pub cert: PathBuf,
    /// Its private key (PEM).
    pub key: PathBuf,
}

impl Admin {
    /// Whether orders may come from other machines.
    pub fn is_guarded(&self) -> bool {
        self.tls.is_some() && self.tokens
    }

    /// The warning when other machines can reach the listener, and nothing guards it.
    pub fn exposure(&self) -> Option<String> {
        let address = self.listen.ip().to_canonical();
        (!address.is_loopback() && !self.is_guarded()).then(|| {
            format!(
                "admin.listen: other machines can reach {}, which has no authentication; see to it \
                 that only operators, scrapers and probes can",
                self.listen
            )
        })
    }
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Log {
    /// The form of a line.
    pub format: LogFormat,
    /// The least important events that are written, as a `tracing` filter: `info`,
    /// `warn,tailor=debug`.
    pub level: String,
    /// Whether one line a request is written.
    pub access: bool,
    /// Lines of one second about what cannot be read as a request.
    pub unreadable_lines: u32,
    /// Lines of one second about requests that the host refused or whose clients went, for each BFF
    /// and for all without one.
    pub refused_lines: u32,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The WebAssembly engine and the data directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Engine {
    /// Where compiled code and the last good components are kept. Created if missing, readable by
    /// its owner only.
    pub data_dir: PathBuf,
    /// Instances that may exist at once, of all BFFs together. Address space is reserved for all of
    /// them.
    pub instances: u32,
    /// The interval at which component files are checked for changes.
    pub watch_interval: Duration,
    /// The longest wait before a component is tried again that was refused for an external reason.
    pub max_retry_wait: Duration,
    /// Size of a component file, bytes.
    pub max_component_size: u64,
    /// What compiling a component may cost.
    pub compile: Compile,
    /// How much compiled code is kept.
    pub compiled: CompiledCode,
}

/// One BFF.
#[derive(Clone, Debug, PartialEq)]
pub struct Bff {
    /// Its name.
    pub name: String,
    /// The component file; absolute, or relative to the working directory. `None` for a BFF whose
    /// components are released to the host (`releases = true`).
    pub component: Option<PathBuf>,
    /// The keys of which one has to sign each component that is released. Without any, no signature
    /// is asked for.
    pub signers: Vec<Signer>,
    /// Names of the downstreams it may call. Sorted, without duplicates; all exist in
    /// [`Config::downstreams`].
    pub downstreams: Vec<String>,
    /// Calls that it may make to a service, where that is less than the service allows all.
    pub allow: BTreeMap<String, Vec<CallPattern>>,
    /// Time from a request's arrival, its body included, to its answer.
    pub deadline: Duration,
    /// Time at the end of it that downstream calls may not use, so that a BFF whose services hang
    /// can still answer with what it has.
    pub answer_reserve: Duration,
    /// How long a client may keep an answer that lacks a part or has a stale one.
    pub degraded_max_age: Duration,
    /// Whether answers say in `server-timing` where the time went.
    pub server_timing: bool,
    /// What one request, and all together, may use.
    pub limits: Limits,
    /// What `runtime.config` answers.
    pub config: BTreeMap<String, String>,
    /// The request that a new version must answer before it is published.
    pub smoke: Option<Smoke>,
    /// How a release comes to clients little by little.
    pub canary: Canary,
}

/// What one request of a BFF, and all its requests together, may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of an instance, bytes, all memories together.
    pub memory: usize,
    /// Elements of all tables of an instance together.
    pub table_elements: usize,
    /// CPU time of the guest in one request and of the host's work for it; waiting does not count.
    pub cpu: Duration,
    /// The BFF's share of each worker's CPU while other BFFs want it, too: of two, one of twice the
    /// weight gets twice the time.
    pub cpu_weight: u32,
    /// Time that one request may wait for the CPU in all; then it is answered 503.
    pub cpu_wait: Duration,
    /// Downstream calls in one request.
    pub calls: u32,
    /// Downstream calls under way at once in one request.
    pub concurrent_calls: usize,
    /// Calls of one path pattern in one request from which on the log advises to batch them.
    pub repeated_calls: u32,
    /// Bytes of all downstream answers of one request together.
    pub downstream_bytes: usize,
    /// Size of the response body, bytes.
    pub response_size: usize,
    /// Bytes of a body by `wasi:http` that are collected before the rest is streamed.
    pub streamed_from: usize,
    /// Bytes that the guest of a streamed body may be ahead of what the host has taken for its
    /// client.
    pub stream_ahead: usize,
    /// Bytes that one call of a host function may carry out of the guest.
    pub hostcall_bytes: usize,
    /// Handles (such as `exchange`) that may be open at once in one request.
    pub handles: usize,
    /// Formatters of locales that each worker keeps of the BFF.
    pub formatters: usize,
    /// Log lines of one request.
    pub log_lines: u32,
    /// Bytes per second of the guest's log lines and those about its failures, in all requests.
    pub log_rate: usize,
    /// Requests that run at once.
    pub concurrency: usize,
    /// Requests that may wait for one of those; a further one is answered 503.
    pub queue: usize,
    /// Time that such a request waits before it is answered 503.
    pub queue_timeout: Duration,
}

/// The request that a new version must answer before it is published.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoke {
    /// Path below the route's prefix, with query: `/ada?date=2026-01-01`.
    pub path: String,
    /// Header fields of the request.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The status that must come back.
    pub status: u16,
    /// A fixture file with downstream answers. Without one, the granted services are called.
    pub fixture: Option<PathBuf>,
}

/// Which requests go to which BFF. A route matches when its host, its path prefix and its headers
/// all do.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    /// The kind of client, for the BFF (`client.name`) and for the logs.
    pub client: String,
    /// Name of the BFF; exists in [`Config::bffs`].
    pub bff: String,
    /// Host name of matching requests, lower case, without port; an IPv6 address in brackets and in
    /// its shortest form. `None` matches any.
    pub host: Option<String>,
    /// Path prefix, on segment borders: `/` matches all, `/watch` matches `/watch` and `/watch/x`,
    /// not `/watches`. No slash at the end unless it is `/`.
    pub path: String,
    /// Header fields that must be present with exactly these values.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Methods that reach the BFF. HEAD is served wherever GET is; the host answers OPTIONS unless
    /// it is listed.
    pub methods: Vec<Method>,
}

impl Bff {
    /// The settings of a BFF for which the operator wrote none: the same limits as in a file that
    /// says nothing of them.
    pub fn with_defaults(name: &str, component: &Path, downstreams: &[String]) -> Self {
        let mut downstreams = downstreams.to_vec();
        downstreams.sort();
        downstreams.dedup();
        Self {
            name: name.to_owned(),
            component: Some(component.to_owned()),
            downstreams,
            ..check::defaults().0
        }
    }
}

impl Downstream {
    /// The settings of a service for which the operator wrote none.
    pub fn with_defaults(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..check::defaults().1
        }
    }
}

impl Config {
    /// Size of a component file where the operator set none, bytes.
    pub const MAX_COMPONENT_SIZE: u64 = 64 << 20;
}
