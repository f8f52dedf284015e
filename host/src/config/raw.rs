//! The first stage: what the file says, value by value.
//!
//! Each value is checked alone: its type, its unit, its bounds, its form. Nothing here knows a
//! default, another value or the world outside the file; that is the task of `check`.

mod bff;
mod canary;
mod ci;
mod credentials;
mod downstream;
mod policy;
mod rate;
mod record;
mod releases;
mod rule;

use std::net::SocketAddr;
use std::time::Duration;

use http::Method;
use toml::de::DeTable;

use super::LogFormat;
use super::field::{Field, Headers, Located};
use super::problem::{Fault, Location, Problem};
use super::reader::{Reader, Section, document};
use super::units::{
    GIB, KIB, MIB, count, duration, duration_or_zero, duration_within, long_duration, ms, size,
};
use super::values::{address, boolean, choice, level, name, path, quote};
use super::wire::{header, host, method, route_path};

pub(super) use bff::{RawBff, RawSmoke};
pub(super) use canary::RawCanary;
pub(super) use ci::{RawCi, RawCiRule};
pub(super) use credentials::{RawCredentials, RawDefault, RawSecret};
pub(super) use downstream::{RawDownstream, RawShape, RawTls};
pub(super) use policy::{RawBreaker, RawCacheTimes, RawEjection, RawHedge, RawRetry, RawWrite};
pub(super) use rate::RawRate;
pub(super) use record::RawRecord;
pub(super) use releases::{RawPreview, RawRegistry, RawReleases, RawShadow};
pub(super) use rule::{RawPolicy, RawRule};

use self::policy::MAX_RETRIES;

/// The whole file.
pub(super) struct RawFile {
    pub(super) server: RawServer,
    pub(super) admin: RawAdmin,
    pub(super) log: RawLog,
    pub(super) record: RawRecord,
    pub(super) engine: RawEngine,
    pub(super) releases: RawReleases,
    pub(super) calls: RawCalls,
    pub(super) profiles: Vec<RawProfile>,
    pub(super) downstreams: Vec<RawDownstream>,
    pub(super) bffs: Vec<RawBff>,
    pub(super) routes: Vec<RawRoute>,
}

pub(super) struct RawServer {
    pub(super) listen: Field<SocketAddr>,
    pub(super) workers: Field<usize>,
    pub(super) max_connections: Field<usize>,
    pub(super) file_reserve: Field<usize>,
    pub(super) header_timeout: Field<Duration>,
    pub(super) idle_timeout: Field<Duration>,
    pub(super) body_timeout: Field<Duration>,
    pub(super) max_header_size: Field<usize>,
    pub(super) max_headers: Field<usize>,
    pub(super) max_body_size: Field<usize>,
    pub(super) max_get_body_size: Field<usize>,
    pub(super) max_bytes_in_flight: Field<usize>,
    pub(super) flush_timeout: Field<Duration>,
    pub(super) min_rate: Field<usize>,
    pub(super) linger_timeout: Field<Duration>,
    pub(super) linger_size: Field<usize>,
    pub(super) max_streams: Field<u32>,
    pub(super) max_control_frames: Field<u32>,
    pub(super) max_resets: Field<u32>,
    pub(super) drain_delay: Field<Duration>,
    pub(super) shutdown_timeout: Field<Duration>,
    pub(super) max_worker_restarts: Field<usize>,
}

pub(super) struct RawAdmin {
    pub(super) enabled: Field<bool>,
    pub(super) listen: Field<SocketAddr>,
    pub(super) tls: Option<RawListenerTls>,
    pub(super) tokens: Field<bool>,
    pub(super) hosts: Field<Vec<Located<String>>>,
    pub(super) max_connections: Field<usize>,
    pub(super) health_connections: Field<usize>,
    pub(super) header_timeout: Field<Duration>,
    pub(super) write_timeout: Field<Duration>,
    pub(super) health_timeout: Field<Duration>,
}

pub(super) struct RawListenerTls {
    pub(super) cert_file: Field<String>,
    pub(super) key_file: Field<String>,
}

