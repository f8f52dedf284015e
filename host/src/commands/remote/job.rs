//! The token of a CI job, which its CI system signs and the host exchanges for one of its own: of
//! GitLab and others, as a variable, and of GitHub, where an address of the job gives one.
//!
//! It is exchanged once, so that each command asks for one. At GitHub, a command that waits for
//! longer than the host's token lives asks for more. None of them is in a message.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, TryFutureExt as _};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use tailor::text::visible;

use super::address::Address;
use super::client::Remote;
use super::error::RemoteError;
use super::shown::{Renewal, Shown};
use super::token::bearer;
use super::transport::{JSON, Transport};

/// The token itself.
const GIVEN: &str = "TAILOR_ID_TOKEN";
/// Where a job at GitHub gets one, and what it shows there.
const PLACE: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
/// What the token is to be for.
const AUDIENCE: &str = "TAILOR_AUDIENCE";
/// Time for each of the two answers.
const ANSWER: Duration = Duration::from_secs(30);
/// How long before its end a token is replaced, or a fourth of its life.
const MARGIN: Duration = Duration::from_secs(60);

/// Where a job has its token.
pub enum JobToken {
    Given(String),
    Github { place: String, token: String },
}

/// What a host gives for it.
#[derive(Deserialize)]
struct Exchanged {
    token: String,
    team: String,
    made: String,
    expires: String,
}

impl JobToken {
    /// That of the environment, if this is a job that has one.
    pub fn of_environment() -> Option<Self> {
        let variable = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        if let Some(token) = variable(GIVEN) {
            return Some(Self::Given(token.trim().to_owned()));
        }
        let (place, token) = (variable(PLACE)?, variable(REQUEST_TOKEN)?);
        Some(Self::Github { place, token })
    }

    /// Exchanges it at a host, which is asked with the new one from then on, and with others where
    /// the job can ask for more of them.
    ///
    /// # Errors
    ///
    /// Why there is no token.
    pub async fn exchange(self, remote: Remote) -> anyhow::Result<Remote> {
        let job = Job {
            token: self,
            host: remote.secret_transport(),
        };
        let is_of_none = |error: &anyhow::Error| error.downcast_ref().is_some_and(is_of_none);
        match (job.exchanged().await, &job.token) {
            (Ok(shown), Self::Given(_)) => Ok(Remote::showing(job.host, shown, None)),
            (Ok(shown), Self::Github { .. }) => {
                let host = job.host.clone();
                Ok(Remote::showing(host, shown, Some(Box::new(job))))
            }
            // Most jobs could have such a token, and not every host takes one.
            (Err(error), Self::Github { .. }) if is_of_none(&error) => {
                let url = remote.url();
                anstream::eprintln!("tailor: {url} takes no tokens of CI jobs; going on without");
                Ok(remote)
            }
            (Err(error), _) => Err(error),
        }
    }
}

/// A job, and the host that it has a token for.
struct Job {
    token: JobToken,
    host: Transport,
}

impl Job {
    /// A token of the host for one of the job. Says so on standard error.
    async fn exchanged(&self) -> anyhow::Result<Shown> {
        let token = match &self.token {
            JobToken::Given(token) => token.clone(),
            JobToken::Github { place, token } => {
                let audience = std::env::var(AUDIENCE).ok().filter(|text| !text.is_empty());
                let audience = audience.unwrap_or_else(|| self.host.url().to_ascii_lowercase());
                github(place, token, &audience).await?
            }
        };
        let asked = Instant::now();
        let exchanged = self.at_the_host(&token).await;
        let exchanged = exchanged.map_err(|error| without(error, &token))?;
        let (team, expires) = (visible(&exchanged.team), visible(&exchanged.expires));
        anstream::eprintln!("tailor: a token for {team} until {expires}");
        let due = exchanged.lifetime();
        Ok(Shown {
            authorization: bearer("the host's answer", &exchanged.token)?,
            due: due.and_then(|lifetime| asked.checked_add(lifetime - MARGIN.min(lifetime / 4))),
        })
    }

