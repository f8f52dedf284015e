//! The services behind the BFFs, over one pooled client.

use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// The host's defaults.
const CALL_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_millis(250);
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_BODY: usize = 2 << 20;

/// The addresses of the services, and the client that calls them.
pub struct Services {
    client: Client<HttpConnector, Empty<Bytes>>,
    activity: Authority,
    heart: Authority,
    sleep: Authority,
    goals: Authority,
    profile: Authority,
}

/// One of the services.
#[derive(Clone, Copy)]
pub(crate) enum Service {
    Activity,
    Heart,
    Sleep,
    Goals,
    Profile,
}

/// Why a part is missing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Missing {
    #[error("timeout")]
    Timeout,
    #[error("unreachable")]
    Unreachable,
    #[error("interrupted")]
    Interrupted,
    #[error("status-{}", .0.as_u16())]
    Status(StatusCode),
    #[error("unreadable")]
    Unreadable,
}

impl Services {
    /// The services at these places, each as `name=http://host:port`.
    ///
    /// # Errors
    ///
    /// When one is not of that form, unknown or missing.
    pub fn new(places: &[String]) -> anyhow::Result<Self> {
        for place in places {
            let name = place.split('=').next().unwrap_or_default();
            if !["activity", "heart", "sleep", "goals", "profile"].contains(&name) {
                bail!("{place}: no such service");
            }
        }
        let find = |name: &str| -> anyhow::Result<Authority> {
            let prefix = format!("{name}=http://");
            let found = places.iter().find_map(|place| place.strip_prefix(&prefix));
            found
                .with_context(|| format!("--service {prefix}HOST:PORT is missing"))?
                .parse()
                .with_context(|| format!("--service {name}"))
        };
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Ok(Self {
            client: Client::builder(TokioExecutor::new())
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_timer(TokioTimer::new())
                .build(connector),
            activity: find("activity")?,
            heart: find("heart")?,
            sleep: find("sleep")?,
            goals: find("goals")?,
            profile: find("profile")?,
        })
    }

    /// The JSON at a path of a service.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        service: Service,
        path: String,
    ) -> Result<T, Missing> {
        let body = timeout(CALL_TIMEOUT, self.body(service, path))
            .await
            .map_err(|_| Missing::Timeout)??;
        serde_json::from_slice(&body).map_err(|_| Missing::Unreadable)
    }

    async fn body(&self, service: Service, path: String) -> Result<Bytes, Missing> {
        let authority = match service {
            Service::Activity => &self.activity,
            Service::Heart => &self.heart,
            Service::Sleep => &self.sleep,
            Service::Goals => &self.goals,
            Service::Profile => &self.profile,
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(authority.clone());
        parts.path_and_query =
            Some(PathAndQuery::from_maybe_shared(path).map_err(|_| Missing::Unreadable)?);
        let uri = Uri::from_parts(parts).map_err(|_| Missing::Unreadable)?;
        let response = self
            .client
            .get(uri)
            .await
            .map_err(|_| Missing::Unreachable)?;
        if !response.status().is_success() {
            return Err(Missing::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_BODY)
            .collect()
            .await
            .map_err(|_| Missing::Interrupted)?;
        Ok(body.to_bytes())
    }
}