pub(super) struct RawLog {
    pub(super) format: Field<LogFormat>,
    pub(super) level: Field<String>,
    pub(super) access: Field<bool>,
    pub(super) unreadable_lines: Field<u32>,
    pub(super) refused_lines: Field<u32>,
}

pub(super) struct RawEngine {
    pub(super) data_dir: Field<String>,
    pub(super) instances: Field<u32>,
    pub(super) watch_interval: Field<Duration>,
    pub(super) max_retry_wait: Field<Duration>,
    pub(super) max_component_size: Field<u64>,
    pub(super) compile_cpu: Field<Duration>,
    pub(super) compile_memory: Field<u64>,
    pub(super) compile_timeout: Field<Duration>,
    pub(super) compile_jobs: Field<usize>,
    pub(super) compiled_max_unused: Field<Duration>,
    pub(super) compiled_max_size: Field<u64>,
}

pub(super) struct RawCalls {
    pub(super) max_in_flight: Field<usize>,
    pub(super) optional_share: Field<u32>,
}

pub(super) struct RawProfile {
    pub(super) name: String,
    pub(super) timeout: Field<Duration>,
    pub(super) first_byte_timeout: Field<Duration>,
    pub(super) queue_timeout: Field<Duration>,
    pub(super) retries: Field<u32>,
    pub(super) hedge: Field<bool>,
    pub(super) optional: Field<bool>,
}

pub(super) struct RawRoute {
    pub(super) place: Location,
    pub(super) bff: Field<String>,
    pub(super) client: Field<String>,
    pub(super) host: Field<String>,
    pub(super) path: Field<String>,
    pub(super) headers: Field<Headers>,
    pub(super) methods: Field<Vec<Located<Method>>>,
}

