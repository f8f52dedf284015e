//! The first stage: what the file says, value by value.
//!
//! Each value is looked at alone: its type, its unit, its bounds, its form. Nothing here knows a default, another
//! value or the world outside the file; that is the part of `check`.

use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use toml::de::DeTable;

use super::field::{At, Field};
use super::problem::{Fault, Place, Problem};
use super::reader::{Reader, Section};
use super::units::{GIB, KIB, MIB, count, duration, size};
use super::values::{address, boolean, choice, level, name, path, quote, text};
use super::wire::{Url, header, header_name, host, method, route_path, target, url};
use super::{LogFormat, Protocol};

type Headers = Vec<At<(HeaderName, HeaderValue)>>;

/// The whole file.
pub(super) struct RawFile {
    pub(super) server: RawServer,
    pub(super) admin: RawAdmin,
    pub(super) log: RawLog,
    pub(super) engine: RawEngine,
    pub(super) downstreams: Vec<RawDownstream>,
    pub(super) bffs: Vec<RawBff>,
    pub(super) routes: Vec<RawRoute>,
}

pub(super) struct RawServer {
    pub(super) listen: Field<SocketAddr>,
    pub(super) workers: Field<usize>,
    pub(super) max_connections: Field<usize>,
    pub(super) header_timeout: Field<Duration>,
    pub(super) idle_timeout: Field<Duration>,
    pub(super) body_timeout: Field<Duration>,
    pub(super) max_header_size: Field<usize>,
    pub(super) max_headers: Field<usize>,
    pub(super) max_body_size: Field<usize>,
    pub(super) max_streams: Field<u32>,
    pub(super) shutdown_timeout: Field<Duration>,
}

pub(super) struct RawAdmin {
    pub(super) enabled: Field<bool>,
    pub(super) listen: Field<SocketAddr>,
}

pub(super) struct RawLog {
    pub(super) format: Field<LogFormat>,
    pub(super) level: Field<String>,
    pub(super) access: Field<bool>,
}

pub(super) struct RawEngine {
    pub(super) data_dir: Field<String>,
    pub(super) instances: Field<u32>,
    pub(super) watch_interval: Field<Duration>,
    pub(super) max_component_size: Field<u64>,
}

pub(super) struct RawDownstream {
    pub(super) name: String,
    pub(super) url: Field<Url>,
    pub(super) protocol: Field<Protocol>,
    pub(super) connect_timeout: Field<Duration>,
    pub(super) first_byte_timeout: Field<Duration>,
    pub(super) timeout: Field<Duration>,
    pub(super) max_response_size: Field<usize>,
    pub(super) max_connections: Field<usize>,
    pub(super) max_waiting: Field<usize>,
    pub(super) idle_timeout: Field<Duration>,
    pub(super) pass_headers: Field<Vec<At<HeaderName>>>,
}

pub(super) struct RawBff {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) component: Field<String>,
    pub(super) downstreams: Field<Vec<At<String>>>,
    pub(super) deadline: Field<Duration>,
    pub(super) answer_reserve: Field<Duration>,
    pub(super) config: Field<Vec<At<(String, String)>>>,
    pub(super) limits: RawLimits,
    pub(super) smoke: Option<RawSmoke>,
}

pub(super) struct RawLimits {
    pub(super) memory: Field<usize>,
    pub(super) table_elements: Field<usize>,
    pub(super) cpu: Field<Duration>,
    pub(super) calls: Field<u32>,
    pub(super) concurrent_calls: Field<usize>,
    pub(super) downstream_bytes: Field<usize>,
    pub(super) response_size: Field<usize>,
    pub(super) hostcall_bytes: Field<usize>,
    pub(super) handles: Field<usize>,
    pub(super) log_lines: Field<u32>,
    pub(super) concurrency: Field<usize>,
    pub(super) queue: Field<usize>,
    pub(super) queue_timeout: Field<Duration>,
}

pub(super) struct RawSmoke {
    pub(super) place: Place,
    pub(super) path: Field<String>,
    pub(super) headers: Field<Headers>,
    pub(super) status: Field<u16>,
    pub(super) fixture: Field<String>,
}

pub(super) struct RawRoute {
    pub(super) place: Place,
    pub(super) bff: Field<String>,
    pub(super) client: Field<String>,
    pub(super) host: Field<String>,
    pub(super) path: Field<String>,
    pub(super) headers: Field<Headers>,
    pub(super) methods: Field<Vec<At<Method>>>,
}

/// Reads the text; what is wrong with single values goes to the reader.
///
/// # Errors
///
/// Text that is not TOML: nothing else can be said about it.
pub(super) fn read(text: &str, reader: &mut Reader) -> Result<RawFile, Problem> {
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let place = reader.place(String::new(), span.start);
        let near = text.get(span).unwrap_or_default().trim();
        let near = if near.is_empty() {
            String::new()
        } else {
            format!(" at {}", quote(near))
        };
        let what = format!("not TOML: {}{near}", error.message());
        place.problem(Fault::new(what, "correct it to have the rest checked"))
    })?;
    Ok(reader.document(document.get_ref(), |top| {
        top.demand("bff", "add a section [bff.<name>]");
        top.demand("route", "add a section [[route]]");
        RawFile {
            server: top.section("server", "server", server),
            admin: top.section("admin", "admin", admin),
            log: top.section("log", "log", log),
            engine: top.section("engine", "engine", engine),
            downstreams: top.named("downstream", "downstream.*", downstream),
            bffs: top.named("bff", "bff.*", bff),
            routes: top.tables("route", route),
        }
    }))
}

