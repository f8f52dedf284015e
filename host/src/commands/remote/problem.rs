//! What a host answers in place of doing what it was told.

use std::fmt;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tailor::text::visible;

use super::answer::Answer;

/// A refusal: at which step, why, and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    pub step: String,
    pub reason: String,
    pub fix: String,
    pub request_id: String,
    /// How long the host asks to wait, seconds.
    pub retry_after: Option<u16>,
}

/// The document, `application/problem+json`.
#[derive(Deserialize)]
struct Document {
    step: String,
    reason: String,
    #[serde(default)]
    fix: String,
    #[serde(default)]
    request_id: String,
}

impl Problem {
    /// Reads the document. `None` where it is not one of a host.
    pub fn read(answer: &Answer) -> Option<Self> {
        let document: Document = serde_json::from_slice(&answer.body).ok()?;
        Some(Self {
            status: answer.status,
            step: visible(&document.step).into_owned(),
            reason: visible(&document.reason).into_owned(),
            fix: visible(&document.fix).into_owned(),
            request_id: visible(&document.request_id).into_owned(),
            retry_after: answer.retry_after,
        })
    }

    /// Puts an ellipsis in the place of a token, and of each of its parts.
    pub fn hide(&mut self, token: &str) {
        const SHORTEST: usize = 16;
        let parts = token.split('.').filter(|part| part.len() >= SHORTEST);
        let hidden: Vec<&str> = std::iter::once(token).chain(parts).collect();
        for text in [
            &mut self.step,
            &mut self.reason,
            &mut self.fix,
            &mut self.request_id,
        ] {
            for hidden in hidden.iter().filter(|it| !it.is_empty()) {
                *text = text.replace(hidden, "…");
            }
        }
    }

    pub fn json(&self) -> Value {
        json!({
            "status": self.status.as_u16(),
            "step": self.step,
            "reason": self.reason,
            "fix": (!self.fix.is_empty()).then_some(&self.fix),
            "request_id": self.request_id,
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            step, reason, fix, ..
        } = self;
        write!(f, "{} at {step}: {reason}", self.status.as_u16())?;
        match &**fix {
            "" => Ok(()),
            fix => write!(f, "; {fix}"),
        }
    }
}
