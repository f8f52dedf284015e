"""The backend of bathroom scales: which of the day's goals are reached."""

from dataclasses import dataclass

from tailor_kit import (
    Bff,
    Request,
    Response,
    bad_parameter,
    date,
    fetch_all,
    get_json,
    optional,
    path,
    read_query,
    respond,
    today,
    value_or_problem,
)


# What of the services' answers is read. Members that are not named may be there; one that is named
# and has another form is a fault of the service, and the answer says of which.
@dataclass
class Goal:
    title: str
    reached: bool


@dataclass
class Goals:
    goals: list[Goal]


# What may be asked for. Another parameter is 400, and so is a date that is none.
class Query:
    date = optional(date)


handler = Bff()


@handler.get("/{user}/goals")
def goals(request: Request, user: str) -> Response:
    day = read_query(request, Query).date or today()
    if day > today():
        raise bad_parameter("date", day, "a date that is not in the future")

    # One crossing to the host, both calls side by side. Of the profile one number is wanted: only
    # that is handed over.
    of_day, profile = fetch_all(
        get_json("goals", path("/users/{}/goals", user), Goals, query={"date": day}),
        get_json("profile", path("/users/{}", user), list[float | None], select=["/weight_kg"]),
    )
    # Without goals there is no screen: 404 for an unknown user, else 503 with the reason.
    found = value_or_problem(of_day).goals

    screen = {
        "reached": [goal.title for goal in found if goal.reached],
        "open": [goal.title for goal in found if not goal.reached],
        # The scales can do without it: a part that fails must not fail the whole.
        "weight_kg": profile.value_or([None])[0],
    }
    # The host makes this `no-store` where a part is missing.
    return respond(screen, headers={"cache-control": "private, max-age=60"})
