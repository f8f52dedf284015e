//! Requests to a registry, and to the hosts that it names.

mod refusal;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION, USER_AGENT};
use http::{Request, Response, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::time::{Instant, timeout_at};

use super::address::Address;
use super::challenge::{Challenge, challenge};
use super::login;
use super::wanted::{Part, Wanted, Who};
use crate::config::Registry;
use crate::downstream::{Cause, Origin, OriginSettings, TlsError};
use crate::oci::{PullError, Reference};

/// Redirects of one answer that are followed.
const MAX_REDIRECTS: usize = 5;
/// The largest answer that is none to a pull, such as a token or an error, bytes.
const MAX_ANSWER: usize = 64 << 10;

/// A client of one registry, for one pull.
pub(super) struct Client<'a> {
    settings: &'a Registry,
    reference: &'a Reference,
    /// User and password.
    credentials: Option<HeaderValue>,
    /// What the registry takes.
    authorization: Option<HeaderValue>,
    /// The hosts that were asked.
    origins: Vec<(Address, Origin)>,
    /// The one that was asked last, as it is shown.
    asked: String,
    end: Instant,
}

impl<'a> Client<'a> {
    /// Reads the credentials. All that is asked has to come before `end`.
    ///
    /// # Errors
    ///
    /// When they cannot be used.
    pub(super) async fn new(
        settings: &'a Registry,
        reference: &'a Reference,
        end: Instant,
    ) -> Result<Self, PullError> {
        let registry = settings.clone();
        let reading = timeout_at(end, blocking(settings, move || login::basic(&registry)));
        let read = reading.await.map_err(|_| PullError::Settings {
            registry: settings.name.clone(),
            what: "credentials: the file does not come in time; look at its disk".to_owned(),
        })?;
        Ok(Self {
            credentials: read??,
            settings,
            reference,
            authorization: None,
            origins: Vec::new(),
            asked: settings.host.clone(),
            end,
        })
    }

    /// Asks the registry for something of the repository. Credentials are shown when it wants them,
    /// and then once. Returns also the host that has sent it.
    ///
    /// # Errors
    ///
    /// When it does not come.
    pub(super) async fn get(&mut self, wanted: Wanted<'_>) -> Result<(Bytes, String), PullError> {
        let got = timeout_at(self.end, self.get_at_last(wanted)).await;
        got.unwrap_or_else(|_| Err(self.late(wanted.part)))
    }

    /// The same without an end of its own.
    async fn get_at_last(&mut self, wanted: Wanted<'_>) -> Result<(Bytes, String), PullError> {
        let path = format!("/v2/{}/{}", self.reference.repository(), wanted.path);
        let is_secure = !self.settings.plain_http;
        let registry = Address::of(&self.settings.host, is_secure, &path);
        let registry = registry.ok_or_else(|| self.no_address())?;
        let mut is_logged_in = false;
        loop {
            let (address, response) = self.follow(&registry, wanted).await?;
            let is_own = address.is_beside(&registry);
            match response.status() {
                StatusCode::OK => return Ok((response.into_body(), address.host())),
                StatusCode::UNAUTHORIZED if is_own && !is_logged_in => {
                    is_logged_in = true;
                    self.authorization = Some(self.log_in(&registry, &response).await?);
                }
                StatusCode::NOT_FOUND if is_own => return Err(self.absent(&address, wanted.part)),
                _ => {
                    let who = match is_own {
                        true => Who::Registry,
                        false => Who::Storage,
                    };
                    return Err(self.refused(who, &address, &response));
                }
            }
        }
    }

    /// Asks, and follows redirects. Returns also who has answered.
    async fn follow(
        &mut self,
        registry: &Address,
        wanted: Wanted<'_>,
    ) -> Result<(Address, Response<Bytes>), PullError> {
        let mut address = registry.clone();
        for _ in 0..=MAX_REDIRECTS {
            // What is meant for the registry is shown to no other host.
            let is_own = address.is_beside(registry);
            let authorization = self.authorization.clone().filter(|_| is_own);
            let response = self.ask(&address, wanted, authorization).await?;
            if !is_redirect(response.status()) {
                return Ok((address, response));
            }
            let mut places = response.headers().get_all(LOCATION).iter();
            let next = places.next().filter(|_| places.next().is_none());
            let next = next.and_then(|it| Address::read(it.to_str().ok()?, Some(&address)));
            let next = next.ok_or_else(|| {
                let what = "it redirects to no address that can be followed; look at it";
                self.failed(&address, what)
            })?;
            self.check(&address, &next, "redirects")?;
            address = next;
        }
        let what = format!("it redirects more than {MAX_REDIRECTS} times; look at it");
        Err(self.failed(&address, what))
    }

