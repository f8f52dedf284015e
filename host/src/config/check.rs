//! The second stage: the settings in force, and whether they are consistent.
//!
//! Defaults are filled in here, names are looked up, limits are compared and files are checked. The
//! rule for comparisons: only what the operator wrote can be wrong. A default that would not fit
//! yields to it.

mod bff;
mod calls;
mod canary;
mod ci;
mod data_dir;
mod downstream;
mod files;
mod limits;
mod memory;
mod record;
mod releases;
mod route;
mod signers;

#[cfg(test)]
pub(super) use data_dir::default_for as default_data_dir;

use std::fmt::{self, Display};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use super::field::{Field, Located};
use super::problem::{ConfigError, Fault, Location, Problem};
use super::raw::{self, RawAdmin, RawBff, RawEngine, RawFile, RawListenerTls, RawLog, RawServer};
use super::reader::Reader;
use super::units::{ms, show_duration};
use super::{
    Admin, Bff, CallPattern, Compile, CompiledCode, Config, Downstream, Engine, ListenerTls, Log,
    LogFormat, Server,
};

/// Time for a request where the BFF sets none. It is the bound of all defaults below it.
const DEADLINE: Duration = ms(2_000);
const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
pub(super) const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);
const MAX_COMPONENT_SIZE: u64 = Config::MAX_COMPONENT_SIZE;

/// A duration that others have to fit into.
struct Bound {
    key: String,
    /// `None` if the written value is bad.
    limit: Option<Duration>,
    written: bool,
}

impl Bound {
    /// `key` is that of the default.
    fn new(key: String, field: &Field<Duration>, default: Duration) -> Self {
        Self {
            key: field.written().map_or(key, |at| at.place.key.clone()),
            limit: field.settled(default),
            written: field.written().is_some(),
        }
    }

    fn deadline(bff: &RawBff) -> Self {
        Self::new(
            format!("bff.{}.deadline", bff.name),
            &bff.deadline,
            DEADLINE,
        )
    }
}

impl Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit.map(show_duration).unwrap_or_default();
        let by_default = if self.written { "" } else { " by default" };
        write!(f, "{} ({limit}{by_default})", self.key)
    }
}

/// What of a file is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    All,
    /// All but the components.
    Host,
    /// Neither the components, nor whether there is a place for the host's own files.
    Bffs,
    /// The text alone: no file and no variable that it names.
    Grants,
}

/// The context of a check, and its report.
struct Context<'a> {
    file: &'a RawFile,
    /// The name of the file.
    path: &'a Path,
    /// The folder of the file, the base of relative paths.
    folder: &'a Path,
    part: Part,
    problems: Vec<Problem>,
}

impl Context<'_> {
    fn report<T>(&mut self, at: &Located<T>, what: impl Into<String>, way_out: impl Into<String>) {
        self.problems
            .push(at.place.problem(Fault::new(what, way_out)));
    }

    /// Reports a fault of something that has no value of its own, such as a section.
    fn report_at(&mut self, place: &Location, what: impl Into<String>, way_out: impl Into<String>) {
        self.problems.push(place.problem(Fault::new(what, way_out)));
    }

    /// Reports a key that a section lacks.
    fn report_missing(&mut self, section: &Location, key: &str, way_out: impl Into<String>) {
        let place = Location {
            key: format!("{}.{key}", section.key),
            ..section.clone()
        };
        self.report_at(&place, "missing", way_out);
    }

    /// Reports a value that needs another, missing one.
    fn check_together<T, U>(&mut self, field: &Field<T>, key: &str, other: &Field<U>) {
        if let (Some(at), Field::Absent) = (field.written(), other) {
            let what = format!("there is no {key}, which belongs to it");
            self.report(at, what, format!("write {key}, or leave this out"));
        }
    }

    /// Reports a written duration that is longer than the one around it.
    fn check_within(&mut self, inner: &Field<Duration>, outer: &Bound) {
        let (Some(at), Some(limit)) = (inner.written(), outer.limit) else {
            return;
        };
        if at.value > limit {
            let what = format!("{} is longer than {outer}", show_duration(at.value));
            let limit = show_duration(limit);
            self.report(
                at,
                what,
                format!("write at most \"{limit}\", or raise {}", outer.key),
            );
        }
    }

    /// Reports a list of patterns that has none, or one of them twice.
    fn check_patterns(&mut self, list: &Located<Vec<Located<CallPattern>>>) {
        if list.value.is_empty() {
            let way_out = "write those that may be made, such as \"GET /users/**\", or leave it out to allow all";
            self.report(list, "no call may be made", way_out);
        }
        self.check_distinct_items(&list.value, Clone::clone);
    }

    /// Reports repeated items of a list.
    fn check_distinct<T, K: PartialEq + Display>(
        &mut self,
        list: &Field<Vec<Located<T>>>,
        key: impl Fn(&T) -> K,
    ) {
        self.check_distinct_items(list.items(), key);
    }

    fn check_distinct_items<T, K: PartialEq + Display>(
        &mut self,
        items: &[Located<T>],
        key: impl Fn(&T) -> K,
    ) {
        for (index, item) in items.iter().enumerate() {
            let name = key(&item.value);
            if items[..index]
                .iter()
                .any(|earlier| key(&earlier.value) == name)
            {
                self.report(
                    item,
                    format!("\"{name}\" is there twice"),
                    "leave it out here",
                );
            }
        }
    }
}

