//! Active health checks at an interval.
//!
//! A check opens its own connection, sends one request and closes it, so that it also finds an
//! endpoint that accepts no new connections. It has the header fields of every call of the service,
//! and no credentials.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use tokio::time::{Instant, timeout_at};

use super::connector::Connector;
use super::endpoint::{Endpoint, text};
use super::exchange::{request, send};
use super::health::Health;
use super::host_failures::of_host;
use super::race::Progress;
use crate::downstream::request::ServiceRequest;

/// Checks an endpoint, and logs when its health changes.
pub async fn check(connector: &Connector, endpoint: &Endpoint) {
    let Some(health) = &endpoint.health else {
        return;
    };
    let until = Instant::now() + health.settings.timeout;
    let outcome = timeout_at(until, ask(connector, endpoint, health, until))
        .await
        .unwrap_or_else(|_| Err(Failed::Endpoint("no answer in time".to_owned())));
    let why = match outcome {
        Ok(()) => None,
        Err(Failed::Endpoint(why)) => Some(why),
        Err(Failed::Host(error)) => {
            let service = &connector.settings.name;
            connector.host_failures.warn(service, &error);
            return health.not_made();
        }
    };
    // Endpoints that left the name meanwhile no longer matter.
    if health.ended(why.clone().map_or(Ok(()), Err)) && !endpoint.pools.is_drained() {
        let service = &connector.settings.name;
        let (address, authority) = (&endpoint.address, text(&endpoint.authority));
        match why {
            Some(why) => {
                tracing::warn!(service, endpoint = authority, %address, why, "endpoint is unhealthy");
            }
            None => {
                endpoint.is_back(Instant::now());
                tracing::info!(service, endpoint = authority, %address, "endpoint is healthy again");
            }
        }
    }
}

/// Why a check failed.
enum Failed {
    Endpoint(String),
    /// The host could not send the check.
    Host(io::Error),
}

impl From<String> for Failed {
    fn from(why: String) -> Self {
        Self::Endpoint(why)
    }
}

async fn ask(
    connector: &Connector,
    endpoint: &Endpoint,
    health: &Health,
    until: Instant,
) -> Result<(), Failed> {
    let shape = &connector.settings.shape;
    let path = format!("{}{}", shape.path_prefix, health.settings.path);
    let target: Uri = path.parse().map_err(|error| format!("{path:?}: {error}"))?;
    let question = ServiceRequest {
        method: Method::GET,
        target,
        headers: shape.headers.iter().cloned().collect::<HeaderMap>(),
        body: Bytes::new(),
    };
    let dialed = connector
        .dial(endpoint, Arc::default(), &Progress::default())
        .await
        .map_err(|error| match of_host(&error) {
            true => Failed::Host(error),
            false => Failed::Endpoint(error.to_string()),
        })?;
    let (mut sender, driver) = (dialed.sender, dialed.driver);
    let request = request(
        &connector.settings,
        endpoint,
        &question,
        until.saturating_duration_since(Instant::now()),
    );
    // This task drives the connection, so that it ends with the check. Its end says nothing: the
    // answer may have come with it.
    let moving = async {
        driver.await;
        pending::<Infallible>().await
    };
    let answer = tokio::select! {
        answer = send(&mut sender, request, connector.settings.max_header_size) => answer,
        never = moving => match never {},
    };
    let status = answer.map_err(|broken| broken.error.to_string())?.status();
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("status {}", status.as_u16()).into())
    }
}
