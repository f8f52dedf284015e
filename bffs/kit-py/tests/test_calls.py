import datetime
import unittest
from typing import Any

from helpers import Workout, answer_of

from tailor_kit import (
    Failed,
    NotFound,
    Reply,
    Request,
    Response,
    Unreadable,
    Value,
    columns,
    fetch_all,
    get_json,
    nothing_arrived,
    now_ms,
    path,
    post_json,
    read_document,
    respond,
    start,
    time_left_ms,
    today,
    value_or_problem,
    wait_any,
    why,
)
from tailor_kit.testing import failure


class Calls(unittest.TestCase):
    def test_each_outcome_has_its_word(self) -> None:
        outcomes: list[Any] = []

        def all_of_them(request: Request, user: str) -> Response:
            outcomes.extend(
                fetch_all(
                    get_json(
                        "a", path("/users/{}/days", user), dict[str, int], query={"from": today()}
                    ),
                    get_json("a", "/gone"),
                    get_json("a", "/busy"),
                    get_json("slow", "/"),
                    get_json("a", "/one", tuple[int, float | None], select=["/steps", "/weight"]),
                    get_json("a", "/one", list[int], select=["/steps", "/weight"]),
                    get_json("a", "/one", int),
                    get_json("a", "/empty", int),
                )
            )
            return respond([each.kind for each in outcomes])

        entries = [
            {
                "service": "a",
                "path": "/users/a%20b/days?from=2026-01-15",
                "reply": {"json": {"x": 1}},
            },
            {"service": "a", "path": "/gone", "reply": {"status": 404}},
            {"service": "a", "path": "/busy", "reply": {"status": 503, "json": {"why": "busy"}}},
            {"service": "slow", "path": "*", "failure": "timeout"},
            {"service": "a", "path": "/one", "reply": {"json": {"steps": 1, "weight": None}}},
            {"service": "a", "path": "/empty", "reply": {"status": 204}},
        ]
        answer = answer_of(all_of_them, {"request": {"path": "/a%20b"}, "downstreams": entries})
        self.assertEqual(
            answer.json(),
            [
                "value",
                "not-found",
                "failed",
                "failed",
                "value",
                "no-value",
                "unreadable",
                "no-value",
            ],
        )
        self.assertEqual(
            [why(each) for each in outcomes[1:4]], ["not-found", "status-503", "timeout"]
        )
        self.assertEqual((outcomes[0].value, outcomes[4].value), ({"x": 1}, (1, None)))
        self.assertEqual((outcomes[5].index, outcomes[7].index), (1, None))
        self.assertEqual(outcomes[3].value_or(7), 7)
        self.assertEqual(
            read_document(outcomes[2].reply, dict[str, str]).value_or(None), {"why": "busy"}
        )
        faults = [line.fields["fault"] for line in answer.log]
        self.assertEqual(faults[0], "/1: expected a whole number, found null")
        self.assertIn(("accept", "application/json"), answer.calls[0].headers)

    def test_a_star_at_the_end_of_an_entry_takes_any_rest_or_is_one(self) -> None:
        entries = [
            {"service": "a", "path": "/f/\\*", "reply": {"json": "a star"}},
            {"service": "a", "path": "/f/*", "reply": {"json": "any rest"}},
        ]
        for path, expected in [("/f/*", "a star"), ("/f/", "any rest"), ("/f/**", "any rest")]:
            answer = answer_of(
                lambda request, user, path=path: respond(
                    value_or_problem(*fetch_all(get_json("a", path, str)))
                ),
                {"downstreams": entries},
            )
            self.assertEqual(answer.json(), expected, path)

    def test_a_part_that_must_be_there_ends_the_request_with_its_status(self) -> None:
        for entry, status in [
            ({"reply": {"status": 404}}, 404),
            ({"reply": {"status": 409}}, 409),
            ({"reply": {"status": 500}}, 503),
            ({"failure": "overloaded"}, 503),
            ({"reply": {"json": []}}, 503),
        ]:
            answer = answer_of(
                lambda request, user: respond(
                    value_or_problem(*fetch_all(get_json("a", "/", int)))
                ),
                {"downstreams": [{"service": "a", "path": "*", **entry}]},
            )
            self.assertEqual(answer.status, status)
            if status == 503:
                self.assertEqual(answer.headers["retry-after"], "5")
        gone = nothing_arrived("no such user", {"a": NotFound(), "b": Failed(reason="timeout")})
        self.assertEqual((gone.status, gone.detail), (404, "no such user"))
        silent = nothing_arrived("", {"a": Unreadable(), "b": Failed(reason="timeout")})
        self.assertEqual(silent.detail, "no part is available: a (unreadable), b (timeout)")

    def test_a_value_says_whether_it_is_an_old_one(self) -> None:
        for source, stale in [
            ("live", False),
            ("cached", False),
            ("stale", True),
            ("fallback", True),
        ]:
            seen: list[Any] = []

            def look(request: Request, user: str, seen: list[Any] = seen) -> Response:
                seen.extend(fetch_all(get_json("a", "/", int)))
                return respond(1)

            reply = Reply(200, [], "1", [], source)
            answer_of(look, {"downstreams": lambda call, reply=reply: reply})
            self.assertEqual((seen[0].value, seen[0].stale), (1, stale), source)

    def test_columns_are_read_as_lists_of_one_length(self) -> None:
        days = columns("/days", {"date": datetime.date, "steps": int | None})

        def table(request: Request, user: str) -> Response:
            (outcome,) = fetch_all(get_json("a", "/", days))
            return respond(outcome.value if isinstance(outcome, Value) else [outcome.kind])

        for document, expected in [
            (
                {"days": [{"date": "2026-01-15", "steps": 1}, {"date": "2026-01-16"}]},
                {"date": ["2026-01-15", "2026-01-16"], "steps": [1, None]},
            ),
            ({"days": [{"date": "2026-01-15", "steps": "1"}]}, ["unreadable"]),
            ({}, ["unreadable"]),
        ]:
            entry = {"service": "a", "path": "*", "reply": {"json": document}}
            answer = answer_of(table, {"downstreams": [entry]})
            self.assertEqual(answer.json(), expected)
        self.assertEqual(answer.calls[0].select, ["/days/*/date", "/days/*/steps"])

    def test_started_calls_overlap_and_the_first_is_known(self) -> None:
        def chain(request: Request, user: str) -> Response:
            slow, quick = start(get_json("slow", "/", int)), start(get_json("quick", "/", int))
            first = wait_any([slow, quick])
            at_first = now_ms() % 1000
            values = [quick.wait().value_or(None), slow.wait().value_or(None)]
            again = quick.wait()
            return respond([first, at_first, values, now_ms() % 1000, time_left_ms(), why(again)])

        entries = [
            {"service": "slow", "path": "*", "reply": {"json": 1}, "delay-ms": 300},
            {"service": "quick", "path": "*", "reply": {"json": 2}, "delay-ms": 100},
        ]
        answer = answer_of(chain, {"downstreams": entries})
        self.assertEqual(answer.json(), [1, 100, [2, 1], 300, 1700, "invalid"])

    def test_a_limit_of_time_makes_a_slow_call_a_timeout(self) -> None:
        def limited(request: Request, user: str) -> Response:
            (outcome,) = fetch_all(get_json("slow", "/").with_timeout(200).with_profile("fast"))
            return respond([why(outcome), time_left_ms()])

        entry = {"service": "slow", "path": "*", "reply": {"json": 1}, "delay-ms": 300}
        answer = answer_of(limited, {"downstreams": [entry]})
        self.assertEqual(answer.json(), ["timeout", 1800])
        self.assertEqual(answer.calls[0].profile, "fast")

    def test_a_write_has_its_body_and_its_key(self) -> None:
        def write(request: Request, user: str) -> Response:
            made = post_json(
                "a", "/w", Workout("run", 30), idempotency_key="k", headers={"if-match": "1"}
            )
            return respond(value_or_problem(*fetch_all(made)))

        answer = answer_of(write, {"downstreams": lambda call: failure("timeout", call.service)})
        (made,) = answer.calls
        self.assertEqual((made.method, made.body), ("POST", '{"kind":"run","minutes":30}'))
        self.assertEqual(
            made.headers,
            [
                ("accept", "application/json"),
                ("content-type", "application/json"),
                ("idempotency-key", "k"),
                ("if-match", "1"),
            ],
        )

    def test_a_call_that_the_host_refuses_is_invalid_in_a_test_too(self) -> None:
        for where in ["/a//b", "/a/../b", "/a%2fb", "a", "/a?b"]:
            answer = answer_of(
                lambda request, user, where=where: respond([why(*fetch_all(get_json("a", where)))])
            )
            self.assertEqual(answer.json(), ["invalid"], where)


if __name__ == "__main__":
    unittest.main()
