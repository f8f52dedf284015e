"""The week: what is asked for, and the screen of what arrived."""

import datetime
from dataclasses import dataclass
from typing import Any

from tailor_kit import (
    JsonCall,
    Missing,
    Response,
    Value,
    columns,
    duration,
    fetch_all,
    get_json,
    nothing_arrived,
    path,
    respond,
    why,
)

DAYS = 7

# The host picks these columns of the services' tables: what is not shown never comes in here.
ACTIVITY = columns("/days", {"date": str, "steps": int, "active_minutes": int, "distance_m": int})
HEART = columns("/days", {"date": str, "resting_bpm": int | None})
SLEEP = columns("/nights", {"date": str, "asleep_minutes": int, "score": int})


@dataclass
class Goal:
    """A goal of the last day. The service decides whether it is reached."""

    title: str
    reached: bool


@dataclass
class Goals:
    """The answer of the service `goals`, as far as it is read."""

    goals: list[Goal]


def week_of(athlete: str, last: datetime.date) -> Response:
    """The answer. A part that is missing is `null`, and named with the reason in a word."""
    first = last - datetime.timedelta(days=DAYS - 1)
    span = {"from": first, "to": last}
    parts: dict[str, JsonCall[Any]] = {
        "name": get_json("profile", path("/users/{}", athlete), tuple[str], select=["/name"]),
        "activity": get_json("activity", path("/users/{}/days", athlete), ACTIVITY, query=span),
        "heart": get_json("heart", path("/users/{}/days", athlete), HEART, query=span),
        "sleep": get_json("sleep", path("/users/{}/nights", athlete), SLEEP, query=span),
        "goals": get_json("goals", path("/users/{}/goals", athlete), Goals, query={"date": last}),
    }
    outcomes = dict(zip(parts, fetch_all(*parts.values()), strict=True))
    missing: dict[str, Missing] = {
        name: outcome for name, outcome in outcomes.items() if not isinstance(outcome, Value)
    }
    if len(missing) == len(parts):
        raise nothing_arrived(f"no athlete `{athlete}`", missing)
    found = {name: outcome.value_or(None) for name, outcome in outcomes.items()}
    dates = [str(first + datetime.timedelta(days=day)) for day in range(DAYS)]
    screen = {
        "athlete": found["name"][0] if found["name"] else None,
        "from": first,
        "to": last,
        "dates": dates,
        "activity": _activity(found["activity"], dates),
        "heart": _heart(found["heart"], dates),
        "sleep": _sleep(found["sleep"], dates),
        "open_goals": _open_goals(found["goals"]),
        "missing": [{"part": name, "why": why(part)} for name, part in missing.items()],
    }
    caching = "no-store" if missing else "private, max-age=60"
    return respond(screen, headers={"cache-control": caching})


def _mean(values: list[Any]) -> int | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known)) if known else None


def _activity(table: dict[str, list[Any]] | None, dates: list[str]) -> dict[str, Any] | None:
    if table is None:
        return None
    week = ACTIVITY.align("date", dates, table)
    minutes = week["active_minutes"]
    metres = [value or 0 for value in week["distance_m"]]
    return {
        "active_minutes": minutes,
        "steps": week["steps"],
        "total": duration(sum(value or 0 for value in minutes)),
        "kilometres": round(sum(metres) / 1000, 1),
        # A day that is not known may not have been one of rest.
        "days_of_rest": minutes.count(0),
    }


def _heart(table: dict[str, list[Any]] | None, dates: list[str]) -> dict[str, Any] | None:
    if table is None:
        return None
    resting = HEART.align("date", dates, table)["resting_bpm"]
    mean, latest = _mean(resting[:-1]), resting[-1]
    change = None if mean is None or latest is None else latest - mean
    # Above that of the days before: the first sign of too much, or of an illness.
    return {"resting_bpm": resting, "change_bpm": change}


def _sleep(table: dict[str, list[Any]] | None, dates: list[str]) -> dict[str, Any] | None:
    if table is None:
        return None
    week = SLEEP.align("date", dates, table)
    asleep = week["asleep_minutes"]
    mean = _mean(asleep)
    shortest = (
        min((value, date) for value, date in zip(asleep, dates, strict=True) if value is not None)
        if mean
        else None
    )
    return {
        "asleep": [None if value is None else duration(value) for value in asleep],
        "mean": None if mean is None else duration(mean),
        "shortest_on": shortest[1] if shortest else None,
        "mean_score": _mean(week["score"]),
    }


def _open_goals(goals: Goals | None) -> list[str] | None:
    return None if goals is None else [goal.title for goal in goals.goals if not goal.reached]
