//! Comparing an answer with what a fixture expects, and checking a whole folder of fixtures.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::json::{self, Json};
use super::{Fixture, Run, body_text, header};
use crate::{Payload, Request, Response};

/// What a fixture expects; what is left out is not compared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    #[serde(default, deserialize_with = "json::present")]
    status: Option<u16>,
    #[serde(default, deserialize_with = "json::fields")]
    headers: Vec<(String, String)>,
    #[serde(default, deserialize_with = "json::present")]
    pub(super) json: Option<Json>,
    #[serde(default, deserialize_with = "json::present")]
    text: Option<String>,
}

/// What is wrong with a fixture file, or with the answer to its request.
#[derive(Debug, thiserror::Error)]
pub enum FixtureError {
    /// The file or folder cannot be read.
    #[error("{path}: cannot be read: {error}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        error: std::io::Error,
    },
    /// The file is not a fixture.
    #[error("{path}: {detail}")]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        detail: String,
    },
    /// The answer is not what is expected.
    #[error("{path}: {detail}")]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// What differs: expected and received.
        detail: String,
    },
}

/// All that is wrong in a folder of fixtures. Its `Debug` form is the readable one, for `unwrap` in
/// tests.
#[derive(thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Mismatches(Vec<FixtureError>);

impl fmt::Debug for Mismatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

/// Has `handle` answer each `*.json` of a folder (relative to the crate's) that has an `expect`,
/// and compares. Returns how many there were.
///
/// # Errors
///
/// Everything that is wrong: files that are no fixtures, answers that are not as expected, a folder
/// without expectations.
pub fn check_folder(
    handle: fn(Request) -> Response,
    folder: impl AsRef<Path>,
) -> Result<usize, Mismatches> {
    let folder = folder.as_ref();
    let io = |error| FixtureError::Io {
        path: folder.to_owned(),
        error,
    };
    let mut paths = std::fs::read_dir(folder)
        .and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<std::io::Result<Vec<_>>>()
        })
        .map_err(|error| Mismatches(vec![io(error)]))?;
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
    });
    paths.sort();

    let (mut checked, mut wrong) = (0, Vec::new());
    for path in paths {
        match Fixture::read(&path) {
            Err(error) => wrong.push(error),
            Ok(fixture) if fixture.expect.is_some() => {
                checked += 1;
                if let Err(detail) = fixture.check(&fixture.run(handle)) {
                    wrong.push(FixtureError::Unexpected { path, detail });
                }
            }
            Ok(_) => {}
        }
    }
    if checked == 0 {
        wrong.push(FixtureError::Form {
            path: folder.to_owned(),
            detail: "no fixture in this folder has an `expect`".to_owned(),
        });
    }
    if wrong.is_empty() {
        Ok(checked)
    } else {
        Err(Mismatches(wrong))
    }
}

impl Fixture {
    /// Compares an answer with what is expected.
    ///
    /// # Errors
    ///
    /// What differs, one line each, and the whole body.
    pub fn check(&self, run: &Run) -> Result<(), String> {
        let Some(expect) = &self.expect else {
            return Ok(());
        };
        let response = &run.response;
        let mut wrong = Vec::new();
        if let Some(status) = expect.status.filter(|status| *status != response.status) {
            wrong.push(format!("status is {}, expected {status}", response.status));
        }
        for (name, value) in &expect.headers {
            let lower = name.to_ascii_lowercase();
            // The host says so of a text without a type.
            let is_json = lower == "content-type" && matches!(response.body, Payload::Text(_));
            let found = header(response, &lower).or(is_json.then_some("application/json"));
            if found != Some(value) {
                wrong.push(format!("header {name} is {found:?}, expected {value:?}"));
            }
        }
        let body = body_text(response);
        if let Some(json) = &expect.json
            && !json.is_meant_by(body)
        {
            wrong.push(format!("body is not the JSON {}", json.as_str()));
        }
        let bytes = match &response.body {
            Payload::Text(text) => text.as_bytes(),
            Payload::Bytes(bytes) => bytes,
            Payload::None => &[],
        };
        if let Some(text) = &expect.text
            && bytes != text.as_bytes()
        {
            wrong.push(format!("body is not the text {text:?}"));
        }
        if wrong.is_empty() {
            return Ok(());
        }
        wrong.push(format!("the body is: {body}"));
        Err(wrong.join("; "))
    }
}
