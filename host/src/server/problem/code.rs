//! The list of all that can end a request without an answer of its BFF, with the texts of each. The
//! table of `docs/reference/errors.md` is made of it.

use http::StatusCode;

/// Why the host answered instead of a BFF. The text of a code is stable: clients, alerts and
/// dashboards may match on it.
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
    /// No route has the host name of the request.
    Misdirected,
    /// A method or a transfer coding that the host does not know.
    NotImplemented,
    /// A BFF used up its CPU time.
    BffCpuLimit,
    /// A BFF wanted more memory than it may have.
    BffMemoryLimit,
    /// A BFF wanted more table elements than it may have.
    BffTableLimit,
    /// A BFF passed too many bytes in one host call, or holds too many handles.
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
    /// A preview is shown to nobody without a token for it.
    PreviewToken,
    /// There is no such preview.
    PreviewUnknown,
    /// A preview cannot be shown now.
    PreviewUnavailable,
    /// A request waited too long for the CPU, because its BFF had used up its share.
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

/// The texts of a code.
struct Facts {
    name: &'static str,
    status: StatusCode,
    title: &'static str,
    meaning: &'static str,
    way_out: &'static str,
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
        Self::PreviewToken,
        Self::PreviewUnknown,
        Self::PreviewUnavailable,
        Self::BffCpuShare,
        Self::HostOverloaded,
        Self::HostMemory,
        Self::HostPanic,
    ];

    /// The code as it is in documents, headers, logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.facts().name
    }

    /// The status of the answer.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.facts().status
    }

    /// The document's title: the same for every occurrence (RFC 9457 section 3.1.3).
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.facts().title
    }

    /// What happened, in Markdown.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.facts().meaning
    }

    /// Who can do what about it, in Markdown.
    #[must_use]
    pub const fn way_out(self) -> &'static str {
        self.facts().way_out
    }

    /// A fault of a BFF is 502: the host is the gateway, and the BFF gave no usable answer.
    const fn facts(self) -> &'static Facts {
        match self {
            Self::BadRequest => &Facts {
                name: "bad-request",
                status: StatusCode::BAD_REQUEST,
                title: "The request is malformed",
                meaning: "The host name, the path, the query, the target or the framing of the \
                          body breaks a rule of HTTP or of this host. `detail` names it.",
                way_out: "Client: correct the request.",
            },
            Self::NotFound => &Facts {
                name: "not-found",
                status: StatusCode::NOT_FOUND,
                title: "No route takes this request",
                meaning: "No route matches host, path prefix and headers.",
                way_out: "Client: check the path and fields such as `x-client`. Operator: look at \
                          `routes`.",
            },
            Self::MethodNotAllowed => &Facts {
                name: "method-not-allowed",
                status: StatusCode::METHOD_NOT_ALLOWED,
                title: "The method is not allowed here",
                meaning: "The route does not serve this method. `allow` names those it serves.",
                way_out: "Client: use one of them. Operator: `methods` of the route.",
            },
            Self::BodyTimeout => &Facts {
                name: "body-timeout",
                status: StatusCode::REQUEST_TIMEOUT,
                title: "The request body did not arrive in time",
                meaning: "The body was not complete within the server's time for bodies.",
                way_out: "Client: try again on a better connection, or send less.",
            },
            Self::BodyTooLarge => &Facts {
                name: "body-too-large",
                status: StatusCode::PAYLOAD_TOO_LARGE,
                title: "The request body is too large",
                meaning: "The body is larger than the server's limit for its method. `detail` has \
                          the limit in bytes.",
                way_out: "Client: send less. Operator: raise the limit if such bodies are meant to \
                          arrive.",
            },
            Self::UriTooLong => &Facts {
                name: "uri-too-long",
                status: StatusCode::URI_TOO_LONG,
                title: "The request path is too long",
                meaning: "The path is longer than 8 KiB; or path and query are longer than 64 KiB \
                          as a component of others would be given them.",
                way_out: "Client: put data into the query or the body.",
            },
            Self::HeadTooLarge => &Facts {
                name: "head-too-large",
                status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                title: "The request head is too large",
                meaning: "The head has more bytes or fields than the server takes. Over HTTP/1.1, \
                          and over HTTP/2 from twice as many bytes on, the answer is a bare 431.",
                way_out: "Client: send less, such as fewer cookies. Operator: raise \
                          `max-header-size` or `max-headers`.",
            },
            Self::Misdirected => &Facts {
                name: "misdirected",
                status: StatusCode::MISDIRECTED_REQUEST,
                title: "This server does not serve that host",
                meaning: "Every route names a host, and none of them is the one asked for.",
                way_out: "Client: check the host name. Operator: check DNS, the proxy in front, \
                          and `host` of the routes.",
            },
            Self::NotImplemented => &Facts {
                name: "not-implemented",
                status: StatusCode::NOT_IMPLEMENTED,
                title: "The method or the transfer coding is not known",
                meaning: "The method is none of GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS, \
                          or `transfer-encoding` names another coding than `chunked`.",
                way_out: "Client: use another method; send the body `chunked`, or with its length.",
            },
            Self::BffCpuLimit => &Facts {
                name: "bff-cpu-limit",
                status: StatusCode::BAD_GATEWAY,
                title: "The BFF used up its CPU time",
                meaning: "The guest computed longer than it may; waiting does not count.",
                way_out: "BFF team: look for an endless loop or for work that belongs in a \
                          service.",
            },
            Self::BffMemoryLimit => &Facts {
                name: "bff-memory-limit",
                status: StatusCode::BAD_GATEWAY,
                title: "The BFF reached its memory limit",
                meaning: "The guest asked for more memory than it may have, and gave up.",
                way_out: "BFF team: use `select`, hold less at once. Operator: raise the limit if \
                          the need is real.",
            },
            Self::BffTableLimit => &Facts {
                name: "bff-table-limit",
                status: StatusCode::BAD_GATEWAY,
                title: "The BFF reached its table limit",
                meaning: "The guest asked for more table elements than it may have.",
                way_out: "BFF team: rarely a real need; check what was linked in.",
            },
            Self::BffHostLimit => &Facts {
                name: "bff-host-limit",
                status: StatusCode::BAD_GATEWAY,
                title: "The BFF asked too much of the host",
                meaning: "One call of the host carried too many bytes out of the guest, or text \
                          that is not UTF-8, or asked for too much; or too many handles were open.",
                way_out: "BFF team: send less in one call, drop exchanges that are done. The log \
                          names the rule.",
            },
            Self::BffTrap => &Facts {
                name: "bff-trap",
                status: StatusCode::BAD_GATEWAY,
                title: "The BFF failed",
                meaning: "The guest panicked, aborted, overflowed its stack or hit another trap, or ended itself: by `exit`, or by a call of what no BFF gets.",
                way_out: "BFF team: find the backtrace in the log by the request id.",
            },
            Self::BffIllegalResponse => &Facts {
                name: "bff-illegal-response",
                status: StatusCode::BAD_GATEWAY,
                title: "The BFF gave an illegal response",
                meaning: "The status, a header or the body of the response is not legal; see \
                          `response` in the contract. Or a component of others gave none, or not \
                          a whole one.",
                way_out: "BFF team: the log names the fault.",
            },
            Self::BffResponseTooLarge => &Facts {
                name: "bff-response-too-large",
                status: StatusCode::BAD_GATEWAY,
                title: "The BFF's response is too large",
                meaning: "The body is larger than the BFF may send.",
                way_out: "BFF team: page or trim the answer.",
            },
            Self::BffDeadline => &Facts {
                name: "bff-deadline",
                status: StatusCode::GATEWAY_TIMEOUT,
                title: "The BFF did not answer in time",
                meaning: "The request's deadline passed while the guest ran or waited.",
                way_out: "Client: try again if the request is safe to repeat. BFF team: use \
                          shorter `timeout-ms` and answer with what is there.",
            },
            Self::BffOverloaded => &Facts {
                name: "bff-overloaded",
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "The BFF is overloaded",
                meaning: "All of the BFF's permits stayed in use, or too many requests waited for \
                          one.",
                way_out: "Client: try again after `retry-after`. Operator: look for a slow \
                          downstream before raising the limit.",
            },
            Self::BffUnavailable => &Facts {
                name: "bff-unavailable",
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "The BFF has no version to serve",
                meaning: "The BFF's component is refused, and none of it was live before. All \
                          other BFFs are served.",
                way_out: "Client: try again after `retry-after`. Operator: `/bffs` and `/readyz` \
                          say why; a good file is taken as soon as it is there.",
            },
            Self::PreviewToken => &Facts {
                name: "preview-token",
                status: StatusCode::UNAUTHORIZED,
                title: "A preview needs a token",
                meaning: "The request is for a version that is not live, and has no token, or one \
                          that is not for this.",
                way_out: "Send a token of scope `preview` in `tailor-token`, or type it in as the \
                          password; the operator makes tokens.",
            },
            Self::PreviewUnknown => &Facts {
                name: "preview-unknown",
                status: StatusCode::NOT_FOUND,
                title: "There is no such preview",
                meaning: "No preview of the BFF has this name, none of its proven components has a \
                          digest that begins so, or several have.",
                way_out: "Look at `tailor previews`; order the preview again if its time is over.",
            },
            Self::PreviewUnavailable => &Facts {
                name: "preview-unavailable",
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "The preview cannot be shown now",
                meaning: "Its component is not loaded yet, or cannot be.",
                way_out: "Ask again after `retry-after`. Operator: the log says why.",
            },
            Self::BffCpuShare => &Facts {
                name: "bff-cpu-share",
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "The BFF used up its share of the CPU",
                meaning: "The request waited for the CPU for longer than `limits.cpu-wait`: other \
                          requests of its BFF use the share that the BFF has beside others, or all \
                          workers.",
                way_out: "Client: try again after `retry-after`. BFF's team: compute less. \
                          Operator: raise `limits.cpu-weight`, or `server.workers`.",
            },
            Self::HostOverloaded => &Facts {
                name: "host-overloaded",
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "The server is overloaded",
                meaning: "No instance is left for any BFF.",
                way_out: "Client: try again after `retry-after`. Operator: more instances, or more \
                          machines.",
            },
            Self::HostMemory => &Facts {
                name: "host-memory",
                status: StatusCode::SERVICE_UNAVAILABLE,
                title: "The server has no memory left",
                meaning: "The host holds as many bytes of requests and unread answers as it may, \
                          or the client's connection or the BFF holds its share of them.",
                way_out: "Client: read your answers, send less at once, try again after \
                          `retry-after`. Operator: look for clients that do not read \
                          (`tailor_unread_answers_total`) before raising `max-bytes-in-flight`.",
            },
            Self::HostPanic => &Facts {
                name: "host-panic",
                status: StatusCode::INTERNAL_SERVER_ERROR,
                title: "The server failed",
                meaning: "A fault of the host itself. Other requests are not affected.",
                way_out: "Operator: report it with the log lines of the request id.",
            },
        }
    }
}
