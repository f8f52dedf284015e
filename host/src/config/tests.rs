//! What operators write and what they get: `golden/*.toml` with the errors in `golden/*.err`.
//!
//! `UPDATE_GOLDEN=1 cargo test` rewrites the errors; read the difference before it is committed.

mod listeners;
mod maximal;
mod memory;
mod reference;
mod released;
mod rules;
mod schema;
mod services;
mod signers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};

use super::*;

/// Files that are good. Every other one has errors.
const GOOD: [&str; 2] = ["maximal", "minimal"];

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/golden")
}

fn load_golden(name: &str) -> Result<Config, ConfigError> {
    load(&golden().join(name).with_extension("toml"))
}

/// Checks the text of a file that lies in the folder of the golden files.
fn parse_here(text: &str) -> Result<Config, ConfigError> {
    parse(text, &golden().join("tailor.toml"))
}

/// A file with one BFF and one route, and more.
fn parse_with(more: &str) -> Config {
    let bff = "bff.watch.component = \"watch.component\"\nroute = [{ bff = \"watch\" }]\n";
    parse_here(&format!("{bff}{more}")).unwrap_or_else(|error| panic!("{error}"))
}

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn header(name: &'static str, value: &'static str) -> (HeaderName, HeaderValue) {
    (
        HeaderName::from_static(name),
        HeaderValue::from_static(value),
    )
}

#[test]
fn errors_are_the_golden_ones() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let folder = golden();
    let shown_folder = format!("{}/", folder.display());
    let mut differences = Vec::new();
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|extension| extension != "toml") || GOOD.contains(&&*name) {
            continue;
        }
        let error = load(&path).expect_err(&name);
        // The messages name files with their folder, which is another one on each machine.
        let actual = format!("{error}\n").replace(&shown_folder, "");
        let golden = path.with_extension("err");
        if update {
            std::fs::write(&golden, &actual).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        if actual != expected {
            differences.push(format!(
                "== {name}\n-- expected\n{expected}-- actual\n{actual}"
            ));
        }
        seen.insert(name);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    for required in [
        "syntax-error",
        "unknown-keys",
        "wrong-types",
        "units",
        "routes",
        "timeouts",
        "policy",
        "credentials",
        "fallbacks",
    ] {
        assert!(seen.contains(required), "golden/{required}.toml is missing");
    }
}

#[test]
fn every_problem_has_a_place_and_a_way_out() {
    for name in ["many-at-once", "units", "files", "empty"] {
        let ConfigError::Invalid { problems, .. } = load_golden(name).unwrap_err() else {
            panic!("{name} is readable");
        };
        for problem in &problems {
            assert!(problem.line > 0 && problem.column > 0, "{problem:?}");
            assert!(
                !problem.fault.is_empty() && !problem.way_out.is_empty(),
                "{problem:?}"
            );
        }
        assert!(problems.is_sorted(), "{name}: {problems:#?}");
    }
}

