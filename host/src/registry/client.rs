//! Requests to a registry, and to the hosts that it names.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue, LOCATION, USER_AGENT};
use http::{Request, Response, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::time::Instant;

use super::address::Address;
use super::challenge::{Challenge, challenge};
use super::fault::{late, not_found};
use super::login;
use crate::config::{Registry, show_size};
use crate::downstream::{Cause, Origin, OriginSettings, TlsError};
use crate::oci::{PullError, Reference};

/// Redirects of one answer that are followed.
const MAX_REDIRECTS: usize = 5;
/// The largest answer that is none to a pull, such as a token or an error, bytes.
const MAX_ANSWER: usize = 64 << 10;

/// What is asked of a registry.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Its path behind the name of the repository.
    pub(super) path: &'a str,
    /// The types that are taken.
    pub(super) accept: &'static str,
    /// How large it may be, bytes.
    pub(super) most: usize,
}

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
    end: Instant,
}

impl<'a> Client<'a> {
    /// Reads the credentials.
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
        let reading = blocking(settings, move || login::basic(&registry));
        Ok(Self {
            credentials: reading.await??,
            settings,
            reference,
            authorization: None,
            origins: Vec::new(),
            end,
        })
    }

    /// Asks the registry for something of the repository. Credentials are shown when it wants them,
    /// and then once.
    ///
    /// # Errors
    ///
    /// When it does not come.
    pub(super) async fn get(&mut self, wanted: Wanted<'_>) -> Result<Bytes, PullError> {
        let path = format!("/v2/{}/{}", self.reference.repository(), wanted.path);
        let is_secure = !self.settings.plain_http;
        let registry = Address::of(&self.settings.host, is_secure, &path);
        let registry = registry.ok_or_else(|| self.no_address())?;
        let mut is_logged_in = false;
        loop {
            let (address, response) = self.follow(&registry, wanted).await?;
            let is_own = address.is_beside(&registry);
            match response.status() {
                StatusCode::OK => return Ok(response.into_body()),
                StatusCode::UNAUTHORIZED if is_own && !is_logged_in => {
                    is_logged_in = true;
                    self.authorization = Some(self.log_in(&registry, &response).await?);
                }
                StatusCode::NOT_FOUND if is_own => {
                    return Err(not_found(self.settings, self.reference));
                }
                status => return Err(self.refused(&address, status)),
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
                Err(cause) => return Err(self.broken(address, &cause)),
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
                credentials.ok_or_else(|| self.refused(registry, StatusCode::UNAUTHORIZED))
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
            path: "",
            accept: "application/json",
            most: MAX_ANSWER,
        };
        let credentials = self.credentials.clone();
        let response = self.ask(&realm, wanted, credentials).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refused(&realm, response.status()));
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

    /// A status that is no answer to a pull.
    fn refused(&self, address: &Address, status: StatusCode) -> PullError {
        let (code, name) = (status.as_u16(), &self.settings.name);
        let what = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => format!(
                "it does not let the host pull from {} ({code}); give the host credentials for \
                 that in releases.registry.{name}.credentials",
                self.reference.repository()
            ),
            StatusCode::TOO_MANY_REQUESTS => {
                format!("it has had too many requests ({code}); try again later")
            }
            status if status.is_server_error() => {
                format!("it fails ({code}); look at it, and try again")
            }
            _ => format!(
                "its answer is none of a registry ({code}); correct releases.registry.{name}.host"
            ),
        };
        self.failed(address, what)
    }

    /// There is no whole answer.
    fn broken(&self, address: &Address, cause: &Cause) -> PullError {
        match cause {
            Cause::Timeout { .. } => late(self.settings),
            Cause::TooLarge { limit } => PullError::OtherBytes {
                reference: self.reference.to_string(),
                what: format!("more than {}", show_size(*limit as u64)),
            },
            cause => {
                let name = &self.settings.name;
                let what = format!(
                    "{cause}; look at it, and at host and ca-file in releases.registry.{name}"
                );
                self.failed(address, what)
            }
        }
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
