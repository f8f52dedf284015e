//! The settings of a service: its address, the calls it accepts, and what all of its calls share.
//! Those of a single call are its [`Policy`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};

use super::bulkhead::Bulkhead;
use super::pattern::{CallPattern, Segment};
use super::policy::{Policy, Rule};
use super::proxy::Proxy;
use super::secret::Secret;

/// One named service.
#[derive(Clone, Debug, PartialEq)]
pub struct Downstream {
    /// Its name, as BFFs use it.
    pub name: String,
    /// Its addresses. Never empty; calls are spread over several.
    pub endpoints: Vec<Endpoint>,
    /// The proxy of its connections; `None` opens them directly.
    pub proxy: Option<Proxy>,
    /// The TLS settings; `None` for plain connections.
    pub tls: Option<Tls>,
    /// The protocol spoken.
    pub protocol: Protocol,
    /// Which calls are accepted, and what the host adds and leaves out.
    pub shape: Shape,
    /// How its calls are made, where no rule says otherwise.
    pub policy: Policy,
    /// How certain calls are made. The first that fits holds.
    pub rules: Vec<Rule>,
    /// Calls with POST that change nothing.
    pub reads: Vec<CallPattern>,
    /// The cache; `None` where no call uses one.
    pub cache: Option<Cache>,
    /// The limits on concurrency and rate.
    pub bulkhead: Bulkhead,
    /// When an endpoint is left out.
    pub ejection: Ejection,
    /// Health checks of the endpoints; `None` for none.
    pub health: Option<Health>,
    /// How connections are kept.
    pub connections: Connections,
    /// Size of the head of a response, bytes.
    pub max_header_size: usize,
    /// Interim responses (1xx) before a response.
    pub max_interim_responses: usize,
    /// Size of a response body, bytes. A coded one has it when it is decoded.
    pub max_response_size: usize,
    /// The codings that a response body may have, as `accept-encoding` says them.
    pub accept_encoding: HeaderValue,
    /// The host's credentials; a guest never sees them.
    pub credentials: Option<Credentials>,
    /// Answers of last resort, the first that fits.
    pub fallbacks: Vec<Fallback>,
}

/// One address of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Host name or address to connect to. An IPv6 address is without brackets.
    pub host: String,
    /// Port to connect to.
    pub port: u16,
    /// The socket file to connect to instead of `host` and `port`, which then only name the
    /// service.
    pub socket: Option<PathBuf>,
    /// Whether `host` is a name of SRV records (RFC 2782), which say where the service is. Then
    /// `port` means nothing, and `authority` is what an operator sees of the name; each target of a
    /// record has one of its own.
    pub srv: bool,
    /// The value of `host`: the host (an IPv6 address in brackets), and port if it is not that of
    /// the scheme.
    pub authority: HeaderValue,
}

/// TLS to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Certificates (PEM) of the authorities that are trusted; `None` trusts those of the system.
    pub ca_file: Option<PathBuf>,
    /// The host's certificate chain and private key (PEM), for services that want one.
    pub client: Option<(PathBuf, PathBuf)>,
    /// The name that the service's certificate must hold and that is sent as SNI; `None` takes the
    /// host of the endpoint.
    pub server_name: Option<String>,
}

/// The protocol of a downstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2: with prior knowledge, or agreed on in TLS.
    Http2,
}

/// Which calls a service accepts, and what the host adds and leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Put in front of every path: empty, or `/api/v1` (no slash at the end).
    pub path_prefix: String,
    /// Calls that may be made; `None` allows all.
    pub allow: Option<Vec<CallPattern>>,
    /// Fields that every call has. A BFF cannot set them.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Parameters that every call has, after those of the BFF.
    pub query: Vec<(String, String)>,
    /// Fields that a BFF may send; others are left out. `None` lets through all that are legal.
    pub send_headers: Option<Vec<HeaderName>>,
    /// Fields of answers that a BFF sees; others are left out. `None` lets through all.
    pub receive_headers: Option<Vec<HeaderName>>,
    /// Header fields of the client's request that the host copies to calls of this service.
    pub pass_headers: Vec<HeaderName>,
}