fn server(s: &mut Section<'_>) -> RawServer {
    RawServer {
        listen: s.read("listen", address),
        workers: s.read("workers", |v| count(v, 1..=1024)),
        max_connections: s.read("max-connections", |v| count(v, 1..=1_000_000)),
        header_timeout: s.read("header-timeout", duration),
        idle_timeout: s.read("idle-timeout", duration),
        body_timeout: s.read("body-timeout", duration),
        // The buffer of an HTTP/1.1 connection can't be smaller.
        max_header_size: s.read("max-header-size", |v| size(v, 8 * KIB..=MIB)),
        max_headers: s.read("max-headers", |v| count(v, 1..=1000)),
        max_body_size: s.read("max-body-size", |v| size(v, 1..=GIB)),
        max_streams: s.read("max-streams", |v| count(v, 1..=10_000)),
        shutdown_timeout: s.read("shutdown-timeout", duration),
    }
}

fn admin(s: &mut Section<'_>) -> RawAdmin {
    RawAdmin {
        enabled: s.read("enabled", boolean),
        listen: s.read("listen", address),
    }
}

fn log(s: &mut Section<'_>) -> RawLog {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    RawLog {
        format: s.read("format", |v| choice(v, &formats)),
        level: s.read("level", level),
        access: s.read("access", boolean),
    }
}

fn engine(s: &mut Section<'_>) -> RawEngine {
    RawEngine {
        data_dir: s.read("data-dir", path),
        // Address space is reserved for every instance (over 4 GiB each), and a process has 128 TiB.
        instances: s.read("instances", |v| count(v, 1..=10_000)),
        watch_interval: s.read("watch-interval", duration),
        max_component_size: s.read("max-component-size", |v| size(v, KIB..=GIB)),
    }
}

fn downstream(name: &str, s: &mut Section<'_>) -> RawDownstream {
    let protocols = [("http/1.1", Protocol::Http1), ("h2", Protocol::Http2)];
    RawDownstream {
        name: name.to_owned(),
        url: s.required(
            "url",
            "write the service's address: url = \"http://127.0.0.1:9101\"",
            url,
        ),
        protocol: s.read("protocol", |v| choice(v, &protocols)),
        connect_timeout: s.read("connect-timeout", duration),
        first_byte_timeout: s.read("first-byte-timeout", duration),
        timeout: s.read("timeout", duration),
        max_response_size: s.read("max-response-size", |v| size(v, 1..=GIB)),
        max_connections: s.read("max-connections", |v| count(v, 1..=10_000)),
        max_waiting: s.read("max-waiting", |v| count(v, 0..=100_000)),
        idle_timeout: s.read("idle-timeout", duration),
        pass_headers: s.list("pass-headers", header_name),
    }
}

fn bff(bff: &str, s: &mut Section<'_>) -> RawBff {
    RawBff {
        name: bff.to_owned(),
        place: s.place.clone(),
        component: s.required(
            "component",
            "name its file: component = \"watch.wasm\"",
            path,
        ),
        downstreams: s.list("downstreams", name),
        deadline: s.read("deadline", duration),
        answer_reserve: s.read("answer-reserve", duration),
        config: s.map("config", |key, v| Ok((key.to_owned(), text(v)?.to_owned()))),
        limits: s.section("limits", "bff.*.limits", limits),
        smoke: s
            .has("smoke")
            .then(|| s.section("smoke", "bff.*.smoke", smoke)),
    }
}

fn limits(s: &mut Section<'_>) -> RawLimits {
    RawLimits {
        memory: s.read("memory", |v| size(v, 64 * KIB..=4 * GIB)),
        // The engine has room for so many in each table.
        table_elements: s.read("table-elements", |v| count(v, 1..=100_000)),
        cpu: s.read("cpu", duration),
        calls: s.read("calls", |v| count(v, 1..=10_000)),
        concurrent_calls: s.read("concurrent-calls", |v| count(v, 1..=1000)),
        downstream_bytes: s.read("downstream-bytes", |v| size(v, 1..=4 * GIB)),
        response_size: s.read("response-size", |v| size(v, 1..=GIB)),
        hostcall_bytes: s.read("hostcall-bytes", |v| size(v, KIB..=2 * GIB)),
        handles: s.read("handles", |v| count(v, 1..=100_000)),
        log_lines: s.read("log-lines", |v| count(v, 0..=100_000)),
        concurrency: s.read("concurrency", |v| count(v, 1..=10_000)),
        queue: s.read("queue", |v| count(v, 0..=100_000)),
        queue_timeout: s.read("queue-timeout", duration),
    }
}

fn smoke(s: &mut Section<'_>) -> RawSmoke {
    RawSmoke {
        place: s.place.clone(),
        path: s.read("path", target),
        headers: s.map("headers", header),
        status: s.read("status", |v| count(v, 200..=599)),
        fixture: s.read("fixture", path),
    }
}

fn route(s: &mut Section<'_>) -> RawRoute {
    RawRoute {
        place: s.place.clone(),
        bff: s.required("bff", "name the BFF: bff = \"watch\"", name),
        client: s.read("client", name),
        host: s.read("host", host),
        path: s.read("path", route_path),
        headers: s.map("headers", header),
        methods: s.list("methods", method),
    }
}
