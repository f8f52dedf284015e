//! What an operator sees: health, metrics and the state of the BFFs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use downstream_mock::{Fault, Service, Services};
use tailor_harness::TestHost;

use crate::golden;
use crate::modules::{self, ECHO, Part};
use crate::wire::{ClientResponse, Wire, get, until};

async fn ask(host: &TestHost, method: &str, path: &str) -> ClientResponse {
    let address = host.host().admin_address().unwrap();
    let mut wire = Wire::connect(address).await;
    let request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    wire.send(&request).await;
    if method == "HEAD" {
        wire.head().await
    } else {
        wire.answer().await
    }
}

#[tokio::test]
async fn the_admin_listener_has_four_pages() {
    let services = Services::start().unwrap();
    let host = modules::examples(&services, "").start().await.unwrap();
    for (path, status, kind, body) in [
        ("/livez", 200, "text/plain; charset=utf-8", "ok\n"),
        ("/readyz", 200, "text/plain; charset=utf-8", "ready\n"),
        (
            "/metrics",
            200,
            "text/plain; version=0.0.4; charset=utf-8",
            "",
        ),
        ("/bffs", 200, "application/json", ""),
        (
            "/",
            404,
            "text/plain; charset=utf-8",
            "here are /livez, /readyz, /metrics, /bffs and /v1/openapi.json\n",
        ),
        ("/bffs/watch", 404, "text/plain; charset=utf-8", ""),
        ("/livez?x=1", 200, "text/plain; charset=utf-8", "ok\n"),
    ] {
        let answer = ask(&host, "GET", path).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, kind),
            "{path}"
        );
        assert!(
            answer.body.starts_with(body) && !answer.body.is_empty(),
            "{path}"
        );
        let head = ask(&host, "HEAD", path).await;
        assert_eq!((head.status, head.header("content-type")), (status, kind));
        assert_eq!(
            head.header("content-length"),
            answer.header("content-length"),
            "{path}"
        );
    }
    for method in ["POST", "DELETE", "PUT", "OPTIONS"] {
        let answer = ask(&host, method, "/bffs").await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    }
    for method in ["GET", "HEAD", "PUT"] {
        let answer = ask(&host, method, "/downstreams/heart/breaker").await;
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    }
    // What cannot be read is refused, not guessed.
    let answer = ask(&host, "POST", "/downstreams/heart/invalidate?tag=%zz").await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.starts_with("query:"), "{}", answer.body);
    // The two listeners have nothing in common.
    assert_eq!(host.get("/metrics").await.unwrap().status, 404);
    assert_eq!(ask(&host, "GET", "/watch/ada").await.status, 404);
}

#[tokio::test]
async fn there_need_not_be_an_admin_listener() {
    let builder = TestHost::builder().unwrap();
    let builder = builder.file("echo.wasm", &modules::echo(Part::Path));
    let builder = builder
        .unwrap()
        .config("admin.enabled = false")
        .config(ECHO);
    let host = builder.start().await.unwrap();
    assert!(host.host().admin_address().is_none());
    assert_eq!(host.get("/echo").await.unwrap().status, 200);
}

/// A host on which everything that has a metric has happened.
async fn busy(services: &Services) -> TestHost {
    let host = modules::examples(services, "").start().await.unwrap();
    for target in [
        "/watch/ada?date=2026-01-15",
        "/watch/ada?date=x",
        "/dashboard/ada",
        "/nowhere",
    ] {
        host.get(target).await.unwrap();
    }
    services
        .set_fault(Service::Heart, Fault::refuse())
        .await
        .unwrap();
    host.get("/watch/ada?date=2026-01-15").await.unwrap();
    let state = async || host.admin("/bffs").await.unwrap().json()["bffs"]["watch"].take();
    host.replace("watch.wasm", b"no component").unwrap();
    until(async || state().await["refused"].is_object().then_some(())).await;
    host.replace("watch.wasm", &modules::echo(Part::Path))
        .unwrap();
    until(async || (state().await["swaps"] == 1).then_some(())).await;
    host.get("/watch/ada").await.unwrap();
    host
}

async fn open_metrics(host: &TestHost) -> ClientResponse {
    let address = host.host().admin_address().unwrap();
    let answer = Wire::ask(
        address,
        "GET /metrics HTTP/1.1\r\nhost: localhost\r\n\
         accept: application/openmetrics-text;q=0.5,text/plain;q=0.3,*/*;q=0.2\r\n\r\n",
    )
    .await;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(
        (answer.header("content-type"), answer.header("vary")),
        (kind, "accept")
    );
    answer
}

/// Samples by name; each with its labels.
type Samples = BTreeMap<String, Vec<(BTreeMap<String, String>, f64)>>;

