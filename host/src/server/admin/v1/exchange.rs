//! Tokens for jobs of CI systems, for what those sign: without another token, and once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::json;
use super::order::read;
use super::problem::V1Problem;
use crate::ci::{CiError, CiIssuers, Job, JobName};
use crate::object::Object;
use crate::releases::{Act, Exchange, NewToken, Rights, Scope};
use crate::server::admin::{AdminBody, Pages};
use crate::server::inbound::RequestId;
use crate::sync;

/// The order, as the audit names it.
const WHAT: &str = "POST /v1/tokens/exchange";
/// Refusals of jobs that a rule is for, which the audit gets in this time from each CI system. It
/// gets none of others: at a CI system that anybody may use, anybody has proven tokens, and the
/// audit has an end.
const NOTED: usize = 10;
const NOTED_IN: Duration = Duration::from_secs(3600);

/// What exchanges share.
#[derive(Default)]
pub(in crate::server::admin) struct Exchanges {
    issuers: CiIssuers,
    /// When refusals were noted, the last ones of each CI system.
    noted: Mutex<BTreeMap<String, VecDeque<Instant>>>,
}

/// The body of the order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExchangeBody {
    token: String,
}

/// Exchanges a token of a CI system for one of this host. The answer is the only place that has it.
pub(super) async fn exchange(
    request: Request<Incoming>,
    pages: &Pages,
    id: &RequestId,
) -> Result<Response<AdminBody>, V1Problem> {
    let (bytes, _) = read(request).await?;
    // What serde says of a body may have the token in it.
    let Object(body): Object<ExchangeBody> = serde_json::from_slice(&bytes).map_err(|_| {
        let what = "the order has another form";
        let fix = "send {\"token\": \"..\"} with the token of the CI system";
        V1Problem::new(StatusCode::BAD_REQUEST, "order", what, fix)
    })?;
    let config = pages.shared.snapshot.load().config.clone();
    let issuers = &pages.exchanges.issuers;
    let proven = issuers.prove(&config.releases.ci, &body.token, SystemTime::now());
    let job = proven.await.map_err(|error| {
        let problem = problem(&error);
        if let Some(JobName { issuer, subject }) = error.who() {
            let step = problem.step;
            tracing::info!(%id, issuer, subject, step, "a job gets no token");
        }
        problem
    })?;
    let (who, rule) = (job.who.clone(), job.rule);
    let (new, exchange) = ordered(job);
    match pages.orders.exchange(new, exchange).await {
        Ok((token, secret)) => {
            let (issuer, subject) = (&who.issuer, &who.subject);
            let (team, token_id) = (&token.team, &token.id);
            tracing::info!(%id, issuer, subject, rule, team, token = token_id, "a job gets a token");
            let result = format!("rule {rule}: {subject}");
            note(pages, &who, Some(token.id.clone()), 201, result, id).await;
            let mut document = token.document();
            document["token"] = json!(secret);
            Ok(json(StatusCode::CREATED, &document))
        }
        Err(error) => {
            let problem = V1Problem::from(error);
            note_refusal(pages, &who, &problem, id).await;
            Err(problem)
        }
    }
}

/// The token to make for a job.
fn ordered(job: Job) -> (NewToken, Exchange) {
    let JobName { issuer, subject } = job.who;
    let new = NewToken {
        team: job.team,
        rights: Rights::Team {
            bffs: job.bffs.into_iter().collect(),
            scopes: job.scopes.into_iter().filter_map(Scope::of).collect(),
        },
        note: Some(format!("ci:{issuer} rule {}: {subject}", job.rule)),
        lifetime: job.lifetime,
    };
    let exchange = Exchange {
        issuer,
        once: job.once,
        until: job.until,
        known_until: job.known_until,
        most: job.max_tokens,
    };
    (new, exchange)
}

fn problem(error: &CiError) -> V1Problem {
    let (status, step) = match error {
        CiError::Nothing => (StatusCode::NOT_FOUND, "ci"),
        CiError::NoKeys => (StatusCode::SERVICE_UNAVAILABLE, "keys"),
        CiError::Unknown => (StatusCode::UNAUTHORIZED, "token"),
        CiError::Claims { .. } => (StatusCode::UNAUTHORIZED, "claims"),
        CiError::NoRule { .. } => (StatusCode::UNAUTHORIZED, "rule"),
    };
    let text = error.to_string();
    // Every text of these errors has its way out at the end.
    let (reason, fix) = text.rsplit_once("; ").unwrap_or((&text, ""));
    V1Problem::new(status, step, reason, fix)
}

/// Records that a job was refused that a rule is for, if few were before.
async fn note_refusal(pages: &Pages, who: &JobName, problem: &V1Problem, id: &RequestId) {
    let may = {
        let mut noted = sync::lock(&pages.exchanges.noted);
        noted.retain(|_, all| {
            all.retain(|at| at.elapsed() < NOTED_IN);
            !all.is_empty()
        });
        let noted = noted.entry(who.issuer.clone()).or_default();
        let may = noted.len() < NOTED;
        if may {
            noted.push_back(Instant::now());
        }
        may
    };
    if may {
        let (step, subject, reason) = (problem.step, &who.subject, &problem.reason);
        let result = format!("{step}: {subject}: {reason}");
        note(pages, who, None, problem.status.as_u16(), result, id).await;
    }
}

async fn note(
    pages: &Pages,
    who: &JobName,
    token: Option<String>,
    status: u16,
    result: String,
    id: &RequestId,
) {
    let act = Act {
        number: 0,
        at: SystemTime::now(),
        actor: format!("ci:{}", who.issuer),
        token,
        what: WHAT.to_owned(),
        status,
        result: Some(result),
        request: id.as_str().to_owned(),
    };
    if let Err(error) = pages.orders.note(act).await {
        tracing::warn!(%id, "an act is not recorded: {error}");
    }
}
