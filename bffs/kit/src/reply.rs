//! Reading a [`Reply`]: the typed document or value, or why it is [`Missing`].
//!
//! Nothing here decides what a missing part means for the client; that is the BFF's.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Failure, FailureKind, Payload, Reply};

/// Why a part of the answer is not there.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// There was no reply.
    #[error("{}", .0.detail)]
    Failed(Failure),
    /// The service answered with this status, not 2xx.
    #[error("service answered with status {0}")]
    Status(u16),
    /// The document has no such value, or it is `null`: the position in the call's `select`.
    #[error("value {0} of the selection is not in the document")]
    Absent(usize),
    /// The document or value is not of the expected form.
    #[error("answer of the service cannot be read: {0}")]
    Unreadable(String),
}

impl Missing {
    /// The reason in a word, for clients: the kind of the failure (`timeout`), `status-503`,
    /// `absent` or `unreadable`.
    pub fn why(&self) -> String {
        match self {
            Missing::Failed(failure) => failure.kind.name().to_owned(),
            Missing::Status(status) => format!("status-{status}"),
            Missing::Absent(_) => "absent".to_owned(),
            Missing::Unreadable(_) => "unreadable".to_owned(),
        }
    }
}

impl From<Failure> for Missing {
    fn from(failure: Failure) -> Missing {
        Missing::Failed(failure)
    }
}

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

    /// The body as a JSON document; unknown fields are ignored, as serde does.
    ///
    /// # Errors
    ///
    /// The status is not 2xx, the body is not JSON, or it has another form than `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Missing> {
        self.check_status()?;
        match &self.body {
            Payload::Text(text) => read(text),
            Payload::Bytes(_) => Err(Missing::Unreadable("body is not text".to_owned())),
            Payload::None => Err(Missing::Unreadable("body is empty".to_owned())),
        }
    }

    /// The selected value at `index`, which is the position of its pointer in
    /// [`Call::select`](crate::Call::select).
    ///
    /// # Errors
    ///
    /// The status is not 2xx, the document has no such value or `null`, or it has another form than
    /// `T`.
    pub fn pick<'a, T: Deserialize<'a>>(&'a self, index: usize) -> Result<T, Missing> {
        read(self.selected_text(index)?)
    }

    /// The selected value at `index` as a whole number. It is parsed straight from the few bytes of
    /// its text, without a JSON parser.
    ///
    /// # Errors
    ///
    /// As [`Reply::pick`]; also a number with a fraction or exponent.
    pub fn integer(&self, index: usize) -> Result<i64, Missing> {
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
    pub fn number(&self, index: usize) -> Result<f64, Missing> {
        self.pick(index)
    }

    fn selected_text(&self, index: usize) -> Result<&str, Missing> {
        self.check_status()?;
        match self.selected.get(index).and_then(Option::as_deref) {
            None | Some("null") => Err(Missing::Absent(index)),
            Some(text) => Ok(text),
        }
    }

    fn check_status(&self) -> Result<(), Missing> {
        if (200..300).contains(&self.status) {
            Ok(())
        } else {
            Err(Missing::Status(self.status))
        }
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Missing> {
    serde_json::from_str(text).map_err(|error| Missing::Unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

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
            assert_eq!(missing.why(), "status-503");
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
        assert_eq!(reply.integer(1).unwrap_err().why(), "unreadable");
        assert_eq!(reply.integer(2).unwrap_err().why(), "absent");
        assert_eq!(reply.integer(3).unwrap_err().why(), "absent");
        assert_eq!(reply.integer(9).unwrap_err().why(), "absent");
    }

    #[test]
    fn a_failure_is_named_as_in_the_contract() {
        let contract = include_str!("../../../wit/tailor.wit");
        for kind in FailureKind::ALL {
            assert!(contract.contains(&format!("\n        {},\n", kind.name())));
        }
    }
}
