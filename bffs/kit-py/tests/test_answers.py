import unittest
from typing import Any

from helpers import answer_of

from tailor_kit import (
    Call,
    Failed,
    Failure,
    Problem,
    Reply,
    Request,
    Response,
    Value,
    columns,
    fetch,
    fetch_all,
    hand_back,
    negotiate,
    parse_date,
    respond,
    start,
    wait_any,
)


def handed(status: int, headers: list[tuple[str, str]], body: Any = "{}") -> Response:
    reply = Reply(status, headers, body, [], "live")
    return hand_back(Failed(reply, f"status-{status}"))


class HandBack(unittest.TestCase):
    def test_a_reply_is_handed_back_without_what_only_the_host_may_set(self) -> None:
        fields = [
            ("content-type", "application/problem+json"),
            ("etag", '"1"'),
            ("Connection", "close"),
            ("x_real-ip", "::1"),
            ("x-accel-redirect", "/secret"),
            ("tailor-degraded", "a"),
            ("x-unit", "kg"),
        ]
        answer = handed(409, fields)
        self.assertEqual(answer.headers, [fields[0], fields[1], fields[6]])
        self.assertEqual((answer.status, answer.body), (409, "{}"))

    def test_what_no_answer_may_have_is_left_out(self) -> None:
        self.assertEqual(handed(999, []).status, 502)
        self.assertEqual(handed(204, []).body, None)
        # A text without a type would be called JSON.
        self.assertEqual(handed(422, [], "ä").body, "ä".encode())
        self.assertEqual(handed(422, [("content-type", "text/plain")], "ä").body, "ä")
        many = [(f"x-{place}", "v" * 1000) for place in range(64)]
        self.assertEqual(len(handed(409, many).headers), 32)

    def test_without_a_reply_it_is_a_problem(self) -> None:
        with self.assertRaises(Problem) as caught:
            hand_back(Failed(reason="timeout"))
        problem = caught.exception
        self.assertEqual(
            (problem.status, problem.detail), (503, "no answer of the service: timeout")
        )
        reply = Reply(201, [], "1", [], "live")
        self.assertEqual(hand_back(Value(1, False, reply)).status, 201)


class Accept(unittest.TestCase):
    def test_the_client_likes_best_what_is_sent(self) -> None:
        def negotiated(accept: tuple[str, ...]) -> str | None:
            headers = [("accept", value) for value in accept]
            try:
                request = Request("test-1", "GET", "/", [], headers)
                return negotiate(request, "application/json", "text/plain")
            except Problem as problem:
                self.assertEqual((problem.status, problem.headers), (406, {"vary": "accept"}))
                return None

        # The same cases as in the kit for Rust.
        json, text = "application/json", "text/plain"
        for accept, expected in [
            ((), json),
            (("*/*",), json),
            (("application/*",), json),
            (("text/plain",), text),
            (("Text/*;q=0.3",), text),
            (("text/html, application/xhtml+xml, */*;q=0.8",), json),
            (("application/json;q=0.5, text/plain",), text),
            (("application/json;q=0.5, text/plain;q=0.5",), json),
            (("application/json;q=0.501", "text/plain;q=0.51"), text),
            (("*/*, application/json;q=0",), text),
            (("application/json;q=0, */*",), text),
            (("text/plain; charset=utf-8; q=1.0",), text),
            (("image/png",), None),
            (("application/json;q=0",), None),
            (("application/json;q=much",), None),
            (("",), None),
            (("*",), None),
        ]:
            self.assertEqual(negotiated(accept), expected, accept)


class Raw(unittest.TestCase):
    def test_calls_of_the_contract_come_back_as_they_are(self) -> None:
        entries = [
            {"service": "a", "path": "/csv", "reply": {"text": "a;b"}},
            {"service": "a", "path": "/busy", "reply": {"status": 503}},
            {"service": "slow", "path": "/", "failure": "timeout"},
        ]

        def all_of_them(request: Request, user: str) -> Response:
            csv = fetch(Call("a", "GET", "/csv"))
            busy, slow = fetch_all(Call("a", "GET", "/busy"), Call("slow", "GET", "/"))
            started = start(Call("a", "GET", "/csv"))
            self.assertEqual(wait_any([started]), 0)
            again = started.wait()
            assert isinstance(csv, Reply) and isinstance(busy, Reply) and isinstance(slow, Failure)
            assert isinstance(again, Reply)
            self.assertIsNone(csv.header("X-None"))
            return respond([csv.body, busy.status, slow.kind, again.body])

        answer = answer_of(all_of_them, {"downstreams": entries})
        self.assertEqual(answer.json(), ["a;b", 503, "timeout", "a;b"])


class Tables(unittest.TestCase):
    def test_a_table_is_aligned_by_a_column(self) -> None:
        days = columns("/days", {"date": str, "steps": int})
        table = {"date": ["b", "c", "x"], "steps": [2, 3, 9]}
        aligned = days.align("date", ["a", "b", "c"], table)
        self.assertEqual(aligned, {"date": [None, "b", "c"], "steps": [None, 2, 3]})
        self.assertEqual(days.align("date", ["a"], None), {"date": [None], "steps": [None]})

    def test_a_date_is_one_as_it_is_written(self) -> None:
        self.assertEqual(str(parse_date("2026-01-15")), "2026-01-15")
        for text in ["2026-02-30", "20260115", "2026-1-15", "0000-01-01", ""]:
            self.assertIsNone(parse_date(text))


if __name__ == "__main__":
    unittest.main()
