//! A reply of a service as the answer to the client: what the service says about a write is often
//! what the client has to know.

use crate::{Payload, Reply, Response};

/// All names and values of an answer, bytes, with 4 for each field: what the host takes.
const MAX_HEADERS: usize = 32 << 10;

impl Reply {
    /// The reply as it came: status, fields and body.
    ///
    /// Left out are the fields that only the host may set (those of the connection,
    /// `content-length`, `date`, `server`, `forwarded`, `x-forwarded-*`, `x-request-id`,
    /// `tailor-*` and the like), those by which a proxy in front would send something else
    /// (`x-accel-redirect`), and what is past 32 KiB of fields. A status that no answer may have
    /// becomes 502. After a `select` there is no body, since it stayed with the host.
    pub fn hand_back(&self) -> Response {
        let status = match self.status {
            status @ 200..=599 => status,
            _ => 502,
        };
        let mut size = 0;
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            if is_hosts(name) {
                continue;
            }
            size += name.len() + value.len() + 4;
            if size > MAX_HEADERS {
                break;
            }
            headers.push((name.clone(), value.clone()));
        }
        let body = match &self.body {
            // No answer of these has a body.
            _ if matches!(status, 204 | 205 | 304) => Payload::None,
            // The host would call a text without a type JSON.
            Payload::Text(text) if self.header("content-type").is_none() => {
                Payload::Bytes(text.clone().into_bytes())
            }
            body => body.clone(),
        };
        Response {
            status,
            headers,
            body,
        }
    }
}

/// Whether a field of an answer is the host's, or an order to a proxy. Names are read as the host
/// reads them: any other character than a letter or digit counts as a dash.
pub(crate) fn is_hosts(name: &str) -> bool {
    let dashed = |it: char| match it {
        it if it.is_ascii_alphanumeric() => it.to_ascii_lowercase(),
        _ => '-',
    };
    let name: String = name.chars().map(dashed).collect();
    BEGINNINGS.iter().any(|start| name.starts_with(start)) || NAMES.contains(&name.as_str())
}

const BEGINNINGS: [&str; 7] = [
    "proxy-",
    "tailor-",
    "x-accel-",
    "x-forwarded-",
    "x-lighttpd-",
    "x-reproxy-",
    "x-sendfile",
];

const NAMES: [&str; 17] = [
    "connection",
    "content-length",
    "date",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "server",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-real-ip",
    "x-request-id",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    fn reply(status: u16, headers: &[(&str, &str)], body: Payload) -> Reply {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Reply {
            status,
            headers: headers.collect(),
            body,
            selected: Vec::new(),
            source: Source::Live,
        }
    }

    #[test]
    fn status_fields_and_body_stay_and_what_is_the_hosts_goes() {
        let body = || Payload::Text("{\"detail\":\"taken\"}".to_owned());
        let given = [
            ("content-type", "application/problem+json"),
            ("etag", "\"7\""),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("Date", "then"),
            ("server", "nginx"),
            ("content-length", "18"),
            ("transfer_encoding", "chunked"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-accel-redirect", "/secret"),
            ("tailor-degraded", "no"),
        ];
        let answer = reply(409, &given, body()).hand_back();
        assert_eq!(answer.status, 409);
        let names: Vec<&str> = answer
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["content-type", "etag", "set-cookie", "set-cookie"]);
        assert!(matches!(answer.body, Payload::Text(text) if text.contains("taken")));
    }

    #[test]
    fn what_no_answer_may_have_is_left_out() {
        let text = || Payload::Text("x".to_owned());
        assert!(matches!(
            reply(204, &[], text()).hand_back().body,
            Payload::None
        ));
        assert_eq!(reply(799, &[], text()).hand_back().status, 502);
        // Without a type it stays without one.
        let bare = reply(200, &[], text()).hand_back().body;
        assert!(matches!(bare, Payload::Bytes(bytes) if bytes == b"x"));
        let long = "v".repeat(20 << 10);
        let many = [("a", "1"), ("b", long.as_str()), ("c", long.as_str())];
        assert_eq!(reply(200, &many, text()).hand_back().headers.len(), 2);
    }
}