    /// Asks for one thing, once more if the connection breaks.
    async fn ask(
        &mut self,
        address: &Address,
        wanted: Wanted<'_>,
        authorization: Option<HeaderValue>,
    ) -> Result<Response<Bytes>, PullError> {
        let origin = self.origin(address).await?;
        self.asked = address.host();
        let most = wanted.most.max(MAX_ANSWER);
        let mut is_repeated = false;
        loop {
            let mut request = Request::new(Bytes::new());
            *request.uri_mut() = Uri::from(address.target.clone());
            let headers = request.headers_mut();
            headers.insert(ACCEPT, HeaderValue::from_static(wanted.accept));
            let agent = concat!("tailor/", env!("CARGO_PKG_VERSION"));
            headers.insert(USER_AGENT, HeaderValue::from_static(agent));
            if let Some(authorization) = &authorization {
                headers.insert(AUTHORIZATION, authorization.clone());
            }
            match origin.ask_within(request, self.end, most).await {
                Ok(response) => return Ok(response),
                Err(Cause::Interrupted { .. }) if !is_repeated => is_repeated = true,
                Err(cause) => return Err(self.broken(address, wanted.part, &cause)),
            }
        }
    }

    /// The host of an address, whose connections serve the whole pull.
    async fn origin(&mut self, address: &Address) -> Result<Origin, PullError> {
        let mut known = self.origins.iter();
        if let Some((_, origin)) = known.find(|(it, _)| it.is_beside(address)) {
            return Ok(origin.clone());
        }
        let name = format!("releases.registry.{}", self.settings.name);
        let url = address.root();
        let (ca_file, timeout) = (self.settings.ca_file.clone(), self.settings.timeout);
        let opening = blocking(self.settings, move || {
            Origin::new(OriginSettings {
                name: &name,
                url: &url,
                ca_file,
                timeout,
                max_answer: MAX_ANSWER,
            })
        });
        let origin = opening.await?.map_err(|error: TlsError| {
            self.wrong(format!(
                "{error}; correct ca-file, or the file that it names"
            ))
        })?;
        let origin = origin.ok_or_else(|| self.no_address())?;
        self.origins.push((address.clone(), origin.clone()));
        Ok(origin)
    }

    /// What the registry takes after a refusal.
    async fn log_in(
        &mut self,
        registry: &Address,
        refusal: &Response<Bytes>,
    ) -> Result<HeaderValue, PullError> {
        match challenge(refusal.headers()) {
            Some(Challenge::Bearer { realm, service }) => {
                let realm = Address::read(&realm, None).ok_or_else(|| {
                    let what = "the realm of its tokens is no address; look at it";
                    self.failed(registry, what)
                })?;
                self.check(registry, &realm, "sends for tokens")?;
                self.token(realm, service).await
            }
            Some(Challenge::Basic) => {
                let credentials = self.credentials.clone();
                credentials.ok_or_else(|| self.refused(Who::Registry, registry, refusal))
            }
            None => {
                let what = "it wants credentials of a kind that the host does not know; look at it";
                Err(self.failed(registry, what))
            }
        }
    }

    /// Fetches a token that is good for pulling from the repository. What scope the registry has
    /// named is not asked for: it could be one of more rights than this pull needs.
    async fn token(
        &mut self,
        mut realm: Address,
        service: Option<String>,
    ) -> Result<HeaderValue, PullError> {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let scope = format!("repository:{}:pull", self.reference.repository());
        let mut target = realm.target.to_string();
        target.push(if realm.target.query().is_some() {
            '&'
        } else {
            '?'
        });
        if let Some(service) = service {
            target.push_str(&format!("service={}&", encoded(&service)));
        }
        target.push_str(&format!("scope={}", encoded(&scope)));
        realm.target = target.parse().map_err(|_| self.no_address())?;
        let wanted = Wanted {
            part: Part::Token,
            path: "",
            accept: "application/json",
            most: MAX_ANSWER,
        };
        let credentials = self.credentials.clone();
        let response = self.ask(&realm, wanted, credentials).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(Who::Realm, &realm, &response));
        }
        let token = login::bearer(response.body());
        token.ok_or_else(|| self.failed(&realm, "it answers without a token; look at it"))
    }

    /// Whether the host goes where it is sent.
    fn check(&self, from: &Address, to: &Address, how: &str) -> Result<(), PullError> {
        let Registry {
            host, also, name, ..
        } = self.settings;
        let (host_of, is_plain) = (to.host(), !to.is_secure);
        if is_plain && (from.is_secure || !self.settings.plain_http) {
            let what = format!("it {how} to {host_of} without TLS; look at it");
            return Err(self.failed(from, what));
        }
        let mut allowed = [host].into_iter().chain(also);
        if allowed.any(|it| to.is_on(it)) {
            return Ok(());
        }
        let what = format!(
            "it {how} to {host_of}; if that belongs to it, add the name to \
             releases.registry.{name}.also"
        );
        Err(self.failed(from, what))
    }

    fn failed(&self, address: &Address, what: impl Into<String>) -> PullError {
        PullError::Failed {
            host: address.host(),
            what: what.into(),
        }
    }

    fn wrong(&self, what: String) -> PullError {
        PullError::Settings {
            registry: self.settings.name.clone(),
            what,
        }
    }

    fn no_address(&self) -> PullError {
        self.wrong("there is no address to ask; correct host".to_owned())
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Does what blocks, such as to read a file.
async fn blocking<T: Send + 'static>(
    settings: &Registry,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PullError> {
    let working = tokio::task::spawn_blocking(work).await;
    working.map_err(|_| PullError::Settings {
        registry: settings.name.clone(),
        what: "its files could not be read; look at the host's log".to_owned(),
    })
}
