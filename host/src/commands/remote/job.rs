//! The token of a CI job, which its CI system signs and the host exchanges for one of its own: of
//! GitLab and others, as a variable, and of GitHub, where an address of the job gives one.
//!
//! It is exchanged once, so that each command asks for one. Neither of the two is in a message.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::{Value, json};
use tailor::text::visible;

use super::address::Address;
use super::client::Remote;
use super::error::RemoteError;
use super::token::bearer;

/// The token itself.
const GIVEN: &str = "TAILOR_ID_TOKEN";
/// Where a job at GitHub gets one, and what it shows there.
const PLACE: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const REQUEST_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";
/// What the token is to be for.
const AUDIENCE: &str = "TAILOR_AUDIENCE";
/// Time for each of the two answers.
const ANSWER: Duration = Duration::from_secs(30);

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

    /// Exchanges it at a host, which is asked with the new one from then on. Says so on standard
    /// error.
    ///
    /// # Errors
    ///
    /// Why there is no token.
    pub async fn exchange(self, mut remote: Remote) -> anyhow::Result<Remote> {
        let is_asked_for = matches!(self, Self::Given(_));
        let token = match self {
            Self::Given(token) => token,
            Self::Github { place, token } => {
                let audience = std::env::var(AUDIENCE).ok().filter(|text| !text.is_empty());
                let audience = audience.unwrap_or_else(|| remote.url().to_ascii_lowercase());
                github(&place, &token, &audience).await?
            }
        };
        let order = Bytes::from(json!({"token": &token}).to_string());
        match remote.exchange_token::<Exchanged>(order, ANSWER).await {
            Ok(exchanged) => {
                remote.show(bearer("the host's answer", &exchanged.token)?);
                let (team, expires) = (visible(&exchanged.team), visible(&exchanged.expires));
                anstream::eprintln!("tailor: a token for {team} until {expires}");
                Ok(remote)
            }
            // Most jobs could have such a token, and not every host takes one.
            Err(error) if !is_asked_for && is_of_none(&error) => {
                let url = remote.url();
                anstream::eprintln!("tailor: {url} takes no tokens of CI jobs; going on without");
                Ok(remote)
            }
            // An answer may have the token in it.
            Err(RemoteError::Refused { url, mut problem }) => {
                problem.hide(&token);
                Err(RemoteError::Refused { url, problem }.into())
            }
            Err(RemoteError::NotTailor { url, status, .. }) => {
                let status = status.map_or(0, |it| it.as_u16());
                Err(RemoteError::NotTailor {
                    url,
                    status: None,
                    why: format!("it exchanges no token (status {status})"),
                    retry_after: None,
                }
                .into())
            }
            Err(error) => Err(error.into()),
        }
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
