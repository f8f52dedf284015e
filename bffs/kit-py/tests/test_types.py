"""What checkers of types know of the kit: `mypy --strict` refuses this file where it is less."""

import datetime
import unittest
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers import answer_of

from tailor_kit import (
    Call,
    Failure,
    JsonCall,
    Outcome,
    Reply,
    Request,
    Response,
    columns,
    date,
    fetch,
    fetch_all,
    get_json,
    integer,
    nothing,
    optional,
    post_json,
    read,
    read_document,
    read_json,
    read_query,
    required,
    respond,
    start,
)

if TYPE_CHECKING:
    from typing_extensions import assert_type
else:

    def assert_type(value: Any, of: Any) -> None:
        pass


@dataclass
class Goal:
    title: str


class Page:
    day = optional(date)
    limit = optional(integer(1, 100), 30)
    until = required(date)


DAYS = columns("/days", {"steps": int})
Table = dict[str, list[Any]]


class Types(unittest.TestCase):
    def test_what_is_read_is_of_the_type_that_was_named(self) -> None:
        def handle(request: Request, user: str) -> Response:
            page = read_query(request, Page)
            assert_type(page.day, datetime.date | None)
            assert_type(page.limit, int)
            assert_type(page.until, datetime.date)
            assert_type(read(Goal, {"title": "a"}), Goal)
            assert_type(read_json(request, list[Goal]), list[Goal])
            return respond([page.day, page.limit, page.until])

        path = "/ada?until=2026-01-15"
        given = {"request": {"path": path, "body": []}}
        self.assertEqual(answer_of(handle, given, "POST").json(), [None, 30, "2026-01-15"])

    def test_each_call_keeps_its_type_beside_others(self) -> None:
        def handle(request: Request, user: str) -> Response:
            goal = get_json("a", "/", Goal)
            whole = Call("a", "GET", "/")
            both = fetch_all(goal, get_json("a", "/", DAYS))
            assert_type(both, tuple[Outcome[Goal], Outcome[Table]])
            written = post_json("a", "/", {}, nothing, idempotency_key="k")
            mixed = fetch_all(written, whole, goal)
            assert_type(mixed, tuple[Outcome[None], Reply | Failure, Outcome[Goal]])
            listed: Sequence[JsonCall[Goal]] = [goal, goal]
            assert_type(fetch_all(*listed), tuple[Outcome[Goal], ...])
            assert_type(start(goal).wait(), Outcome[Goal])
            assert_type(start(whole).wait(), Reply | Failure)
            reply = fetch(whole)
            assert isinstance(reply, Reply)
            assert_type(read_document(reply, Goal), Outcome[Goal])
            return respond([type(each).__name__ for each in (*both, *mixed)])

        entry = {"service": "a", "path": "*", "reply": {"json": {"title": "a", "days": []}}}
        answer = answer_of(handle, {"downstreams": [entry]})
        self.assertEqual(answer.json(), ["Value", "Value", "Value", "Reply", "Value"])


if __name__ == "__main__":
    unittest.main()
