//! Reading a [`Reply`]: the typed document or value, or why it is [`Missing`].

use serde::Deserialize;
use serde::de::value::Error;
use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::{FailureKind, Fetched, Missing, Outcome, Payload, Reply, Response};

impl FailureKind {
    /// All kinds, in the contract's order.
    pub const ALL: [FailureKind; 10] = [
        FailureKind::Denied,
        FailureKind::Invalid,
        FailureKind::Exhausted,
        FailureKind::Timeout,
        FailureKind::Unreachable,
        FailureKind::Interrupted,
        FailureKind::Overloaded,
        FailureKind::TooLarge,
        FailureKind::Malformed,
        FailureKind::Rejected,
    ];

    /// The name in the contract: `too-large`.
    pub fn name(self) -> &'static str {
        match self {
            FailureKind::Denied => "denied",
            FailureKind::Invalid => "invalid",
            FailureKind::Exhausted => "exhausted",
            FailureKind::Timeout => "timeout",
            FailureKind::Unreachable => "unreachable",
            FailureKind::Interrupted => "interrupted",
            FailureKind::Overloaded => "overloaded",
            FailureKind::TooLarge => "too-large",
            FailureKind::Malformed => "malformed",
            FailureKind::Rejected => "rejected",
        }
    }
}

impl Reply {
    /// The value of the first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        crate::header(&self.headers, name)
    }

    /// The body as a JSON document; unknown fields are ignored, as serde does. Ask for an `Option`
    /// where the answer need not have one: no body, as with 204, and `null` are then `None`.
    ///
    /// # Errors
    ///
    /// The status is not 2xx, there is no body or it is `null`, it is not JSON, or it has another
    /// form than `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Outcome<T> {
        self.check_status()?;
        self.read_document()
    }

    /// [`Reply::json`] whatever the status: for what a service says about a 409 or 422.
    ///
    /// # Errors
    ///
    /// As [`Reply::json`], but for the status.
    pub fn read_document<T: DeserializeOwned>(&self) -> Outcome<T> {
        match &self.body {
            Payload::Text(text) => read(text).or_else(|why| match text.trim_ascii() {
                "" | "null" => absent(None),
                _ => Err(why),
            }),
            Payload::Bytes(_) => Err(Missing::Unreadable("body is not text".to_owned())),
            Payload::None => absent(None),
        }
    }

    /// The status of a 2xx reply, for calls whose answer needs no body: 201, 202, 204.
    ///
    /// # Errors
    ///
    /// The status is not 2xx.
    pub fn success(&self) -> Outcome<u16> {
        self.check_status().map(|()| self.status)
    }

    /// The selected value at `index`, which is the position of its pointer in
    /// [`Call::select`](crate::Call::select). Ask for an `Option` where the document need not have
    /// it: no value and `null` are then `None`.
    ///
    /// # Errors
    ///
    /// The status is not 2xx, the document has no such value or `null`, or it has another form than
    /// `T`.
    pub fn pick<'a, T: Deserialize<'a>>(&'a self, index: usize) -> Outcome<T> {
        match self.selected_text(index) {
            Err(Missing::NoValue(index)) => absent(index),
            text => read(text?),
        }
    }

    /// The selected value at `index` as a whole number. It is parsed straight from the few bytes of
    /// its text, without a JSON parser.
    ///
    /// # Errors
    ///
    /// As [`Reply::pick`]; also a number with a fraction or exponent.
    pub fn integer(&self, index: usize) -> Outcome<i64> {
        let text = self.selected_text(index)?;
        text.parse().map_err(|_| {
            Missing::Unreadable(format!(
                "value {index} of the selection is not a whole number"
            ))
        })
    }

    /// The selected value at `index` as a number.
    ///
    /// # Errors
    ///
    /// As [`Reply::pick`].
    pub fn number(&self, index: usize) -> Outcome<f64> {
        self.pick(index)
    }

    fn selected_text(&self, index: usize) -> Outcome<&str> {
        self.check_status()?;
        match self.selected.get(index).and_then(Option::as_deref) {
            None | Some("null") => Err(Missing::NoValue(Some(index))),
            Some(text) => Ok(text),
        }
    }

    fn check_status(&self) -> Outcome<()> {
        match Missing::of_status(self.status) {
            None => Ok(()),
            Some(missing) => Err(missing),
        }
    }
}