    async fn at_the_host(&self, token: &str) -> Result<Exchanged, RemoteError> {
        let order = Bytes::from(json!({"token": token}).to_string());
        let request = self.host.request(Method::POST, "/v1/tokens/exchange");
        let request = request.header(CONTENT_TYPE, JSON);
        let answer = self.host.ask(request, order, ANSWER).await?;
        self.host.document(&answer)
    }
}

impl Renewal for Job {
    fn renew(&self) -> BoxFuture<'_, Option<Shown>> {
        let renewing = self.exchanged().map_err(|error| {
            anstream::eprintln!("tailor: the token ends, and there is no other one: {error:#}");
        });
        renewing.map(Result::ok).boxed()
    }
}

impl Exchanged {
    /// How long the token is valid, by the host's clock alone.
    fn lifetime(&self) -> Option<Duration> {
        let [made, expires] = [&self.made, &self.expires].map(|it| humantime::parse_rfc3339(it));
        expires.ok()?.duration_since(made.ok()?).ok()
    }
}

/// The error without the token, which an answer may have in it.
fn without(error: RemoteError, token: &str) -> RemoteError {
    match error {
        RemoteError::Refused { url, mut problem } => {
            problem.hide(token);
            RemoteError::Refused { url, problem }
        }
        RemoteError::NotTailor { url, status, .. } => {
            let status = status.map_or(0, |it| it.as_u16());
            let why = format!("it exchanges no token (status {status})");
            RemoteError::NotTailor {
                url,
                status: None,
                why,
                retry_after: None,
            }
        }
        error => error,
    }
}

/// Whether a host has no CI systems, or knows nothing of them.
fn is_of_none(error: &RemoteError) -> bool {
    let nothing_there = |status: StatusCode, step: &str| match status {
        StatusCode::NOT_FOUND => true,
        // One of before: its path of tokens has other methods.
        StatusCode::METHOD_NOT_ALLOWED => step == "method",
        _ => false,
    };
    error
        .problem()
        .is_some_and(|it| nothing_there(it.status, &it.step))
}

/// Asks GitHub for the token of the job.
async fn github(place: &str, token: &str, audience: &str) -> anyhow::Result<String> {
    let wrong = || format!("{PLACE}: no address; GitHub sets it with permissions: id-token: write");
    let url: Uri = place.parse().ok().with_context(wrong)?;
    let (Some(scheme), Some(authority)) = (url.scheme(), url.authority()) else {
        bail!(wrong());
    };
    let address: Result<Address, String> = format!("{scheme}://{authority}").parse();
    let address = address.ok().with_context(wrong)?;
    let path = url.path_and_query().map_or("/", |it| it.as_str());
    let sign = if path.contains('?') { '&' } else { '?' };
    let audience = utf8_percent_encode(audience, NON_ALPHANUMERIC);
    let path = format!("{path}{sign}audience={audience}");
    let shown: HeaderValue = bearer(REQUEST_TOKEN, token)?;
    // It reads the authorities of the system.
    let opening = tokio::task::spawn_blocking(move || Remote::new(address, Some(shown), None));
    let github = opening.await??;
    let answer = github.get::<Value>(&path, ANSWER).await;
    let answer = answer.map_err(|error| anyhow::anyhow!("{PLACE}: no token: {}", why(&error)))?;
    let value = answer["value"].as_str().unwrap_or_default();
    ensure!(!value.is_empty(), "{PLACE}: the answer has no token");
    Ok(value.to_owned())
}

/// An error without what was answered, which may be a token in another form.
fn why(error: &RemoteError) -> String {
    match error {
        RemoteError::Unreachable { why, .. }
        | RemoteError::Lost { why, .. }
        | RemoteError::Tls { why, .. } => why.clone(),
        RemoteError::Unencrypted { .. } => "it is not an address of https".to_owned(),
        RemoteError::NotTailor {
            status: Some(status),
            ..
        } => format!("the answer has the status {}", status.as_u16()),
        RemoteError::NotTailor { .. } => "the answer is no HTTP".to_owned(),
        RemoteError::Refused { problem, .. } => {
            format!("the answer has the status {}", problem.status.as_u16())
        }
    }
}
