//! The one list of what can end a request without an answer of its BFF. `docs/reference/errors.md`
//! explains each code to a reader; a test keeps the two in step.

use http::StatusCode;

/// Why the host answered itself. The text of a code is stable: clients, alerts and dashboards may
/// match on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request head breaks a rule of HTTP or of this host.
    BadRequest,
    /// No route takes the request.
    NotFound,
    /// The method may not be used here.
    MethodNotAllowed,
    /// The body did not arrive in time.
    BodyTimeout,
    /// The body is larger than the host takes.
    BodyTooLarge,
    /// The path is larger than the host takes.
    UriTooLong,
    /// The head is larger than the host takes.
    HeadTooLarge,
    /// No route names the host that the client asked for.
    Misdirected,
    /// A method or a transfer coding that the host does not know.
    NotImplemented,
    /// A BFF used up its CPU time.
    BffCpuLimit,
    /// A BFF wanted more memory than it may have.
    BffMemoryLimit,
    /// A BFF wanted more table elements than it may have.
    BffTableLimit,
    /// A BFF passed too many bytes in one call of the host, or holds too many handles.
    BffHostLimit,
    /// A BFF trapped: a panic, an abort, a stack overflow.
    BffTrap,
    /// A BFF answered with something that is not legal in HTTP.
    BffIllegalResponse,
    /// A BFF answered with more bytes than it may.
    BffResponseTooLarge,
    /// A BFF did not answer within its deadline.
    BffDeadline,
    /// All permits of a BFF stayed in use while the request waited, or too many waited already.
    BffOverloaded,
    /// A BFF has no version that could be served.
    BffUnavailable,
    /// A request waited too long for the CPU, because its BFF had had its share.
    BffCpuShare,
    /// The host has no instance left for any BFF.
    HostOverloaded,
    /// The host holds as many bytes of requests and answers as it may, or the client's connection
    /// or the BFF does.
    HostMemory,
    /// The host itself failed. It stays the last of the list: [`Code::ALL`] takes its length from
    /// it.
    HostPanic,
}

impl Code {
    /// Every code, once.
    pub const ALL: [Self; Self::HostPanic as usize + 1] = [
        Self::BadRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::BodyTimeout,
        Self::BodyTooLarge,
        Self::UriTooLong,
        Self::HeadTooLarge,
        Self::Misdirected,
        Self::NotImplemented,
        Self::BffCpuLimit,
        Self::BffMemoryLimit,
        Self::BffTableLimit,
        Self::BffHostLimit,
        Self::BffTrap,
        Self::BffIllegalResponse,
        Self::BffResponseTooLarge,
        Self::BffDeadline,
        Self::BffOverloaded,
        Self::BffUnavailable,
        Self::BffCpuShare,
        Self::HostOverloaded,
        Self::HostMemory,
        Self::HostPanic,
    ];

    /// The code as it stands in documents, headers, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad-request",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::BodyTimeout => "body-timeout",
            Self::BodyTooLarge => "body-too-large",
            Self::UriTooLong => "uri-too-long",
            Self::HeadTooLarge => "head-too-large",
            Self::Misdirected => "misdirected",
            Self::NotImplemented => "not-implemented",
            Self::BffCpuLimit => "bff-cpu-limit",
            Self::BffMemoryLimit => "bff-memory-limit",
            Self::BffTableLimit => "bff-table-limit",
            Self::BffHostLimit => "bff-host-limit",
            Self::BffTrap => "bff-trap",
            Self::BffIllegalResponse => "bff-illegal-response",
            Self::BffResponseTooLarge => "bff-response-too-large",
            Self::BffDeadline => "bff-deadline",
            Self::BffOverloaded => "bff-overloaded",
            Self::BffUnavailable => "bff-unavailable",
            Self::BffCpuShare => "bff-cpu-share",
            Self::HostOverloaded => "host-overloaded",
            Self::HostMemory => "host-memory",
            Self::HostPanic => "host-panic",
        }
    }

    /// The status of the answer. A fault of a BFF is 502: the host is the gateway, and the BFF gave
    /// no usable answer.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::BodyTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UriTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::BffCpuLimit
            | Self::BffMemoryLimit
            | Self::BffTableLimit
            | Self::BffHostLimit
            | Self::BffTrap
            | Self::BffIllegalResponse
            | Self::BffResponseTooLarge => StatusCode::BAD_GATEWAY,
            Self::BffDeadline => StatusCode::GATEWAY_TIMEOUT,
            Self::BffOverloaded
            | Self::BffUnavailable
            | Self::BffCpuShare
            | Self::HostOverloaded
            | Self::HostMemory => StatusCode::SERVICE_UNAVAILABLE,
            Self::HostPanic => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The document's title: the same for every occurrence (RFC 9457 section 3.1.3).
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "The request is malformed",
            Self::NotFound => "No route takes this request",
            Self::MethodNotAllowed => "The method is not allowed here",
            Self::BodyTimeout => "The request body did not arrive in time",
            Self::BodyTooLarge => "The request body is too large",
            Self::UriTooLong => "The request path is too long",
            Self::HeadTooLarge => "The request head is too large",
            Self::Misdirected => "This server does not serve that host",
            Self::NotImplemented => "The method or the transfer coding is not known",
            Self::BffCpuLimit => "The BFF used up its CPU time",
            Self::BffMemoryLimit => "The BFF reached its memory limit",
            Self::BffTableLimit => "The BFF reached its table limit",
            Self::BffHostLimit => "The BFF asked too much of the host",
            Self::BffTrap => "The BFF failed",
            Self::BffIllegalResponse => "The BFF gave an illegal response",
            Self::BffResponseTooLarge => "The BFF's response is too large",
            Self::BffDeadline => "The BFF did not answer in time",
            Self::BffOverloaded => "The BFF is overloaded",
            Self::BffUnavailable => "The BFF has no version to serve",
            Self::BffCpuShare => "The BFF used up its share of the CPU",
            Self::HostOverloaded => "The server is overloaded",
            Self::HostMemory => "The server has no memory left",
            Self::HostPanic => "The server failed",
        }
    }
}
