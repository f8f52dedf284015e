//! `POST /{user}/workouts`: the user logs a workout.

use serde::{Deserialize, Serialize};
use tailor_kit::{Call, Params, Problem, ReadReply, Request, Response, fetch};

/// What makes a workout is the service's business: only the form is looked at.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Workout {
    date: String,
    start: String,
    kind: String,
    minutes: u32,
}

/// The workout as the service keeps it.
#[derive(Deserialize, Serialize)]
struct Logged {
    id: String,
    date: String,
    start: String,
    kind: String,
    minutes: u32,
}

/// Logs it, and hands back what the service says of one that it refuses: 409 and 422.
pub(crate) fn log(request: &Request, params: &Params) -> Result<Response, Problem> {
    request.query_only(&[])?;
    let workout: Workout = request.json()?;
    let user = params.get("user");
    let mut call = Call::post("activity", &["users", user, "workouts"]).json(&workout)?;
    if let Some(key) = request.header("idempotency-key") {
        call = call.idempotency_key(key);
    }
    let made = fetch(&call);
    match made.json::<Logged>() {
        Ok(logged) => Ok(Response::json(&logged)?
            .status(201)
            .cache_control("no-store")),
        Err(missing) if matches!(missing.status(), Some(409 | 422)) => Ok(made.hand_back()?),
        Err(missing) => Err(missing.into()),
    }
}