/// A cache of a service's answers (RFC 9111, shared).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Size of all stored answers of the service together, bytes.
    pub max_size: u64,
    /// Size of one stored body, bytes.
    pub max_entry_size: usize,
    /// Whether an answer with `set-cookie` that says `public` is stored, and shared by calls that
    /// are one.
    pub keep_set_cookie: bool,
    /// The field of answers that holds their tags, by which an operator invalidates.
    pub tag_header: HeaderName,
    /// What writes invalidate beside their own paths.
    pub writes: Vec<Write>,
}

/// What a write invalidates beside its own path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Such calls.
    pub pattern: CallPattern,
    /// Paths, in which each `*` stands for the same as the one of `pattern` that is as far from the
    /// start. There are no more than in `pattern`.
    pub voids: Vec<Vec<Segment>>,
}

/// When an endpoint is left out of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ejection {
    /// Failures in a row after which it is left out.
    pub failures: u32,
    /// Failures beyond those of the best other endpoint at which it is left out, percentage points.
    pub error_rate: u32,
    /// Calls within 10 seconds below which that is not judged.
    pub min_calls: u32,
    /// For how long the first time; each further time in a row it doubles, up to 8 times this.
    pub time: Duration,
    /// The most endpoints that are left out at once, percent. Of several, one always stays.
    pub max_share: u32,
    /// Good endpoints below which all are used, ejected and unhealthy ones too, percent.
    pub panic_threshold: u32,
    /// For how long one that is good again gets fewer calls.
    pub slow_start: Duration,
}

/// Active checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The path of the GET request, below the path prefix. A 2xx answer is good.
    pub path: String,
    /// How often.
    pub interval: Duration,
    /// Time for an answer.
    pub timeout: Duration,
    /// Bad answers in a row that make an endpoint bad.
    pub unhealthy_after: u32,
    /// Good answers in a row that make it good again.
    pub healthy_after: u32,
}

/// How connections are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connections {
    /// Time an unused one is kept.
    pub idle_timeout: Duration,
    /// Age at which one is used no more.
    pub max_age: Duration,
    /// How often the names of endpoints are looked up.
    pub resolve_interval: Duration,
    /// The DNS servers for SRV records; empty for those of the system.
    pub dns_servers: Vec<SocketAddr>,
    /// Time that one address of a name has to take a connection before the next one is tried beside
    /// it.
    pub attempt_delay: Duration,
    /// How often an HTTP/2 connection is pinged while calls are under way on it.
    pub ping_interval: Duration,
    /// Time for an answer to a ping; without one, the connection is closed.
    pub ping_timeout: Duration,
}

/// The host's credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// A field with a fixed value.
    Header {
        /// The field.
        name: HeaderName,
        /// What comes before the secret: `Bearer ` or nothing.
        prefix: &'static str,
        /// Its value.
        secret: Secret,
    },
    /// A token of an OAuth 2.0 authorization server.
    OAuth2(OAuth2),
}

/// How a token is requested (client credentials, RFC 6749 section 4.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuth2 {
    /// The URL of the token endpoint: http or https, without a query.
    pub token_url: String,
    /// The host's client identifier.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Secret,
    /// Where in the request client and secret are.
    pub authentication: ClientAuthentication,
    /// The requested scope.
    pub scopes: Vec<String>,
    /// The service that the token is for, where the authorization server wants to be told.
    pub audience: Option<String>,
    /// Further parameters of the request.
    pub parameters: Vec<(String, String)>,
    /// Time for a whole answer of the token endpoint, connection included.
    pub timeout: Duration,
    /// Certificates of the authorities that are trusted for the token endpoint; `None` trusts those
    /// of the system.
    pub ca_file: Option<PathBuf>,
}

/// Where in a request for a token client and secret are (RFC 6749 section 2.3.1), by its registered
/// name (RFC 7591 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `client_secret_basic`: in `authorization`.
    Basic,
    /// `client_secret_post`: in the body.
    Post,
}

/// An answer of last resort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The calls that it answers.
    pub pattern: CallPattern,
    /// Its status.
    pub status: StatusCode,
    /// Its `content-type`.
    pub content_type: HeaderValue,
    /// Its body.
    pub body: Bytes,
}

/// Calls of all BFFs to all services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// Calls under way at once, waiting ones included. Further ones fail as `overloaded`.
    pub max_in_flight: usize,
    /// From this part of it on, optional calls fail, percent.
    pub optional_share: u32,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            max_in_flight: 4096,
            optional_share: 80,
        }
    }
}
