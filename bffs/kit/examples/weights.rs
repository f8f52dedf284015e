//! The scales that a user stands on: one POST a day, which changes something.

use serde::{Deserialize, Serialize};
use tailor_kit::{Call, Handler, Params, Problem, ReadReply, Request, Response, Router, fetch};

/// The BFF.
pub struct Scales;

// Natively, where the tests run, nothing is exported.
#[cfg(target_family = "wasm")]
tailor_kit::export!(Scales);

impl Handler for Scales {
    fn handle(request: Request) -> Response {
        Router::new()
            .post("/{user}/weights", weigh)
            .answer(&request)
    }
}

#[derive(Deserialize, Serialize)]
struct Weight {
    kg: f64,
}

fn weigh(request: &Request, params: &Params) -> Result<Response, Problem> {
    let weight: Weight = request.json()?;
    if weight.kg <= 0.0 || weight.kg > 500.0 {
        let what = "expected more than 0 and at most 500";
        return Err(Problem::bad_field("/kg", what));
    }
    let mut call = Call::post("goals", &["users", params.get("user"), "weights"]).json(&weight)?;
    if let Some(key) = request.header("idempotency-key") {
        call = call.idempotency_key(key);
    }
    let made = fetch(&call);
    match made.success() {
        Err(missing) if missing.status() == Some(409) => Ok(made.hand_back()?),
        status => Ok(Response::empty(status?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use tailor_kit::testing::{Offline, Run, body_json, post, reply};

    fn ask(status: u16, body: &Value) -> Run {
        let services = Offline::new(move |call| {
            let key = ("idempotency-key".to_owned(), "k".to_owned());
            assert!(call.headers.contains(&key));
            Ok(reply(status, &json!({"detail": "weighed today"})))
        });
        let mut request = post("/ada/weights", body);
        request.headers.push(("idempotency-key".into(), "k".into()));
        services.run(Scales::handle, request)
    }

    #[test]
    fn a_weight_is_passed_on_once_it_is_one() {
        let run = ask(201, &json!({"kg": 61.5}));
        assert_eq!((run.response.status, run.calls.len()), (201, 1));
        let run = ask(201, &json!({"kg": 0}));
        assert_eq!((run.response.status, run.calls.len()), (400, 0));
        assert_eq!(body_json(&run.response).unwrap()["field"], "/kg");
    }

    #[test]
    fn a_conflict_is_handed_back_and_a_failure_is_503() {
        let run = ask(409, &json!({"kg": 61.5}));
        assert_eq!(run.response.status, 409);
        assert_eq!(body_json(&run.response).unwrap()["detail"], "weighed today");
        assert_eq!(ask(500, &json!({"kg": 61.5})).response.status, 503);
    }
}
