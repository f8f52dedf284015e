//! Building a [`Call`]. Paths are given as segments, so that no text of a client can change which
//! path is called.

use serde::Serialize;

use crate::{Call, Method, Payload, Problem, percent};

impl Call {
    /// A call of `service` at the path of `segments`, each of which is percent-encoded.
    ///
    /// `&["users", user, "days", day]` is `/users/ada/days/2026-01-15`. A segment `.` or `..`
    /// cannot be encoded away: the host refuses such a call as `invalid`. Parameters of a
    /// [`Router`](crate::Router) are never one of these.
    pub fn new(method: Method, service: &str, segments: &[&str]) -> Call {
        let mut path = String::new();
        for segment in segments {
            path.push('/');
            percent::encode(segment, &mut path);
        }
        if path.is_empty() {
            path.push('/');
        }
        Call {
            service: service.to_owned(),
            method,
            path,
            query: Vec::new(),
            headers: Vec::new(),
            body: Payload::None,
            select: Vec::new(),
            timeout_ms: None,
            profile: None,
        }
    }

    /// [`Call::new`] with GET.
    pub fn get(service: &str, segments: &[&str]) -> Call {
        Call::new(Method::Get, service, segments)
    }

    /// [`Call::new`] with POST.
    pub fn post(service: &str, segments: &[&str]) -> Call {
        Call::new(Method::Post, service, segments)
    }

    /// [`Call::new`] with PUT.
    pub fn put(service: &str, segments: &[&str]) -> Call {
        Call::new(Method::Put, service, segments)
    }

    /// [`Call::new`] with PATCH.
    pub fn patch(service: &str, segments: &[&str]) -> Call {
        Call::new(Method::Patch, service, segments)
    }

    /// [`Call::new`] with DELETE.
    pub fn delete(service: &str, segments: &[&str]) -> Call {
        Call::new(Method::Delete, service, segments)
    }

    /// Adds a query parameter; the host encodes it.
    pub fn query(mut self, name: &str, value: &str) -> Call {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Call {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds `idempotency-key`: a service that knows the key does the work once, however often the
    /// call arrives. Pass the client's own on, so that it holds for its repetitions, too. The host
    /// repeats a write only where the operator says so (`retry.methods`).
    pub fn idempotency_key(self, key: &str) -> Call {
        self.header("idempotency-key", key)
    }

    /// Asks for these values only, as JSON pointers (`/latest/bpm`): the host reads the document,
    /// and [`Reply::integer`](crate::Reply::integer) and its like take the values by their
    /// position. A token `*` stands for each item of a list: `/days/*/steps` picks one array, with
    /// `null` where an item has no such value. At most 64.
    pub fn select(mut self, pointers: &[&str]) -> Call {
        self.select = pointers.iter().map(|text| (*text).to_owned()).collect();
        self
    }

    /// Shortens this call's time limit, in milliseconds.
    pub fn timeout_ms(mut self, limit: u32) -> Call {
        self.timeout_ms = Some(limit);
        self
    }

    /// Picks a profile of the operator's, such as `fast`: other limits of time and of repetitions
    /// for this call.
    pub fn profile(mut self, name: &str) -> Call {
        self.profile = Some(name.to_owned());
        self
    }

    /// Sends `value` as JSON, with its content type.
    ///
    /// # Errors
    ///
    /// A problem with status 500 where JSON has no form for the value, such as a map with keys that
    /// are not text.
    pub fn json(self, value: &impl Serialize) -> Result<Call, Problem> {
        let text = serde_json::to_string(value)
            .map_err(|error| Problem::new(500, format!("a call cannot be written: {error}")))?;
        Ok(self.text("application/json", text))
    }

    /// Sends a text of this content type.
    pub fn text(mut self, content_type: &str, text: impl Into<String>) -> Call {
        self.body = Payload::Text(text.into());
        self.header("content-type", content_type)
    }

    /// Sends bytes of this content type.
    pub fn bytes(mut self, content_type: &str, bytes: impl Into<Vec<u8>>) -> Call {
        self.body = Payload::Bytes(bytes.into());
        self.header("content-type", content_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_stay_segments_whatever_is_in_them() {
        let call = Call::get("activity", &["users", "../admin?x=1#", "days", "Zoë"]);
        assert_eq!(call.path, "/users/..%2Fadmin%3Fx%3D1%23/days/Zo%C3%AB");
        assert_eq!(Call::get("activity", &[]).path, "/");
    }

    #[test]
    fn a_write_has_its_method_and_key() {
        for (call, method) in [
            (Call::post("a", &["x"]), Method::Post),
            (Call::put("a", &["x"]), Method::Put),
            (Call::patch("a", &["x"]), Method::Patch),
            (Call::delete("a", &["x"]), Method::Delete),
        ] {
            let call = call.idempotency_key("k-1");
            assert_eq!((call.method, call.path.as_str()), (method, "/x"));
            assert_eq!(call.headers, [("idempotency-key".into(), "k-1".into())]);
        }
        let call = Call::put("a", &["x"]).bytes("image/png", [0xff]);
        assert!(matches!(&call.body, Payload::Bytes(bytes) if bytes == &[0xff]));
    }

    #[test]
    fn a_body_is_json_with_its_type() {
        let call = Call::post("goals", &["goals"])
            .json(&[("steps", 1)])
            .unwrap();
        assert!(matches!(&call.body, Payload::Text(text) if text == r#"[["steps",1]]"#));
        assert_eq!(
            call.headers,
            [("content-type".into(), "application/json".into())]
        );
    }
}
