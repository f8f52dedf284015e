//! `docs/reference/metrics.md` matches `/metrics`: its table is made of an example of it, with a
//! series of each metric.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::once;
use std::time::Duration;

use super::*;
use crate::page;
use crate::telemetry::metrics::{Cut, Metrics, Outcome, Reload, Unreadable};

/// A service with a rule, and a BFF.
#[derive(Debug)]
struct Example;

impl Collector for Example {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families::from(encoder);
        ServiceMetrics::write(&[("users", &ServiceMetrics::default())], &mut families)?;
        let rule = [("service", "users"), ("rule", "GET /")];
        families.gauges(RULE_BREAKER.0, RULE_BREAKER.1, once((rule, 0)))?;
        example(&SERVICE, "service", &mut families)?;
        example(&BFF, "bff", &mut families)?;

        let bff = Arc::new(BffMetrics::default());
        let version = bff.version("3f2a91c07d55");
        version.request(Outcome::ClientGone, Duration::ZERO);
        bff.shadow_run("same");
        bff.shadow_shed("busy");
        BffMetrics::write(&[("watch", bff)], &mut families)
    }
}

fn example<T>(gauges: &[Gauge<T>], label: &str, families: &mut Families<'_>) -> fmt::Result {
    for gauge in gauges {
        families.gauges(gauge.name, gauge.help, once(([(label, "x")], 0)))?;
    }
    Ok(())
}

/// What `/metrics` shows of a host to which everything has happened once.
fn shown() -> String {
    let metrics = Metrics::default();
    for reason in [Cut::Frames, Cut::Resets, Cut::Room] {
        metrics.cut(reason);
    }
    let heads = [Unreadable::Malformed, Unreadable::Target, Unreadable::Head];
    for head in heads {
        metrics.unreadable(head);
    }
    metrics.unrouted("not-found");
    metrics.reload(Reload::Done);
    metrics.swaps.count("watch", "published");
    let mut registry = metrics.registry();
    registry.register_collector(Box::new(Example));
    crate::telemetry::metrics::exposition(&registry)
}

/// A metric, by the name that its samples have.
#[derive(Default)]
struct Family {
    kind: String,
    help: String,
    /// In the order in which they are written.
    labels: Vec<String>,
}

fn families(text: &str) -> BTreeMap<String, Family> {
    let mut found = BTreeMap::<String, Family>::new();
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", name, help] => {
                help.clone_into(&mut found.entry(name.to_owned()).or_default().help)
            }
            ["#", "TYPE", name, kind] => {
                kind.clone_into(&mut found.entry(name.to_owned()).or_default().kind)
            }
            _ => {}
        }
    }
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for (name, family) in &mut found {
        let sample = samples.iter().find(|line| {
            let after = line.strip_prefix(name.as_str());
            after.is_some_and(|after| !after.starts_with("_created") && is_sample(after))
        });
        let sample = sample.unwrap_or_else(|| panic!("{name} has no example"));
        family.labels = labels(sample);
    }
    found
}

/// Whether this stands behind the name of a family in one of its samples.
fn is_sample(after: &str) -> bool {
    let suffix = after.split(['{', ' ']).next();
    matches!(suffix, Some("" | "_total" | "_count"))
}

fn labels(sample: &str) -> Vec<String> {
    let Some((_, labels)) = sample.split_once('{') else {
        return Vec::new();
    };
    let quoted = labels.split('"').step_by(2);
    let names = quoted.map(|it| it.trim_matches([',', '=', '}', ' ']));
    names
        .filter(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_page_of_metrics_is_what_is_shown() {
    let families = families(&shown());
    let rows: Vec<Vec<String>> = families
        .iter()
        .map(|(name, family)| row(name, family))
        .collect();
    let table = page::table(&["metric", "type", "labels", "counts"], &rows);
    page::check("metrics.md", &[("metrics".to_owned(), table)].into());
}

fn row(name: &str, family: &Family) -> Vec<String> {
    let suffix = match family.kind.as_str() {
        "counter" => "_total",
        _ => "",
    };
    let labels: Vec<String> = family.labels.iter().map(|it| format!("`{it}`")).collect();
    vec![
        format!("`{name}{suffix}`"),
        family.kind.clone(),
        labels.join(", "),
        family.help.clone(),
    ]
}

#[test]
fn the_page_of_metrics_names_the_values_of_closed_labels() {
    let page = include_str!("../../../../../docs/reference/metrics.md");
    let shown = shown();
    let mut values = BTreeSet::new();
    for label in ["event", "reason", "result", "status", "about"] {
        let start = format!("{label}=\"");
        let all = shown.split(&*start).skip(1);
        values.extend(all.filter_map(|rest| rest.split('"').next()));
    }
    assert!(values.len() > 25, "{values:?}");
    for value in values {
        assert!(
            page.contains(&format!("`{value}`")),
            "{value} is not on the page"
        );
    }
}
