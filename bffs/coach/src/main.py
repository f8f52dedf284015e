"""The coach's backend: the week of one athlete, with what to talk about first.

`GET /{athlete}/week?to=2026-01-15`: the seven days that end on `to`; without it on today, in the
time zone of the setting `time-zone`.
"""

from tailor_kit import Bff, Request, Response, config, date, now_ms, optional, read_query
from tailor_kit.locale import zone_at
from week import week_of

handler = Bff()


class Query:
    """What may be asked for."""

    to = optional(date)


@handler.get("/{athlete}/week")
def week(request: Request, athlete: str) -> Response:
    """One screen."""
    last = read_query(request, Query).to
    # Near midnight, the athletes' day is another than that of UTC.
    return week_of(athlete, last or zone_at(config("time-zone") or "UTC", now_ms()).today)