/// Checks the text of a file, whose name is `path`.
pub(super) fn check(text: &str, path: &Path, part: Part) -> Result<Config, ConfigError> {
    let invalid = |problems| ConfigError::Invalid {
        path: path.to_owned(),
        problems,
    };
    let mut reader = Reader::new(text);
    let file = raw::read(text, &mut reader).map_err(|problem| invalid(vec![problem]))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut cx = Context {
        file: &file,
        path,
        folder,
        part,
        problems: reader.problems,
    };

    let server = server(&file.server, &mut cx);
    let admin = admin(&file.admin, &mut cx);
    let engine = engine(&file.engine, &mut cx);
    let log = log(&file.log);
    let record = record::check(&mut cx);
    let releases = releases::check(&mut cx);
    let calls = calls::calls(&file.calls);
    let profiles = calls::profiles(&mut cx);
    let downstreams = downstream::check(&mut cx);
    let bffs = bff::check(&engine, &mut cx);
    let routes = route::check(&mut cx);

    let mut problems = cx.problems;
    if problems.is_empty() {
        return Ok(Config {
            server,
            admin,
            log,
            record,
            engine,
            releases,
            calls,
            profiles,
            downstreams,
            bffs,
            routes,
        });
    }
    problems.sort();
    // Values that a rule takes from its service are checked again.
    problems.dedup();
    Err(invalid(problems))
}

fn server(raw: &RawServer, cx: &mut Context<'_>) -> Server {
    let sizes = memory::check(raw, cx);
    Server {
        listen: raw.listen.or(SERVER),
        workers: NonZeroUsize::new(raw.workers.or(0)).unwrap_or_else(cores),
        max_connections: raw.max_connections.or(10_000),
        file_reserve: raw.file_reserve.or(64),
        header_timeout: raw.header_timeout.or(ms(5_000)),
        idle_timeout: raw.idle_timeout.or(ms(75_000)),
        body_timeout: raw.body_timeout.or(ms(10_000)),
        max_header_size: raw.max_header_size.or(32 << 10),
        max_headers: raw.max_headers.or(100),
        max_body_size: sizes.body,
        max_get_body_size: sizes.get_body,
        max_bytes_in_flight: sizes.in_flight,
        flush_timeout: raw.flush_timeout.or(ms(30_000)),
        min_rate: raw.min_rate.or(500),
        linger_timeout: raw.linger_timeout.or(ms(10_000)),
        linger_size: raw.linger_size.or(16 << 20),
        max_streams: raw.max_streams.or(128),
        max_control_frames: raw.max_control_frames.or(1_000),
        max_resets: raw.max_resets.or(100),
        drain_delay: raw.drain_delay.or(Duration::ZERO),
        shutdown_timeout: raw.shutdown_timeout.or(ms(10_000)),
        max_worker_restarts: raw.max_worker_restarts.or(3),
    }
}

