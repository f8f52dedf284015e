//! Runs a recorded request again, and says what differs.

use std::path::Path;
use std::sync::Arc;

use super::departure::Departure;
use super::error::Outcome;
use crate::bff::error::BffError;
use crate::bff::load::Loaded;
use crate::bff::response::CheckedResponse;
use crate::bff::run::Fixed;
use crate::bff::runtime::Runtime;
use crate::config;
use crate::contract::Call;
use crate::fixture::{Difference, Fixture, FixtureError, Recorded, RecordedCall, Redaction};
use crate::invoke::{Cost, detached, invoke};
use crate::locale;
use crate::tape::{Played, Player, Strictness, Tap};

/// Interfaces whose answers a tape does not have: all are of components by `wasi:http`.
const UNRECORDED: [&str; 3] = ["wasi:filesystem/", "wasi:http/", "wasi:sockets/"];

/// What came of a replay.
#[derive(Debug)]
pub struct Replayed {
    /// Whether it was the same.
    pub verdict: Verdict,
    /// What it cost.
    pub cost: Option<Cost>,
}

impl Replayed {
    /// One that could not be made.
    pub fn refused(why: String) -> Self {
        Self {
            verdict: Verdict::Refused(why),
            cost: None,
        }
    }
}

/// Whether a replay was the same.
#[derive(Debug)]
pub enum Verdict {
    /// The same calls and the same answer, byte for byte.
    Same,
    /// Where it differs.
    Differs(Vec<Difference>),
    /// What it asks for first that was not asked for when it was recorded. What it does from there
    /// on has nothing to be compared with.
    Departs(Departure),
    /// Why it cannot be said.
    Refused(String),
}

/// A recorded request that ran again.
pub(super) struct Ran {
    pub(super) played: Played,
    pub(super) result: Result<CheckedResponse, BffError>,
    /// Calls on the tape.
    recorded: usize,
    cost: Cost,
}

/// Runs a recorded request again, and compares all that its BFF did.
///
/// `settings` are those of the BFF; the limits are those of the recording.
///
/// # Errors
///
/// When the fixture's request cannot be made.
pub async fn replay(
    runtime: &Runtime,
    loaded: &Arc<Loaded>,
    settings: &config::Bff,
    fixture: &Fixture,
) -> Result<Replayed, FixtureError> {
    let refused = |why: String| Ok(Replayed::refused(why));
    let Some(recorded) = &fixture.recorded else {
        return refused("recorded: it is not there; `tailor test` runs such a fixture".to_owned());
    };
    if let Some(import) = unrecorded(loaded) {
        return refused(format!(
            "{import}: the component imports it, and what it answers is not recorded"
        ));
    }
    match &recorded.locale {
        Some(data) if loaded.surface.uses_locale() && data != locale::DATA => {
            return refused(format!(
                "locale: recorded with {data}, and this tailor has {}; record it again",
                locale::DATA
            ));
        }
        _ => {}
    }
    let expects = fixture.expect.as_ref().and_then(|expect| expect.status);
    if recorded.error.is_none() && expects.is_none() {
        return refused(
            "expect: has no status, and a recorded answer has one; record it again".to_owned(),
        );
    }
    let ran = run(runtime, loaded, settings, fixture, Strictness::Same).await?;
    if ran.is_of_host() {
        return refused(ran.error().unwrap_or_default());
    }
    Ok(Replayed {
        cost: Some(ran.cost),
        verdict: ran.verdict(fixture, recorded),
    })
}

/// The first interface of a component whose answers are not recorded.
pub fn unrecorded(loaded: &Loaded) -> Option<&str> {
    let imports = loaded.surface.imports.iter();
    let mut imports = imports.map(String::as_str);
    imports.find(|import| UNRECORDED.iter().any(|it| import.starts_with(it)))
}

/// Runs a recorded request.
///
/// # Errors
///
/// When its request cannot be made.
pub(super) async fn run(
    runtime: &Runtime,
    loaded: &Arc<Loaded>,
    settings: &config::Bff,
    fixture: &Fixture,
    strictness: Strictness,
) -> Result<Ran, FixtureError> {
    let component = settings.component.as_deref().unwrap_or(Path::new(""));
    let mut settings = config::Bff::with_defaults(&settings.name, component, &fixture.services());
    if let Some(recorded) = &fixture.recorded {
        recorded.limits.apply(&mut settings);
    }
    settings.config.extend(fixture.config.clone());
    let tape = fixture.tape()?.unwrap_or_default();
    let recorded = tape.calls.len();
    let masked = redaction(fixture);
    let mask = Box::new(move |call: &Call| masked.call(call));
    let tap = Arc::new(Tap::Playing(Player::new(tape, strictness, mask)));
    let fixed = Fixed {
        now_ms: fixture.now_ms()?,
        seed: Some(fixture.seed),
        tap: Some(tap.clone()),
    };
    let fixture = Arc::new(fixture.clone());
    let version = detached(settings, loaded.clone(), |service| fixture.canned(service));
    let invoked = invoke(runtime, &version, fixture.request()?, fixed, 0).await;
    Ok(Ran {
        played: tap.player().map(Player::played).unwrap_or_default(),
        result: invoked.result,
        recorded,
        cost: invoked.cost,
    })
}