/// The metadata of a family.
struct Family {
    kind: String,
    help: String,
}

/// Families and samples of a text that keeps to OpenMetrics as far as these rules go.
fn parse(text: &str) -> (BTreeMap<String, Family>, Samples) {
    let (mut families, mut samples) = (BTreeMap::<String, Family>::new(), Samples::new());
    let mut family = String::new();
    let body = text
        .strip_suffix("# EOF\n")
        .unwrap_or_else(|| panic!("no end: {text}"));
    for line in body.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (kind, name, rest) = (words.next(), words.next().unwrap(), words.next().unwrap());
            if kind == Some("TYPE") {
                rest.clone_into(&mut families.get_mut(name).unwrap().kind);
            } else {
                assert_eq!(kind, Some("HELP"), "{line}");
                let said = Family {
                    kind: String::new(),
                    help: rest.to_owned(),
                };
                let before = families.insert(name.to_owned(), said);
                assert!(before.is_none(), "{name} occurs twice");
                name.clone_into(&mut family);
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series
            .strip_suffix('}')
            .and_then(|series| series.split_once('{'))
            .unwrap_or((series, ""));
        // No value of a label has a comma or a quote in it here.
        let labels = labels
            .split(',')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (label, value) = pair.split_once("=\"").unwrap();
                (
                    label.to_owned(),
                    value.strip_suffix('"').unwrap().to_owned(),
                )
            })
            .collect();
        let suffix = name.strip_prefix(family.as_str());
        let fits = match families[&family].kind.as_str() {
            "counter" => suffix == Some("_total"),
            "gauge" => suffix == Some(""),
            "histogram" => matches!(suffix, Some("_bucket" | "_sum" | "_count")),
            other => panic!("{line}: {other}"),
        };
        assert!(fits, "{line} below {family}");
        let value = value.parse().unwrap();
        samples
            .entry(name.to_owned())
            .or_default()
            .push((labels, value));
    }
    (families, samples)
}

/// The buckets of each histogram rise to `+Inf`, which is the count.
fn check_histogram(name: &str, samples: &Samples) {
    let counts = &samples[&format!("{name}_count")];
    assert_eq!(
        samples[&format!("{name}_sum")].len(),
        counts.len(),
        "{name}"
    );
    for (labels, count) in counts {
        let buckets: Vec<(f64, f64)> = samples[&format!("{name}_bucket")]
            .iter()
            .filter(|(of, _)| {
                labels
                    .iter()
                    .all(|(label, value)| of.get(label) == Some(value))
            })
            .map(|(of, value)| (of["le"].parse().unwrap(), *value))
            .collect();
        assert!(
            buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1),
            "{name}"
        );
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, *count)), "{name}");
    }
}

#[tokio::test]
async fn the_metrics_have_these_names_types_labels_and_helps() {
    let services = Services::start().unwrap();
    let host = busy(&services).await;
    let (families, samples) = parse(&open_metrics(&host).await.body);
    let mut names = String::new();
    for (family, Family { kind, help }) in &families {
        let labels: BTreeSet<&str> = samples
            .iter()
            .filter(|(name, _)| {
                let suffix = name.strip_prefix(family.as_str());
                matches!(suffix, Some("" | "_total" | "_bucket"))
            })
            .flat_map(|(_, all)| all.iter().flat_map(|(labels, _)| labels.keys()))
            .map(String::as_str)
            .collect();
        let labels: Vec<&str> = labels.into_iter().collect();
        writeln!(names, "{family} {kind} {}\n  {help}", labels.join(",")).unwrap();
        if kind == "histogram" {
            check_histogram(family, &samples);
        }
    }
    golden::check("metrics.txt", &names);
}

