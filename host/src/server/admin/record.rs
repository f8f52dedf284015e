//! Recorded requests, for `tailor record`: what clients sent and services answered, with what the
//! operator has taken out of it. Nothing is here unless `record.enabled` is set.
//!
//! - `POST /recordings?session=S&one-in=N`, with `bff=NAME` and `failed`: samples one of N requests
//!   for the next ten seconds, and gives those that were made since. `one-in=0` only gives.
//! - `POST /recordings?session=S&id=ID`: makes one that is kept.
//! - `POST /recordings?session=S&end`: ends it.

use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::steer::{Refused, refuse_browsers};
use crate::config;
use crate::recording::{Order, RecordError, Recordings, Taken};
use crate::server::inbound;

/// The page.
pub(super) const PATH: &str = "/recordings";

/// Most letters of a session's name.
const MAX_SESSION: usize = 64;

/// Executes the order of a POST.
///
/// # Errors
///
/// Why the order was refused.
pub(super) fn record<B>(
    request: &Request<B>,
    settings: &config::Record,
    recordings: &Recordings,
    bffs: impl Fn() -> Vec<String>,
) -> Result<Value, Refused> {
    refuse_browsers(request)?;
    let query = inbound::query(request.uri())
        .map_err(|error| Refused(StatusCode::BAD_REQUEST, format!("{error}\n")))?;
    let asked = Asked::read(&query).ok_or_else(|| {
        let what = "write ?session=S&one-in=N (with &bff=NAME and &failed), ?session=S&id=ID or \
                    ?session=S&end\n";
        Refused(StatusCode::BAD_REQUEST, what.to_owned())
    })?;
    match asked {
        Asked::Sample(order) => {
            if let Some(bff) = order.bff.as_ref().filter(|bff| !bffs().contains(bff)) {
                let what = format!(
                    "there is no BFF {bff:?}; there are: {}\n",
                    bffs().join(", ")
                );
                return Err(Refused(StatusCode::NOT_FOUND, what));
            }
            let taken = recordings.sample(settings, order).map_err(refused)?;
            Ok(document(taken))
        }
        Asked::One { session, id } => {
            recordings.ask(settings, &session, &id).map_err(refused)?;
            Ok(document((Vec::new(), 0)))
        }
        Asked::End { session } => Ok(document(recordings.end(&session))),
    }
}

fn document((taken, dropped): (Vec<Taken>, u64)) -> Value {
    json!({"taken": taken, "dropped": dropped})
}

fn refused(error: RecordError) -> Refused {
    let status = match error {
        RecordError::Disabled => StatusCode::FORBIDDEN,
        RecordError::Taken => StatusCode::CONFLICT,
        RecordError::NotKept { .. } => StatusCode::NOT_FOUND,
    };
    Refused(status, format!("{error}\n"))
}

/// What is asked for.
enum Asked {
    Sample(Order),
    One { session: String, id: String },
    End { session: String },
}

impl Asked {
    /// `None` for what is none of them.
    fn read(query: &[(String, String)]) -> Option<Self> {
        let (mut session, mut bff, mut one_in, mut id) = (None, None, None, None);
        let (mut failed, mut end) = (false, false);
        for (name, value) in query {
            match (&**name, &**value) {
                ("session", value) if !value.is_empty() && value.len() <= MAX_SESSION => {
                    session = Some(value.to_owned());
                }
                ("bff", value) => bff = Some(value.to_owned()),
                ("one-in", value) => one_in = Some(value.parse().ok()?),
                ("id", value) => id = Some(value.to_owned()),
                ("failed", "") => failed = true,
                ("end", "") => end = true,
                _ => return None,
            }
        }
        let session = session?;
        match (one_in, id, end) {
            (Some(one_in), None, false) => Some(Self::Sample(Order {
                session,
                bff,
                one_in,
                failed,
            })),
            (None, Some(id), false) if bff.is_none() && !failed => Some(Self::One { session, id }),
            (None, None, true) if bff.is_none() && !failed => Some(Self::End { session }),
            _ => None,
        }
    }
}
