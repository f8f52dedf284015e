//! What is kept of a request while it runs, to run it again: for a recording, and for a shadow.

use std::sync::Arc;
use std::time::Duration;

use super::reply;
use super::worker::Worker;
use crate::bff::error::BffError;
use crate::bff::meter::Usage;
use crate::bff::response::CheckedResponse;
use crate::bff::version::Version;
use crate::config;
use crate::contract::Request;
use crate::recording::{self, Ended};
use crate::shadow;
use crate::tape::Tap;

/// What is kept.
#[derive(Default)]
pub(super) struct Captured {
    recording: Option<recording::Capture>,
    /// With what its guest uses, where that is known. Few requests have it.
    shadow: Option<Box<(shadow::Capture, Option<Arc<Usage>>)>>,
}

impl Captured {
    /// A request is about to run. `record` is there where some are recorded.
    pub(super) fn begin(
        worker: &Worker,
        version: &Version,
        record: Option<Arc<config::Record>>,
        request: &Request,
    ) -> Self {
        let shared = &worker.shared;
        let recording = record.and_then(|record| shared.recordings.begin(&record, request));
        // One branch where no shadow runs.
        let shadow = shared.shadows.is_any().then(|| {
            let tap = recording.as_ref().map(|it| &it.tap);
            let is_busy = worker.scheduler.is_busy() || version.admission().is_busy();
            shared.shadows.capture(version, request, tap, is_busy)
        });
        Self {
            recording,
            shadow: shadow.flatten().map(|it| Box::new((it, None))),
        }
    }

    /// Keeps what its guest learns.
    pub(super) fn tap(&self) -> Option<Arc<Tap>> {
        let of_shadow = || self.shadow.as_ref().map(|it| &it.0.tap);
        let tap = self.recording.as_ref().map(|it| &it.tap);
        tap.or_else(of_shadow).cloned()
    }

    /// Its guest uses this.
    pub(super) fn uses(&mut self, usage: &Arc<Usage>) {
        if let Some(shadow) = &mut self.shadow {
            shadow.1 = Some(usage.clone());
        }
    }

    /// The part for a recording, of an answer that is sent before it is whole.
    pub(super) fn into_recording(self) -> Option<recording::Capture> {
        self.recording
    }

    /// It has ended.
    pub(super) fn ended(
        self,
        worker: &Worker,
        version: &Arc<Version>,
        answer: &Result<CheckedResponse, BffError>,
    ) {
        if let Some(capture) = self.recording {
            let ended = ended(version, answer);
            worker.shared.recordings.ended(capture, ended);
        }
        if let Some(shadow) = self.shadow {
            let (capture, usage) = *shadow;
            let code = |error| (error, reply::code(error).as_str());
            let usage = usage.as_ref();
            let ended = shadow::Ended {
                version,
                answer: answer.as_ref().map_err(code),
                cpu: usage.map_or(Duration::ZERO, |it| it.cpu()),
                memory: usage.map_or(0, |it| it.memory()),
            };
            worker.shared.shadows.ended(capture, &ended);
        }
    }
}

/// How a request that may be recorded has ended.
fn ended(version: &Arc<Version>, answer: &Result<CheckedResponse, BffError>) -> Ended {
    let (code, outcome, failed) = match answer {
        Ok(answer) => {
            let status = answer.status;
            let outcome = recording::Outcome::Answered(status.as_u16());
            (
                status.as_str().to_owned(),
                outcome,
                status.is_server_error(),
            )
        }
        Err(error) => (
            reply::code(error).as_str().to_owned(),
            recording::Outcome::Failed(error.to_string()),
            true,
        ),
    };
    Ended {
        version: version.clone(),
        code,
        outcome,
        failed,
    }
}
