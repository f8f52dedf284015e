//! `tailor call`: one request into a component, without a socket.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};
use tailor::bff::load::Loaded;
use tailor::bff::run::Fixed;
use tailor::bff::runtime::Runtime;
use tailor::config::{self, Bff, Config};
use tailor::fixture::Fixture;
use tailor::invoke::{Invoked, detached, invoke};

use super::kept_code::KeptCode;

#[derive(Args)]
pub struct Call {
    /// The component file
    component: PathBuf,
    /// Files with a request and the services' answers; each is run
    #[arg(short, long, value_name = "FILE", required = true, num_args = 1..)]
    fixture: Vec<PathBuf>,
    /// A configuration file, for the limits and the settings of --bff
    #[arg(short, long, value_name = "FILE", requires = "bff")]
    config: Option<PathBuf>,
    /// The BFF of the configuration file whose limits and settings apply
    #[arg(short, long, value_name = "NAME", requires = "config")]
    bff: Option<String>,
}

impl Call {
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let config = self.config.as_deref().map(config::load).transpose()?;
        let code = KeptCode::open(config.as_ref());
        let settings = self.settings(config)?;
        let runtime = Arc::new(Runtime::new(1)?);
        let loaded = code.load(&runtime, &self.component)?;
        let mut failed = false;
        for path in &self.fixture {
            let fixture = Arc::new(Fixture::read(path)?);
            let (report, good) = run(
                &runtime,
                &loaded,
                settings.clone(),
                &self.component,
                &fixture,
            )
            .await?;
            println!("{report:#}");
            failed |= !good;
        }
        Ok(if failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }

    fn settings(&self, config: Option<Config>) -> anyhow::Result<Option<Bff>> {
        let (Some(mut config), Some(path), Some(name)) = (config, &self.config, &self.bff) else {
            return Ok(None);
        };
        let known = config.bffs.keys().cloned().collect::<Vec<_>>().join(", ");
        let bff = config.bffs.remove(name);
        Ok(Some(bff.with_context(|| {
            format!("{}: no bff.{name}; there are {known}", path.display())
        })?))
    }
}

async fn run(
    runtime: &Runtime,
    loaded: &Arc<Loaded>,
    settings: Option<Bff>,
    component: &std::path::Path,
    fixture: &Arc<Fixture>,
) -> anyhow::Result<(Value, bool)> {
    let name = component
        .file_stem()
        .map_or_else(|| "bff".into(), |stem| stem.to_string_lossy());
    // Without a configuration, the services that the fixture answers for are the ones granted.
    let mut settings =
        settings.unwrap_or_else(|| Bff::with_defaults(&name, component, &fixture.services()));
    settings.config.extend(fixture.config.clone());
    let version = detached(settings, loaded.clone(), |service| fixture.canned(service));
    let fixed = Fixed {
        now_ms: fixture.now_ms()?,
        seed: Some(fixture.seed),
    };
    let invoked = invoke(runtime, &version, fixture.request()?, fixed, 0).await;
    let differences = match (&fixture.expect, &invoked.result) {
        (Some(expect), Ok(answer)) => expect.differences(answer),
        _ => Vec::new(),
    };
    let good = invoked.result.is_ok() && differences.is_empty();
    Ok((report(&invoked, differences), good))
}

fn report(invoked: &Invoked, differences: Vec<String>) -> Value {
    let calls: Vec<Value> = invoked
        .calls
        .iter()
        .map(|call| {
            let took = u64::try_from(call.took.as_micros()).unwrap_or(u64::MAX);
            let mut shown = match call.outcome {
                Ok(status) => json!({"service": *call.service, "status": status, "bytes": call.bytes, "took_us": took}),
                Err(kind) => json!({"service": *call.service, "failure": kind, "took_us": took}),
            };
            if call.calls > 1 {
                shown["calls"] = json!(call.calls);
            }
            shown
        })
        .collect();
    let mut report = match &invoked.result {
        Ok(answer) => {
            let headers: Vec<Value> = answer
                .headers
                .iter()
                .map(|(name, value)| {
                    json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())])
                })
                .collect();
            let body = serde_json::from_slice::<Value>(&answer.body)
                .unwrap_or_else(|_| json!(String::from_utf8_lossy(&answer.body)));
            json!({"response": {"status": answer.status.as_u16(), "headers": headers, "body": body, "bytes": answer.body.len()}})
        }
        Err(error) => {
            let backtrace: Vec<String> = error.backtrace().lines().map(str::to_owned).collect();
            json!({"error": error.to_string(), "backtrace": backtrace})
        }
    };
    report["log"] = json!(invoked.log);
    if invoked.log_dropped > 0 {
        report["log_dropped"] = json!(invoked.log_dropped);
    }
    report["calls"] = json!(calls);
    report["cost"] = json!(invoked.cost);
    if !differences.is_empty() {
        report["differences"] = json!(differences);
    }
    report
}