#[tokio::test]
async fn the_metrics_count_what_happened() {
    let services = Services::start().unwrap();
    let host = busy(&services).await;
    let (_, samples) = parse(&open_metrics(&host).await.body);
    let sum = |name: &str, wanted: &[(&str, &str)]| -> f64 {
        let fits = |labels: &BTreeMap<String, String>| {
            wanted
                .iter()
                .all(|(label, value)| labels.get(*label).is_some_and(|other| other == value))
        };
        let all = samples.get(name).into_iter().flatten();
        all.filter(|(labels, _)| fits(labels))
            .map(|(_, value)| value)
            .sum()
    };
    // The requests of a version that is gone are gone with it; the one of the new version is there.
    let requests = "tailor_requests_total";
    assert_eq!(
        sum(requests, &[("bff", "dashboard"), ("outcome", "2xx")]),
        1.0
    );
    assert_eq!(sum(requests, &[("bff", "watch"), ("outcome", "2xx")]), 1.0);
    assert_eq!(
        sum(
            "tailor_unrouted_requests_total",
            &[("outcome", "not-found")]
        ),
        1.0
    );
    let count = "tailor_request_duration_seconds_count";
    assert_eq!(sum(count, &[("bff", "watch")]), 4.0);
    assert_eq!(
        sum("tailor_guest_cpu_seconds_count", &[("bff", "watch")]),
        4.0
    );
    assert!(sum("tailor_guest_cpu_seconds_sum", &[("bff", "watch")]) > 0.0);
    assert!(sum("tailor_guest_memory_bytes_sum", &[("bff", "watch")]) >= 4.0 * 65536.0);
    let calls = "tailor_downstream_calls_total";
    assert_eq!(sum(calls, &[("service", "heart"), ("outcome", "2xx")]), 2.0);
    assert_eq!(
        sum(calls, &[("service", "heart"), ("outcome", "unreachable")]),
        1.0
    );
    assert_eq!(
        sum(
            "tailor_downstream_duration_seconds_count",
            &[("service", "heart")]
        ),
        3.0
    );
    for (result, count) in [("published", 1.0), ("refused", 1.0)] {
        let labels = [("bff", "watch"), ("result", result)];
        assert_eq!(sum("tailor_swaps_total", &labels), count, "{result}");
    }
    assert_eq!(sum("tailor_bff_refused", &[("bff", "watch")]), 0.0);
    assert_eq!(sum("tailor_bff_running", &[]), 0.0);
    assert_eq!(
        sum(
            "tailor_build_info",
            &[("version", env!("CARGO_PKG_VERSION"))]
        ),
        1.0
    );
    assert!(sum("tailor_client_connections", &[]) >= 1.0);
}

#[tokio::test]
async fn the_bffs_are_described() {
    let services = Services::start().unwrap();
    let host = modules::examples(&services, "").start().await.unwrap();
    host.get("/watch/ada?date=2026-01-15").await.unwrap();
    let state = host.admin("/bffs").await.unwrap().json();
    let names = |value: &serde_json::Value| -> Vec<String> {
        let map = value.as_object().unwrap();
        map.keys().cloned().collect()
    };
    assert_eq!(names(&state["bffs"]), ["dashboard", "partner", "watch"]);
    assert_eq!(
        names(&state["downstreams"]),
        ["activity", "goals", "heart", "profile", "sleep"]
    );
    let watch = &state["bffs"]["watch"];
    let sha256 = watch["sha256"].as_str().unwrap();
    assert_eq!(
        (sha256.len(), watch["version"].as_str()),
        (64, Some(&sha256[..12]))
    );
    let file = host.dir().join("watch.wasm");
    assert_eq!(watch["size"], std::fs::metadata(&file).unwrap().len());
    assert_eq!(watch["component"], file.display().to_string());
    assert_eq!(
        watch["downstreams"],
        serde_json::json!(["activity", "heart", "sleep"])
    );
    assert_eq!(watch["deadline_ms"], 60_000);
    assert_eq!(
        watch["routes"],
        serde_json::json!([{"client": "watch", "host": null, "path": "/watch"}])
    );
    for (key, value) in [
        ("running", serde_json::json!(0)),
        ("waiting", serde_json::json!(0)),
        ("swaps", serde_json::json!(0)),
        ("refused", serde_json::Value::Null),
        ("draining", serde_json::json!([])),
    ] {
        assert_eq!(watch[key], value, "{key}");
    }
    let published = watch["published_at"].as_str().unwrap();
    assert!(
        published.starts_with("20") && published.ends_with('Z'),
        "{published}"
    );
    let heart = &state["downstreams"]["heart"];
    assert_eq!(
        (&heart["connections"], &heart["waiting"]),
        (&1.into(), &0.into())
    );
}

#[tokio::test]
async fn a_refused_version_is_named_with_its_reason() {
    let services = Services::start().unwrap();
    let host = modules::examples(&services, "").start().await.unwrap();
    let state = async || host.admin("/bffs").await.unwrap().json()["bffs"]["watch"].take();
    let before = state().await["version"].clone();
    host.replace("watch.wasm", b"no component").unwrap();
    let refused = until(async || Some(state().await["refused"].take()).filter(|it| it.is_object()));
    let refused = refused.await;
    let reason = refused["reason"].as_str().unwrap();
    assert!(reason.contains("not a WebAssembly file"), "{reason}");
    assert!(refused["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(state().await["version"], before);
    let metrics = host.admin("/metrics").await.unwrap().text();
    assert!(
        metrics.contains("tailor_bff_refused{bff=\"watch\"} 1"),
        "{metrics}"
    );
    // The same with `curl`.
    let address = host.host().admin_address().unwrap();
    assert_eq!(Wire::ask(address, &get("/readyz", "")).await.status, 200);
}
