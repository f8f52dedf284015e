"""The coach's backend: the week of one athlete, with what to talk about first.

`GET /{athlete}/week?to=2026-01-15`: the seven days that end on `to`, today in UTC without it.
"""

from tailor_kit import Bff, Request, Response, date, optional, read_query, today
from week import week_of

handler = Bff()


@handler.get("/{athlete}/week")
def week(request: Request, athlete: str) -> Response:
    """One screen."""
    last = read_query(request, to=optional(date)).to or today()
    return week_of(athlete, last)