/// As many threads as the process may use; one where the system does not say.
fn cores() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn admin(raw: &RawAdmin, cx: &mut Context<'_>) -> Option<Admin> {
    if !raw.enabled.or(true) {
        return None;
    }
    cx.check_distinct(&raw.hosts, Clone::clone);
    let other = &cx.file.server.listen;
    if let (Some(a), Some(b)) = (raw.listen.settled(ADMIN), other.settled(SERVER))
        && a.port() == b.port()
        && a.port() != 0
        && (covers(a.ip(), b.ip()) || covers(b.ip(), a.ip()))
        // At least one of the two is written: the defaults have different ports.
        && let Some(at) = raw.listen.written().or(other.written())
    {
        let what = format!("{} is taken by the other listener", at.value);
        cx.report(
            at,
            what,
            "give server.listen and admin.listen different ports",
        );
    }
    Some(Admin {
        listen: raw.listen.or(ADMIN),
        tls: raw
            .tls
            .as_ref()
            .and_then(|section| listener_tls(section, cx)),
        tokens: raw.tokens.or(false),
        hosts: raw.hosts.values(),
        max_connections: raw.max_connections.or(64),
        health_connections: raw.health_connections.or(16),
        header_timeout: raw.header_timeout.or(ms(15_000)),
        write_timeout: raw.write_timeout.or(ms(10_000)),
        health_timeout: raw.health_timeout.or(ms(5_000)),
    })
}

/// The certificate of a listener.
fn listener_tls(raw: &RawListenerTls, cx: &mut Context<'_>) -> Option<ListenerTls> {
    let mut file = |at| cx.check_file(at);
    let cert = raw.cert_file.written().map(&mut file);
    let key = raw.key_file.written().map(&mut file);
    let (cert, key) = cert.zip(key)?;
    Some(ListenerTls { cert, key })
}

/// Whether a listener on `a` accepts connections to `b`. The unspecified IPv6 address accepts those
/// of IPv4, too.
fn covers(a: IpAddr, b: IpAddr) -> bool {
    a == b || (a.is_unspecified() && (a.is_ipv6() || b.is_ipv4()))
}

fn log(raw: &RawLog) -> Log {
    Log {
        format: raw.format.or(LogFormat::Text),
        level: raw.level.or("info".to_owned()),
        access: raw.access.or(true),
        unreadable_lines: raw.unreadable_lines.or(10),
        refused_lines: raw.refused_lines.or(100),
    }
}

fn engine(raw: &RawEngine, cx: &mut Context<'_>) -> Engine {
    let compile = Compile::default();
    let compiled = CompiledCode::default();
    Engine {
        data_dir: data_dir::check(&raw.data_dir, cx),
        instances: raw.instances.or(512),
        watch_interval: raw.watch_interval.or(ms(500)),
        max_retry_wait: raw.max_retry_wait.or(ms(60_000)),
        max_component_size: raw.max_component_size.or(MAX_COMPONENT_SIZE),
        compile: Compile {
            cpu: raw.compile_cpu.or(compile.cpu),
            memory: raw.compile_memory.or(compile.memory),
            timeout: raw.compile_timeout.or(compile.timeout),
            jobs: raw.compile_jobs.or(compile.jobs),
        },
        compiled: CompiledCode {
            max_unused: raw.compiled_max_unused.or(compiled.max_unused),
            max_size: raw.compiled_max_size.or(compiled.max_size),
        },
    }
}

/// The defaults of a BFF and a service.
pub(super) fn defaults() -> (Bff, Downstream) {
    const TEXT: &str =
        "bff.default.component = \"-\"\ndownstream.default.url = \"http://localhost\"";
    let mut reader = Reader::new(TEXT);
    let file = raw::read(TEXT, &mut reader).expect("the text above is TOML");
    let mut cx = Context {
        file: &file,
        path: Path::new(""),
        folder: Path::new(""),
        part: Part::Host,
        problems: Vec::new(),
    };
    let engine = engine(&file.engine, &mut cx);
    // The problems, such as that no route leads to it, are not those of a file.
    let bff = bff::check(&engine, &mut cx).remove("default");
    let downstream = downstream::check(&mut cx).remove("default");
    bff.zip(downstream)
        .expect("a section with its required keys is never left out")
}