#[test]
fn an_unreadable_file_is_named() {
    let error = load(Path::new("/missing/tailor.toml")).unwrap_err();
    assert_eq!(error.to_string(), "/missing/tailor.toml: cannot be read");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_minimal_file_gets_the_documented_defaults() {
    let config = load_golden("minimal").unwrap_or_else(|error| panic!("{error}"));
    let bff = Bff {
        name: "watch".to_owned(),
        component: Some(golden().join("watch.component")),
        signers: Vec::new(),
        downstreams: Vec::new(),
        allow: BTreeMap::new(),
        deadline: ms(2_000),
        answer_reserve: ms(100),
        degraded_max_age: Duration::ZERO,
        server_timing: false,
        limits: Limits {
            memory: 64 << 20,
            table_elements: 20_000,
            cpu: ms(100),
            cpu_weight: 100,
            cpu_wait: ms(1_000),
            calls: 16,
            concurrent_calls: 8,
            repeated_calls: 8,
            downstream_bytes: 8 << 20,
            response_size: 1 << 20,
            streamed_from: 1 << 20,
            stream_ahead: 32 << 10,
            hostcall_bytes: 4 << 20,
            handles: 64,
            formatters: 64,
            log_lines: 64,
            log_rate: 1 << 20,
            concurrency: 64,
            queue: 128,
            queue_timeout: ms(100),
        },
        config: BTreeMap::new(),
        smoke: None,
        canary: Canary::default(),
    };
    let expected = Config {
        server: Server {
            listen: "127.0.0.1:8080".parse().unwrap(),
            workers: std::thread::available_parallelism().unwrap(),
            max_connections: 10_000,
            file_reserve: 64,
            header_timeout: ms(5_000),
            idle_timeout: ms(75_000),
            body_timeout: ms(10_000),
            max_header_size: 32 << 10,
            max_headers: 100,
            max_body_size: 1 << 20,
            max_get_body_size: 64 << 10,
            max_bytes_in_flight: 256 << 20,
            flush_timeout: ms(30_000),
            min_rate: 500,
            linger_timeout: ms(10_000),
            linger_size: 16 << 20,
            max_streams: 128,
            max_control_frames: 1_000,
            max_resets: 100,
            drain_delay: ms(0),
            shutdown_timeout: ms(10_000),
            max_worker_restarts: 3,
        },
        admin: Some(Admin {
            listen: "127.0.0.1:8081".parse().unwrap(),
            tls: None,
            tokens: false,
            hosts: Vec::new(),
            max_connections: 64,
            health_connections: 16,
            header_timeout: ms(15_000),
            write_timeout: ms(10_000),
            health_timeout: ms(5_000),
        }),
        log: Log {
            format: LogFormat::Text,
            level: "info".to_owned(),
            access: true,
            unreadable_lines: 10,
            refused_lines: 100,
        },
        record: Arc::default(),
        engine: Engine {
            data_dir: check::default_data_dir(&golden().join("minimal.toml"), |name| {
                std::env::var_os(name)
            })
            .unwrap(),
            instances: 512,
            watch_interval: ms(500),
            max_retry_wait: ms(60_000),
            max_component_size: 64 << 20,
            compile: Compile {
                cpu: ms(30_000),
                memory: 1 << 30,
                timeout: ms(300_000),
                jobs: (std::thread::available_parallelism().unwrap().get() / 2).max(1),
            },
            compiled: CompiledCode {
                max_unused: 7 * 24 * ms(3_600_000),
                max_size: 1 << 30,
            },
        },
        releases: Releases::default(),
        calls: Calls {
            max_in_flight: 4_096,
            optional_share: 80,
        },
        profiles: BTreeMap::new(),
        downstreams: BTreeMap::new(),
        bffs: BTreeMap::from([("watch".to_owned(), bff)]),
        routes: vec![Route {
            client: "watch".to_owned(),
            bff: "watch".to_owned(),
            host: None,
            path: "/".to_owned(),
            headers: Vec::new(),
            methods: vec![Method::GET],
        }],
    };
    assert_eq!(config, expected);
}

#[test]
fn a_maximal_file_is_read_key_by_key() {
    let config = load_golden("maximal").unwrap_or_else(|error| panic!("{error}"));
    let server = Server {
        listen: "0.0.0.0:9000".parse().unwrap(),
        workers: NonZeroUsize::new(3).unwrap(),
        max_connections: 2_000,
        file_reserve: 100,
        header_timeout: ms(4_000),
        idle_timeout: ms(120_000),
        body_timeout: ms(1_500),
        max_header_size: 16 << 10,
        max_headers: 50,
        max_body_size: 2_000_000,
        max_get_body_size: 32 << 10,
        max_bytes_in_flight: 64 << 20,
        flush_timeout: ms(20_000),
        min_rate: 1 << 10,
        linger_timeout: ms(5_000),
        linger_size: 4 << 20,
        max_streams: 64,
        max_control_frames: 500,
        max_resets: 40,
        drain_delay: ms(15_000),
        shutdown_timeout: ms(20_000),
        max_worker_restarts: 5,
    };
    assert_eq!(config.server, server);
    assert_eq!(config.admin, Some(maximal::admin()));
    assert_eq!(
        config.log,
        Log {
            format: LogFormat::Json,
            level: "warn,tailor=debug".to_owned(),
            access: false,
            unreadable_lines: 2,
            refused_lines: 50,
        }
    );
    assert_eq!(*config.record, maximal::record());
    assert_eq!(config.releases, released::releases());
    let engine = Engine {
        data_dir: PathBuf::from("/var/lib/tailor"),
        instances: 1_000,
        watch_interval: ms(2_000),
        max_retry_wait: ms(30_000),
        max_component_size: 8 << 20,
        compile: Compile {
            cpu: ms(10_000),
            memory: 3 << 30,
            timeout: ms(20_000),
            jobs: 3,
        },
        compiled: CompiledCode {
            max_unused: 2 * 24 * ms(3_600_000),
            max_size: 512 << 20,
        },
    };
    assert_eq!(config.engine, engine);
    assert_eq!(config.calls, maximal::calls());
    let watch = Bff {
        name: "watch".to_owned(),
        component: Some(golden().join("watch.component")),
        signers: Vec::new(),
        downstreams: vec!["activity".to_owned(), "heart".to_owned()],
        allow: BTreeMap::from([(
            "activity".to_owned(),
            vec![maximal::pattern(Some(Method::GET), "users * days")],
        )]),
        deadline: ms(800),
        answer_reserve: ms(60),
        degraded_max_age: ms(5_000),
        server_timing: true,
        limits: Limits {
            memory: 32 << 20,
            table_elements: 5_000,
            cpu: ms(50),
            cpu_weight: 300,
            cpu_wait: ms(40),
            calls: 4,
            concurrent_calls: 2,
            repeated_calls: 3,
            downstream_bytes: 1_000_000_000,
            response_size: 512,
            streamed_from: 2 << 20,
            stream_ahead: 8 << 10,
            hostcall_bytes: 1 << 20,
            handles: 16,
            formatters: 8,
            log_lines: 0,
            log_rate: 128 << 10,
            concurrency: 10,
            queue: 0,
            queue_timeout: ms(20),
        },
        config: BTreeMap::from([
            ("Any key".to_owned(), String::new()),
            ("units".to_owned(), "metric".to_owned()),
        ]),
        smoke: Some(Smoke {
            path: "/ada?date=2026-01-15".to_owned(),
            headers: vec![header("accept", "application/json")],
            status: 404,
            fixture: Some(golden().join("fixture.json")),
        }),
        canary: released::canary(),
    };
    assert_eq!(config.bffs["watch"], watch);
    assert_eq!(config.bffs["phone"].component, None);
    let client = |bff: &str| config.bffs[bff].canary.client.clone();
    assert_eq!(client("phone"), ClientKey::Cookie("sid".to_owned()));
    assert_eq!(client("tablet"), ClientKey::Claim("sub".to_owned()));
    let first = Route {
        client: "wrist".to_owned(),
        bff: "watch".to_owned(),
        host: Some("watch.example.com".to_owned()),
        path: "/watch/v1".to_owned(),
        headers: vec![header("x-client", "watch"), header("x-generation", "3")],
        methods: vec![Method::GET, Method::POST],
    };
    assert_eq!(config.routes[1], first);
    assert_eq!(config.routes.len(), 4);
}

#[test]
fn defaults_give_way_to_what_is_written() {
    let config = parse_with(
        "engine.instances = 5
         bff.watch.deadline = \"50ms\"
         bff.watch.limits = { calls = 3, response-size = \"8MiB\" }",
    );
    assert_eq!(
        config.bffs["watch"].answer_reserve,
        Duration::from_micros(12_500)
    );
    let limits = &config.bffs["watch"].limits;
    assert_eq!((limits.cpu, limits.cpu_wait), (ms(50), ms(50)));
    assert_eq!(limits.queue_timeout, ms(50));
    assert_eq!((limits.concurrency, limits.concurrent_calls), (5, 3));
    assert!(limits.hostcall_bytes > limits.response_size, "{limits:?}");
    let config = parse_with("bff.watch.limits.hostcall-bytes = \"64KiB\"");
    assert_eq!(config.bffs["watch"].limits.response_size, 64 << 10);
    for (written, body, get_body, in_flight) in [
        ("max-bytes-in-flight = \"1MiB\"", 128, 64, 1),
        ("max-body-size = \"1GiB\"", 1 << 20, 64, 8 << 10),
        ("max-body-size = \"1KiB\"", 1, 1, 256),
        ("max-get-body-size = \"2MiB\"", 2 << 10, 2 << 10, 256),
    ] {
        let server = parse_with(&format!("server.{written}")).server;
        assert_eq!(server.max_body_size, body << 10, "{written}");
        assert_eq!(server.max_get_body_size, get_body << 10, "{written}");
        assert_eq!(server.max_bytes_in_flight, in_flight << 20, "{written}");
    }
}
