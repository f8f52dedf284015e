//! The shapes of a BFF's answers: inferred from the answers to its fixtures, and kept beside them,
//! so that a change is told that clients may not be ready for.
//!
//! Owns what is kept ([`Answers`], of one [`shape`] for each request, status and media type), the
//! rule of what may break a client ([`change`]), the [`mod@file`], and what is written to it by whose
//! consent ([`comparison`]). What is inferred is only as wide as the fixtures: a member that no
//! fixture shows is not known here.

mod change;
mod comparison;
mod file;
mod shape;

use std::collections::BTreeMap;

use http::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::routes::Routes;
use crate::bff::response::CheckedResponse;

pub use change::{Change, What};
pub use comparison::{Comparison, Consent, compare};
pub use file::{ANSWERS, AnswersError};
use shape::Shape;

/// The shapes of answers: by request, as [`Coverage`](super::Coverage) lists it, then by
/// status and media type: `200 application/json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Answers(BTreeMap<String, BTreeMap<String, Shape>>);

/// The shape of one answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Status and media type.
    kind: String,
    shape: Shape,
}

impl Answer {
    /// That of a response. A body that is no JSON has a media type and no shape.
    pub(super) fn of(response: &CheckedResponse) -> Self {
        let status = response.status.as_u16();
        let media = response.headers.get(CONTENT_TYPE);
        let media = media.and_then(|value| value.to_str().ok());
        let media = media.and_then(|value| value.split(';').next());
        let media = media.unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = media == "application/json" || media.ends_with("+json");
        let body = serde_json::from_slice::<Value>(&response.body);
        let shape = match body {
            Ok(body) if is_json => Shape::of(&body),
            _ => Shape::default(),
        };
        let kind = format!("{status} {media}").trim_end().to_owned();
        Self { kind, shape }
    }
}

impl Answers {
    fn add(&mut self, request: &str, answer: &Answer) {
        self.add_shape(request, &answer.kind, answer.shape.clone());
    }

    fn add_shape(&mut self, request: &str, kind: &str, shape: Shape) {
        let kinds = self.0.entry(request.to_owned()).or_default();
        let shape = match kinds.remove(kind) {
            Some(known) => known.merged(shape),
            None => shape,
        };
        kinds.insert(kind.to_owned(), shape);
    }

    /// These, each by the route that answers it.
    fn renamed(&self, routes: &Routes) -> Self {
        let mut renamed = Self::default();
        for (request, kinds) in &self.0 {
            let request = routes.renamed(request);
            for (kind, shape) in kinds {
                renamed.add_shape(&request, kind, shape.clone());
            }
        }
        renamed
    }

    /// These with all that `now` has beside: what clients may rely on when nothing breaks them.
    #[must_use]
    pub fn extended(&self, now: &Self) -> Self {
        let mut extended = self.clone();
        for (request, kinds) in &now.0 {
            let known = extended.0.entry(request.clone()).or_default();
            for (kind, shape) in kinds {
                match known.get_mut(kind) {
                    Some(known) => known.extend(shape),
                    None => drop(known.insert(kind.clone(), shape.clone())),
                }
            }
        }
        extended
    }
}

#[cfg(test)]
mod tests;
