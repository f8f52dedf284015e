//! The backend of a treadmill: which of the day's goals are reached, in one line of text.

use serde::Deserialize;
use tailor_kit::{
    Call, Date, Handler, Params, Problem, ReadReply, Request, Response, Router, fetch,
};

/// The BFF.
pub struct Treadmill;

// Natively, where the tests run, nothing is exported.
#[cfg(target_family = "wasm")]
tailor_kit::export!(Treadmill);

impl Handler for Treadmill {
    fn handle(request: Request) -> Response {
        Router::new().get("/{user}/goals", goals).answer(&request)
    }
}

// What of the service's answer is read. Members that are not named may be there.
#[derive(Deserialize)]
struct Goals {
    goals: Vec<Goal>,
}

#[derive(Deserialize)]
struct Goal {
    title: String,
    reached: bool,
}

fn goals(request: &Request, params: &Params) -> Result<Response, Problem> {
    // A date that is none is 400.
    let (user, date) = (params.get("user"), request.query_date("date")?);
    let day = date.unwrap_or_else(Date::today).to_string();

    // The host calls the service by its name, which the operator granted. Without goals there is
    // no line: `?` answers 404 for an unknown user, else 503 with the reason.
    let call = Call::get("goals", &["users", user, "goals"]).query("date", &day);
    let goals: Goals = fetch(&call).json()?;

    let mut lines = Vec::new();
    for goal in goals.goals {
        lines.push(format!(
            "{} {}",
            if goal.reached { "+" } else { "-" },
            goal.title
        ));
    }
    Ok(Response::text("text/plain", lines.join(", ")).cache_control("private, max-age=60"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tailor_kit::testing::{Offline, body_text, check_folder, get, reply};

    /// Each file of the folder is a test. `tailor call` runs the same ones in the component.
    #[test]
    fn fixtures_hold() {
        check_folder(Treadmill::handle, "fixtures").unwrap();
    }

    #[test]
    fn goals_that_are_reached_have_a_plus() {
        let services = Offline::new(|call| {
            assert_eq!(call.path, "/users/ada/goals");
            let goals =
                json!([{"title": "Steps", "reached": true}, {"title": "Sleep", "reached": false}]);
            Ok(reply(200, &json!({ "goals": goals })))
        });
        let run = services.run(Treadmill::handle, get("/ada/goals?date=2026-01-15"));
        assert_eq!(body_text(&run.response), "+ Steps, - Sleep");
    }

    #[test]
    fn a_user_whom_the_service_does_not_know_is_404() {
        let services = Offline::new(|_| Ok(reply(404, &json!({}))));
        let run = services.run(Treadmill::handle, get("/bob/goals"));
        assert_eq!(run.response.status, 404);
    }
}