impl Ran {
    /// Why there was no answer.
    pub(super) fn error(&self) -> Option<String> {
        self.result.as_ref().err().map(ToString::to_string)
    }

    /// How it ended.
    pub(super) fn outcome(&self) -> Outcome {
        match &self.result {
            Ok(answer) => Outcome::Answered(answer.status.as_u16()),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    /// Whether it met a limit of time. How far it came until then is not the same each time.
    fn ran_out_of_time(&self) -> bool {
        matches!(
            self.result,
            Err(BffError::Cpu { .. } | BffError::Deadline { .. })
        )
    }

    /// Whether it failed for a reason that is not its own.
    pub(super) fn is_of_host(&self) -> bool {
        matches!(
            self.result,
            Err(BffError::EngineFull
                | BffError::HostPanic
                | BffError::Overloaded { .. }
                | BffError::CpuShare { .. })
        )
    }

    /// What the run did that the tape has no answers for.
    pub(super) fn otherwise(&self) -> Option<String> {
        if self.ran_out_of_time() {
            return None;
        }
        if let Some(departure) = self.departure() {
            return Some(departure.to_string());
        }
        let made = self.played.calls.len();
        match self.played.differs_at {
            Some(place) => {
                let call = self.played.calls.get(place)?;
                Some(format!("call {place} is one of {:?}", call.service))
            }
            None if made < self.recorded => {
                Some(format!("it makes {made} calls, and made {}", self.recorded))
            }
            None => None,
        }
    }

    /// The header fields of the answer, in their order.
    pub(super) fn headers(&self, redaction: &Redaction) -> Vec<(String, String)> {
        let Ok(answer) = &self.result else {
            return Vec::new();
        };
        let headers = answer.headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            let value = redaction.header(name.as_str(), &value).to_owned();
            (name.to_string(), value)
        });
        headers.collect()
    }

    /// What it asked for that is not recorded, unless a call differed before.
    fn departure(&self) -> Option<Departure> {
        let Played {
            missing,
            differs_at,
            ..
        } = &self.played;
        let missing = missing.as_ref()?;
        let is_first = differs_at.is_none_or(|place| missing.calls <= place);
        is_first.then(|| Departure::of(missing))
    }

    fn verdict(&self, fixture: &Fixture, recorded: &Recorded) -> Verdict {
        // How far a run came until it met a limit of time is not the same each time.
        let met_limit = self.ran_out_of_time() && recorded.error == self.error();
        if !met_limit && let Some(departure) = self.departure() {
            return Verdict::Departs(departure);
        }
        let mut all = Vec::new();
        self.compare_calls(recorded, met_limit, &mut all);
        if all.is_empty() {
            self.compare_answer(fixture, recorded, &mut all);
        }
        match all.is_empty() {
            true => Verdict::Same,
            false => Verdict::Differs(all),
        }
    }

    fn compare_calls(&self, recorded: &Recorded, met_limit: bool, all: &mut Vec<Difference>) {
        let made = &self.played.calls;
        if let Some(place) = self.played.differs_at {
            let expected = recorded.calls.get(place).map(without_result);
            if met_limit && expected.is_none() {
                return;
            }
            let found = made.get(place).and_then(|call| RecordedCall::of(call).ok());
            let pointer = format!("/recorded/calls/{place}");
            Difference::of_values(&pointer, expected.as_ref(), found.as_ref(), all);
        } else if let Some(expected) = recorded.calls.get(made.len()).filter(|_| !met_limit) {
            let pointer = format!("/recorded/calls/{}", made.len());
            let expected = without_result(expected);
            Difference::of_values(&pointer, Some(&expected), None::<&RecordedCall>, all);
        }
    }

    fn compare_answer(&self, fixture: &Fixture, recorded: &Recorded, all: &mut Vec<Difference>) {
        let (expected, found) = (recorded.error.as_ref(), self.error());
        if expected != found.as_ref() {
            Difference::of_values("/recorded/error", expected, found.as_ref(), all);
            return;
        }
        let (Ok(answer), Some(expect)) = (&self.result, &fixture.expect) else {
            return;
        };
        all.extend(expect.differences(answer));
        all.extend(expect.other_text(answer));
        if all.is_empty() {
            let found = self.headers(&redaction(fixture));
            Difference::of_values(
                "/recorded/headers",
                Some(&recorded.headers),
                Some(&found),
                all,
            );
        }
    }
}

fn without_result(call: &RecordedCall) -> RecordedCall {
    RecordedCall {
        reply: None,
        source: None,
        failure: None,
        ..call.clone()
    }
}

/// What is not written down of calls and answers of a recording.
fn redaction(fixture: &Fixture) -> Redaction {
    let recorded = fixture.recorded.as_ref();
    Redaction {
        headers: recorded.map_or(Vec::new(), |it| it.redacted_headers.clone()),
        ..Redaction::default()
    }
}
