//! `tailor shadow`: what a component would answer differently, on what clients ask now.

use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use tailor::text::visible;
use tokio::time::sleep;

use super::order::{OrderError, Patience, Report, key_or_random, timeout};
use super::remote::{Access, Bff, Reference, Remote, bff_name, resolve, short};

/// How long it runs where nobody says.
const LASTS: Duration = Duration::from_secs(600);
/// How often the host is asked.
const PAUSE: Duration = Duration::from_secs(1);
/// Time for answers besides that of the shadow.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The exit code where something differs.
const DIFFERS: u8 = 2;
/// The exit code where nothing was compared.
const NOTHING: u8 = 6;

#[derive(Args)]
pub struct Shadow {
    #[command(flatten)]
    wanted: Wanted,
    /// End it, and print its report
    #[arg(long, conflicts_with_all = ["component", "sample", "lasts"])]
    end: bool,
    /// Print a JSON document a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: Access,
}

#[derive(Args)]
struct Wanted {
    /// The BFF
    #[arg(value_name = "BFF", value_parser = bff_name)]
    bff: String,
    /// The component: live, previous, latest, a digest or its first digits. Without, the report of
    /// now is printed
    #[arg(value_name = "NAME")]
    component: Option<Reference>,
    /// How long it runs [default: 10m]
    #[arg(long = "for", value_name = "TIME", requires = "component", value_parser = timeout)]
    lasts: Option<Duration>,
    /// Of 100 GET requests, how many are taken [default: releases.shadow.sample of the host]
    #[arg(long, value_name = "PERCENT", requires = "component",
        value_parser = clap::value_parser!(u8).range(1..=100))]
    sample: Option<u8>,
}

/// What it has found.
#[derive(Deserialize)]
struct Found {
    state: String,
    #[serde(default)]
    reason: Option<String>,
    live: String,
    candidate: String,
    differs: bool,
    requests: u64,
    runs: u64,
    same: u64,
    dropped: u64,
    shed: serde_json::Map<String, Value>,
    failed: Vec<Counted>,
    status: Vec<Counted>,
    headers: Vec<Counted>,
    body: Vec<Counted>,
    noise: Vec<Noise>,
    /// Of what nothing can be said.
    #[serde(default)]
    unknown: Vec<String>,
    new_calls: Vec<Counted>,
    missing_calls: Vec<Counted>,
    usage: Used,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Counted {
    kind: String,
    pointer: String,
    name: String,
    call: String,
    code: String,
    times: u64,
    of_live: u64,
    runs_of_live: u64,
    examples: Vec<Example>,
}

/// Where what is live differs from itself.
#[derive(Deserialize)]
struct Noise {
    place: String,
    kind: String,
    of_live: u64,
    runs_of_live: u64,
    left_out: u64,
}

#[derive(Deserialize)]
struct Example {
    #[serde(default)]
    live: Option<String>,
    #[serde(default)]
    candidate: Option<String>,
}

#[derive(Deserialize)]
struct Used {
    served: Option<Usage>,
    live: Option<Usage>,
    candidate: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    cpu_us_p50: u64,
    cpu_us_p95: u64,
    memory: u64,
}

impl Shadow {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let mut report = Report::new(&self.wanted.bff, self.json);
        let ended = self.order(&mut report).await;
        report.end(ended).map(ExitCode::from)
    }

    async fn order(self, report: &mut Report) -> anyhow::Result<u8> {
        let Self {
            wanted,
            end,
            access,
            ..
        } = self;
        let mut patience = Patience::new(wanted.lasts().saturating_add(TIMEOUT));
        let remote = access.open().await?;
        let path = format!("/v1/bffs/{}/shadow", wanted.bff);
        let found = if end {
            let ending = async |left| remote.delete(&path, left).await;
            patience
                .ask(report, ending)
                .await
                .map_err(OrderError::from)?
        } else {
            let begun = match &wanted.component {
                Some(name) => {
                    let began = wanted.begin(&remote, &path, name, &mut patience, report);
                    Some(began.await?)
                }
                None => None,
            };
            let waited = wanted.wait(&remote, &path, begun.as_ref(), &mut patience, report);
            waited.await?
        };
        told(&found, report)
    }
}

impl Wanted {
    fn lasts(&self) -> Duration {
        self.lasts.unwrap_or(LASTS)
    }

    async fn begin(
        &self,
        remote: &Remote,
        path: &str,
        name: &Reference,
        patience: &mut Patience,
        report: &mut Report,
    ) -> Result<Value, OrderError> {
        let bff_path = format!("/v1/bffs/{}", self.bff);
        let asking = async |left| remote.get(&bff_path, left).await;
        let bff: Bff = patience.ask(report, asking).await?;
        if !bff.releases {
            return Err(OrderError::FromFile(self.bff.clone()));
        }
        let digest = resolve(remote, &bff, name, patience.left()).await;
        let digest = digest.map_err(OrderError::Compared)?;
        let mut order = json!({"digest": digest, "for": format!("{}s", self.lasts().as_millis().div_ceil(1000))});
        if let Some(sample) = self.sample {
            order["sample"] = json!(sample);
        }
        let order = Bytes::from(order.to_string());
        let key = key_or_random(None).unwrap_or_else(|_| "shadow".to_owned());
        let sending = async |left| remote.post(path, order.clone(), &key, left).await;
        let begun: Value = patience.ask(report, sending).await?;
        let lasts = humantime::format_duration(self.lasts());
        let sentence = format!("{} runs beside what is live, for {lasts}", short(&digest));
        report.step("running", &sentence, json!({"candidate": digest}));
        Ok(begun)
    }