/// Reads the result of a call like a [`Reply`], without a step between the two:
/// `fetch(&call).json()?`. A failure is [`Missing::Failed`].
pub trait ReadReply {
    /// [`Reply::json`].
    ///
    /// # Errors
    ///
    /// There is no reply; else as [`Reply::json`].
    fn json<T: DeserializeOwned>(&self) -> Outcome<T>;

    /// [`Reply::success`].
    ///
    /// # Errors
    ///
    /// There is no reply; else as [`Reply::success`].
    fn success(&self) -> Outcome<u16>;

    /// [`Reply::hand_back`].
    ///
    /// # Errors
    ///
    /// There is no reply.
    fn hand_back(&self) -> Outcome<Response>;

    /// [`Reply::pick`].
    ///
    /// # Errors
    ///
    /// There is no reply; else as [`Reply::pick`].
    fn pick<'a, T: Deserialize<'a>>(&'a self, index: usize) -> Outcome<T>;

    /// [`Reply::integer`].
    ///
    /// # Errors
    ///
    /// There is no reply; else as [`Reply::integer`].
    fn integer(&self, index: usize) -> Outcome<i64>;

    /// [`Reply::number`].
    ///
    /// # Errors
    ///
    /// There is no reply; else as [`Reply::number`].
    fn number(&self, index: usize) -> Outcome<f64>;
}

impl ReadReply for Fetched {
    fn json<T: DeserializeOwned>(&self) -> Outcome<T> {
        arrived(self)?.json()
    }

    fn success(&self) -> Outcome<u16> {
        arrived(self)?.success()
    }

    fn hand_back(&self) -> Outcome<Response> {
        Ok(arrived(self)?.hand_back())
    }

    fn pick<'a, T: Deserialize<'a>>(&'a self, index: usize) -> Outcome<T> {
        arrived(self)?.pick(index)
    }

    fn integer(&self, index: usize) -> Outcome<i64> {
        arrived(self)?.integer(index)
    }