/// Reads the text; what is wrong with single values goes to the reader.
///
/// # Errors
///
/// Text that is not TOML: nothing else can be said about it.
pub(super) fn read(text: &str, reader: &mut Reader) -> Result<RawFile, Problem> {
    let table = DeTable::parse(text).map_err(|error| {
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
    Ok(document(reader, table.get_ref(), |top| {
        top.demand("bff", "add a section [bff.<name>]");
        top.demand("route", "add a section [[route]]");
        RawFile {
            server: top.section("server", "server", server),
            admin: top.section("admin", "admin", admin),
            log: top.section("log", "log", log),
            record: top.section("record", "record", record::record),
            engine: top.section("engine", "engine", engine),
            releases: top.section("releases", "releases", releases::releases),
            calls: top.section("calls", "calls", calls),
            profiles: top.named("profile", "profile.*", profile),
            downstreams: top.named("downstream", "downstream.*", downstream::downstream),
            bffs: top.named("bff", "bff.*", bff::bff),
            routes: top.tables("route", "route", route),
        }
    }))
}

fn server(s: &mut Section<'_>) -> RawServer {
    RawServer {
        listen: s.read("listen", address()),
        workers: s.read("workers", count(1..=1024)),
        max_connections: s.read("max-connections", count(1..=1_000_000)),
        file_reserve: s.read("file-reserve", count(1..=100_000)),
        header_timeout: s.read("header-timeout", duration()),
        idle_timeout: s.read("idle-timeout", duration()),
        body_timeout: s.read("body-timeout", duration()),
        // The buffer of an HTTP/1.1 connection cannot be smaller.
        max_header_size: s.read("max-header-size", size(8 * KIB..=MIB)),
        max_headers: s.read("max-headers", count(1..=1000)),
        max_body_size: s.read("max-body-size", size(1..=GIB)),
        max_get_body_size: s.read("max-get-body-size", size(1..=GIB)),
        max_bytes_in_flight: s.read("max-bytes-in-flight", size(MIB..=1024 * GIB)),
        flush_timeout: s.read("flush-timeout", duration()),
        min_rate: s.read("min-rate", size(1..=GIB)),
        linger_timeout: s.read("linger-timeout", duration()),
        linger_size: s.read("linger-size", size(1..=GIB)),
        max_streams: s.read("max-streams", count(1..=10_000)),
        max_control_frames: s.read("max-control-frames", count(10..=1_000_000)),
        max_resets: s.read("max-resets", count(1..=1_000_000)),
        drain_delay: s.read("drain-delay", duration_or_zero()),
        shutdown_timeout: s.read("shutdown-timeout", duration()),
        max_worker_restarts: s.read("max-worker-restarts", count(0..=1000)),
    }
}

fn admin(s: &mut Section<'_>) -> RawAdmin {
    RawAdmin {
        enabled: s.read("enabled", boolean()),
        listen: s.read("listen", address()),
        tls: s
            .has("tls")
            .then(|| s.section("tls", "admin.tls", listener_tls)),
        tokens: s.read("tokens", boolean()),
        hosts: s.list("hosts", host()),
        max_connections: s.read("max-connections", count(1..=10_000)),
        health_connections: s.read("health-connections", count(1..=1000)),
        header_timeout: s.read("header-timeout", duration()),
        write_timeout: s.read("write-timeout", duration()),
        health_timeout: s.read("health-timeout", duration()),
    }
}

fn listener_tls(s: &mut Section<'_>) -> RawListenerTls {
    RawListenerTls {
        cert_file: s.required("cert-file", "name the certificate chain (PEM)", path()),
        key_file: s.required("key-file", "name its private key (PEM)", path()),
    }
}

fn log(s: &mut Section<'_>) -> RawLog {
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    RawLog {
        format: s.read("format", choice(&formats)),
        level: s.read("level", level()),
        access: s.read("access", boolean()),
        unreadable_lines: s.read("unreadable-lines", count(0..=1000)),
        refused_lines: s.read("refused-lines", count(0..=1_000_000)),
    }
}

fn engine(s: &mut Section<'_>) -> RawEngine {
    RawEngine {
        data_dir: s.read("data-dir", path()),
        // Address space is reserved for every instance (over 4 GiB each), and a process has 128
        // TiB.
        instances: s.read("instances", count(1..=10_000)),
        watch_interval: s.read("watch-interval", duration()),
        max_retry_wait: s.read("max-retry-wait", duration()),
        max_component_size: s.read("max-component-size", size(KIB..=GIB)),
        compile_cpu: s.read("compile-cpu", duration_within(ms(1_000)..=ms(3_600_000))),
        compile_memory: s.read("compile-memory", size(256 * MIB..=64 * GIB)),
        compile_timeout: s.read(
            "compile-timeout",
            duration_within(ms(1_000)..=ms(3_600_000)),
        ),
        compile_jobs: s.read("compile-jobs", count(1..=64)),
        compiled_max_unused: s.read("compiled-max-unused", long_duration()),
        compiled_max_size: s.read("compiled-max-size", size(MIB..=1024 * GIB)),
    }
}

fn calls(s: &mut Section<'_>) -> RawCalls {
    RawCalls {
        max_in_flight: s.read("max-in-flight", count(1..=1_000_000)),
        optional_share: s.read("optional-share", count(1..=100)),
    }
}

fn profile(name: &str, s: &mut Section<'_>) -> RawProfile {
    RawProfile {
        name: name.to_owned(),
        timeout: s.read("timeout", duration()),
        first_byte_timeout: s.read("first-byte-timeout", duration()),
        queue_timeout: s.read("queue-timeout", duration()),
        retries: s.read("retries", count(0..=MAX_RETRIES)),
        hedge: s.read("hedge", boolean()),
        optional: s.read("optional", boolean()),
    }
}

fn route(s: &mut Section<'_>) -> RawRoute {
    RawRoute {
        place: s.place.clone(),
        bff: s.required("bff", "name the BFF: bff = \"watch\"", name()),
        client: s.read("client", name()),
        host: s.read("host", host()),
        path: s.read("path", route_path()),
        headers: s.map("headers", header),
        methods: s.filled("methods", method()),
    }
}