    /// Waits for the end of the one that was begun here, if one was.
    async fn wait(
        &self,
        remote: &Remote,
        path: &str,
        begun: Option<&Value>,
        patience: &mut Patience,
        report: &mut Report,
    ) -> Result<Value, OrderError> {
        loop {
            let asking = async |left| remote.get(path, left).await;
            let found: Value = patience.ask(report, asking).await?;
            if begun.is_some_and(|begun| is_other(begun, &found)) {
                return Err(OrderError::OtherShadow(self.bff.clone()));
            }
            if begun.is_none() || found["state"] == "ended" {
                return Ok(found);
            }
            sleep(PAUSE).await;
        }
    }
}

/// Whether two reports are of different shadows.
fn is_other(one: &Value, other: &Value) -> bool {
    let members = ["candidate", "since"];
    members.iter().any(|it| one[it] != other[it])
}

/// Prints a report. Returns the exit code.
fn told(document: &Value, report: &mut Report) -> anyhow::Result<u8> {
    let found = Found::deserialize(document)?;
    for line in lines(&found) {
        report.say(&line);
    }
    report.tell("report", json!({"report": document}));
    Ok(match found.differs {
        true => DIFFERS,
        false if found.runs == 0 || !found.unknown.is_empty() => NOTHING,
        false => 0,
    })
}

fn lines(found: &Found) -> Vec<String> {
    let mut lines = Vec::new();
    let (live, candidate) = (short(&found.live), short(&found.candidate));
    let reason = found.reason.as_ref().map(|it| format!(" ({it})"));
    lines.push(format!(
        "{candidate} against {live}: {}{}",
        found.state,
        reason.unwrap_or_default()
    ));
    lines.push(format!(
        "{} requests, {} runs, {} of them the same",
        found.requests, found.runs, found.same
    ));
    let of = |times: u64| format!("{times} of {}", found.runs);
    let often = |it: &Counted| match it.of_live {
        0 => of(it.times),
        live => format!(
            "{}, what is live in {live} of {}",
            of(it.times),
            it.runs_of_live
        ),
    };
    for it in &found.status {
        lines.push(format!("status: {}{}", often(it), examples(it)));
    }
    for it in &found.headers {
        let what = format!("header {} {}", it.name, it.kind);
        lines.push(format!("{what}: {}{}", often(it), examples(it)));
    }
    for it in &found.body {
        let place = if it.pointer.is_empty() {
            "body"
        } else {
            &it.pointer
        };
        let what = format!("{place} {}", it.kind);
        lines.push(format!("{what}: {}{}", often(it), examples(it)));
    }
    for (name, calls) in [("new", &found.new_calls), ("missing", &found.missing_calls)] {
        let calls = calls.iter();
        lines.extend(calls.map(|it| format!("{name} call {}: {}", it.call, of(it.times))));
    }
    let failed = found.failed.iter();
    lines.extend(failed.map(|it| {
        let of_live = match it.of_live {
            0 => String::new(),
            live => format!(", in {live} of them as what is live"),
        };
        format!("failed with {}: {}{of_live}", it.code, of(it.times))
    }));
    let unknown = found.unknown.iter();
    lines.extend(unknown.map(|it| format!("not all was compared: {it}")));
    lines.extend(found.noise.iter().map(|it| {
        let (place, kind, left_out) = (&it.place, &it.kind, it.left_out);
        let live = format!("{} of {}", it.of_live, it.runs_of_live);
        format!("noise {place} {kind}: what is live in {live}, left out: {left_out}")
    }));
    if !found.shed.is_empty() {
        let shed = found.shed.iter();
        let shed: Vec<String> = shed
            .map(|(reason, count)| format!("{count} {reason}"))
            .collect();
        lines.push(format!("left out: {} ({})", found.dropped, shed.join(", ")));
    }
    let usage = &found.usage;
    for (name, usage) in [
        ("as served", &usage.served),
        ("live again", &usage.live),
        ("candidate", &usage.candidate),
    ] {
        if let Some(usage) = usage {
            lines.push(format!(
                "{name}: {} us of CPU, {} us at the 95th percentile, {} bytes of memory",
                usage.cpu_us_p50, usage.cpu_us_p95, usage.memory
            ));
        }
    }
    let what = match found.differs {
        true => "it differs",
        false if found.runs == 0 => "nothing was compared",
        false if !found.unknown.is_empty() => "no difference was found in what was compared",
        false => "no difference",
    };
    lines.push(what.to_owned());
    lines
}

fn examples(counted: &Counted) -> String {
    let text = |it: &Option<String>| it.clone().unwrap_or_else(|| "nothing".to_owned());
    let examples = counted.examples.iter();
    let examples = examples.map(|it| format!("{} -> {}", text(&it.live), text(&it.candidate)));
    match examples.collect::<Vec<_>>() {
        all if all.is_empty() => String::new(),
        all => format!(", {}", visible(&all.join("; "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_of_another_order_is_known() {
        let report = |candidate: &str, since: &str| json!({"candidate": candidate, "since": since});
        let ours = report("a", "2026-01-01T00:00:00.000Z");
        assert!(!is_other(&ours, &ours));
        assert!(is_other(&ours, &report("b", "2026-01-01T00:00:00.000Z")));
        assert!(is_other(&ours, &report("a", "2026-01-01T00:00:00.001Z")));
    }
}