    fn number(&self, index: usize) -> Outcome<f64> {
        arrived(self)?.number(index)
    }
}

fn arrived(fetched: &Fetched) -> Outcome<&Reply> {
    fetched
        .as_ref()
        .map_err(|failure| Missing::from(failure.clone()))
}

/// What `T` makes of nothing: an `Option` is `None`, anything else has no value.
fn absent<'a, T: Deserialize<'a>>(position: Option<usize>) -> Outcome<T> {
    T::deserialize(().into_deserializer()).map_err(|_: Error| Missing::NoValue(position))
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Outcome<T> {
    serde_json::from_str(text).map_err(|error| Missing::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;
    use crate::testing::failure;

    fn reply(status: u16, body: &str, selected: &[Option<&str>]) -> Reply {
        Reply {
            status,
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: Payload::Text(body.into()),
            selected: selected
                .iter()
                .map(|text| text.map(str::to_owned))
                .collect(),
            source: Source::Live,
        }
    }

    #[test]
    fn a_document_is_typed_and_unknown_fields_are_ignored() {
        #[derive(serde::Deserialize)]
        struct Day {
            steps: u32,
        }
        let day: Day = reply(200, r#"{"steps":8423,"floors":9}"#, &[])
            .json()
            .unwrap();
        assert_eq!(day.steps, 8423);
        let other = reply(200, r#"{"steps":"many"}"#, &[]).json::<Day>();
        assert!(matches!(other, Err(Missing::Unreadable(why)) if why.contains("line 1")));
        assert_eq!(
            reply(200, "", &[]).header("content-type"),
            Some("application/json")
        );
    }

    #[test]
    fn a_status_other_than_2xx_comes_before_the_body() {
        let reply = reply(503, r#"{"status":503}"#, &[None]);
        for missing in [
            reply.json::<u32>().unwrap_err(),
            reply.integer(0).map(|_| 0).unwrap_err(),
        ] {
            assert_eq!(
                (missing.kind(), missing.why().as_str()),
                ("failed", "status-503")
            );
        }
    }

    #[test]
    fn selected_values_are_read_by_position() {
        let reply = reply(
            200,
            "",
            &[
                Some("64"),
                Some("72.5"),
                Some("null"),
                None,
                Some(r#""rest""#),
            ],
        );
        assert_eq!(reply.integer(0).unwrap(), 64);
        assert_eq!(reply.number(0).unwrap(), 64.0);
        assert_eq!(reply.number(1).unwrap(), 72.5);
        assert_eq!(reply.pick::<&str>(4).unwrap(), "rest");
        assert_eq!(reply.pick::<&str>(3).unwrap_err().kind(), "no-value");
        assert_eq!(reply.pick::<Option<i64>>(0).unwrap(), Some(64));
        assert_eq!(reply.pick::<Option<i64>>(2).unwrap(), None);
        assert_eq!(reply.pick::<Option<i64>>(3).unwrap(), None);
        assert_eq!(reply.integer(1).unwrap_err().why(), "unreadable");
        assert_eq!(reply.integer(2).unwrap_err().why(), "no-value");
        assert_eq!(reply.integer(3).unwrap_err().why(), "no-value");
        assert_eq!(reply.integer(9).unwrap_err().why(), "no-value");
    }

    #[test]
    fn what_a_call_brought_is_read_like_a_reply() {
        let fetched: Fetched = Ok(reply(200, r#"{"steps":1}"#, &[Some("64"), Some("72.5")]));
        let document: serde_json::Value = fetched.json().unwrap();
        assert_eq!(document["steps"], 1);
        assert_eq!(fetched.integer(0).unwrap(), 64);
        assert_eq!(fetched.number(1).unwrap(), 72.5);
        assert_eq!(fetched.pick::<u8>(0).unwrap(), 64);

        let failed: Fetched = Err(failure(FailureKind::Timeout, "heart"));
        let missing = failed.json::<u8>().unwrap_err();
        assert_eq!(
            (missing.kind(), missing.why().as_str()),
            ("failed", "timeout")
        );
        assert_eq!(missing.to_string(), "service `heart`: timeout");
        assert_eq!(failed.integer(0).unwrap_err().kind(), "failed");
    }

    #[test]
    fn an_answer_without_a_document_has_no_value() {
        let empty = |status| Reply {
            body: Payload::None,
            ..reply(status, "", &[])
        };
        for nothing in [
            empty(204),
            empty(200),
            reply(200, " null\n", &[]),
            reply(200, "", &[]),
        ] {
            let missing = nothing.json::<u32>().unwrap_err();
            assert!(matches!(missing, Missing::NoValue(None)), "{missing}");
        }
        assert_eq!(empty(204).json::<Option<u32>>().unwrap(), None);
        assert_eq!(reply(200, "null", &[]).json::<Option<u32>>().unwrap(), None);
        let other = reply(200, "{}", &[]).json::<u32>().unwrap_err();
        assert_eq!(other.kind(), "unreadable");
        let missing = empty(404).json::<u32>().unwrap_err();
        assert_eq!(missing.kind(), "not-found");
    }

    #[test]
    fn what_a_write_led_to_is_at_hand_without_an_exception() {
        let fetched = |status, body| -> Fetched { Ok(reply(status, body, &[])) };
        for status in [200, 201, 202, 204] {
            assert_eq!(fetched(status, "{}").success().unwrap(), status);
        }
        for status in [409, 412, 422] {
            let refused = fetched(status, r#"{"detail":"taken"}"#);
            let missing = refused.success().unwrap_err();
            assert_eq!((missing.kind(), missing.status()), ("failed", Some(status)));
            let why: serde_json::Value = refused.as_ref().unwrap().read_document().unwrap();
            assert_eq!(why["detail"], "taken");
            assert_eq!(refused.hand_back().unwrap().status, status);
        }
        let failed: Fetched = Err(failure(FailureKind::Timeout, "heart"));
        assert_eq!(failed.success().unwrap_err().status(), None);
        assert_eq!(failed.hand_back().unwrap_err().kind(), "failed");
    }

    #[test]
    fn a_404_is_another_thing_than_a_value_that_is_not_in_the_document() {
        let kind = |status| {
            let reply = reply(status, "{}", &[None]);
            reply.integer(0).unwrap_err().kind()
        };
        assert_eq!(
            [404, 410, 200].map(kind),
            ["not-found", "failed", "no-value"]
        );
    }

    #[test]
    fn a_failure_is_named_as_in_the_contract() {
        let contract = include_str!("../../../wit/tailor.wit");
        for kind in FailureKind::ALL {
            assert!(contract.contains(&format!("\n        {},\n", kind.name())));
        }
    }
}
