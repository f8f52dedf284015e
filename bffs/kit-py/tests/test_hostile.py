"""What clients and services send that a BFF must withstand, and what its author gets wrong."""

import datetime
import enum
import unittest
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NewType, TypedDict, Union

from helpers import answer_of

from tailor_kit import (
    Bff,
    Call,
    DecodeError,
    Failed,
    Request,
    Response,
    Unreadable,
    Value,
    fetch_all,
    get_json,
    log,
    nothing,
    path,
    post_json,
    random_bytes,
    read,
    read_json,
    respond,
    respond_text,
)
from tailor_kit.decode import parse
from tailor_kit.testing import check_expected


@dataclass
class One:
    a: int


@dataclass
class Other:
    a: int
    b: int = 0


@dataclass
class Node:
    name: str
    children: "list[Node]"


@dataclass
class Share:
    part: float

    def __post_init__(self) -> None:
        if self.part > 1:
            raise ValueError("more than the whole")


class Unit(enum.Enum):
    KILOMETRE = "km"
    MILE = "mi"


Span = TypedDict("Span", {"from": str, "user-id": int})
UserId = NewType("UserId", str)


class Documents(unittest.TestCase):
    def test_more_levels_than_the_stack_has_are_refused_before_they_are_read(self) -> None:
        for text in ["[" * 1001 + "]" * 1001, '{"":' * 1001 + "1" + "}" * 1001, "[" * 1001]:
            with self.assertRaisesRegex(DecodeError, "more than 1000 levels"):
                parse(text)
        # Brackets in texts are no levels, nor are those side by side.
        self.assertEqual(len(parse("[" + "[],{}," * 2000 + "1]")), 4001)
        inside = '["' + "[" * 2000 + '\\\\", "\\"' + "{" * 2000 + '"]'
        self.assertEqual(len(parse(inside)), 2)
        self.assertEqual(len(parse("[" * 900 + "]" * 900)), 1)

        def echo(request: Request, user: str) -> Response:
            (outcome,) = fetch_all(get_json("a", "/"))
            return respond([type(outcome).__name__, read_json(request)])

        deep = "[" * 1001 + "]" * 1001
        entry = {"service": "a", "path": "*", "reply": {"text": deep}}
        headers = {"content-type": "application/json"}
        given = {"request": {"path": "/ada", "body": deep, "headers": headers}}
        self.assertEqual(answer_of(echo, given, "POST").status, 400)
        given["request"]["body"] = "[]"
        answer = answer_of(echo, {**given, "downstreams": [entry]}, "POST")
        self.assertEqual(answer.json(), ["Unreadable", []])

    def test_numbers_that_no_double_holds_are_no_json(self) -> None:
        for text in ["1e999", "[-1E+400]", "1" * 310 + ".5", '{"a": 1e0000309}']:
            with self.assertRaisesRegex(DecodeError, "not JSON"):
                parse(text)
        self.assertEqual(parse("[1e300, 1e-999]"), [1e300, 0.0])

    def test_a_lone_surrogate_of_a_client_ends_nothing(self) -> None:
        def handle(request: Request, user: str) -> Response:
            name = read_json(request, dict[str, str])["name"]
            post_json("a", path("/{}", name), {"name": name}, headers={"x-name": "a"})
            log.info(name, **{name: name})
            (outcome,) = fetch_all(get_json("a", path("/{}", name), query={"q": name}))
            return respond_text(f"{name}: {type(outcome).__name__}")

        headers = {"content-type": "application/json"}
        body = '{"name": "a\\ud800"}'
        given = {"request": {"path": "/ada", "body": body, "headers": headers}}
        answer = answer_of(handle, given, "POST")
        self.assertEqual(answer.text, "a\ufffd: Failed")
        (call,) = answer.calls
        self.assertEqual((call.path, call.query), ("/a%EF%BF%BD", [("q", "a\ufffd")]))

    def test_a_date_is_read_as_it_is_written(self) -> None:
        self.assertEqual(read(datetime.date, "2026-01-15"), datetime.date(2026, 1, 15))
        for text in ["20260115", "2026-W03-4", "0001-01-01", "2026-02-30"]:
            with self.assertRaisesRegex(DecodeError, "expected a date"):
                read(datetime.date, text)


class Types(unittest.TestCase):
    def test_the_first_member_of_a_union_is_the_one_that_is_meant(self) -> None:
        document = {"a": 1, "b": 2}
        self.assertEqual(read(Union[One, Other], document), One(1))
        self.assertEqual(read(Union[Other, One], document), Other(1, 2))
        self.assertEqual(read(list[Union[Other, One]], [document]), [Other(1, 2)])

    def test_types_that_a_program_names(self) -> None:
        tree = {"name": "a", "children": [{"name": "b", "children": []}]}
        for of, document, value in [
            (Node, tree, Node("a", [Node("b", [])])),
            (Unit, "km", Unit.KILOMETRE),
            (tuple[int, ...], [1, 2], (1, 2)),
            (Span, {"from": "x", "user-id": 1, "more": 2}, {"from": "x", "user-id": 1}),
            (UserId, "ada", "ada"),
            (Annotated[int, "steps"], 3, 3),
            (nothing, {"any": 1}, None),
        ]:
            self.assertEqual(read(of, document), value, of)
        for of, document, words in [
            (Unit, "ft", "expected one of 'km', 'mi'"),
            (Span, {"from": "x"}, "/user-id: is missing"),
            (list[Share], [{"part": 2}], "/0: more than the whole"),
            (tuple[int, ...], [1, "a"], "/1: expected a whole number"),
        ]:
            with self.assertRaisesRegex(DecodeError, words):
                read(of, document)

    def test_a_type_that_cannot_be_read_raises_whatever_the_service_answers(self) -> None:
        with self.assertRaisesRegex(TypeError, "cannot be read from JSON"):
            get_json("a", "/", set[int])

    def test_an_answer_need_not_be_read(self) -> None:
        def handle(request: Request, user: str) -> Response:
            outcomes = fetch_all(post_json("a", "/", {}, nothing), post_json("a", "/", {}))
            return respond([type(each).__name__ for each in outcomes])

        entry = {"service": "a", "path": "*", "reply": {"status": 201, "text": "OK"}}
        answer = answer_of(handle, {"downstreams": [entry]})
        self.assertEqual(answer.json(), [Value.__name__, Unreadable.__name__])


class Mistakes(unittest.TestCase):
    def test_a_value_of_another_type_raises_where_the_author_is(self) -> None:
        value: Any = 5
        for use, words in [
            (lambda: respond(1, headers={"x": value}), "headers: `x` is of type int, not str"),
            (lambda: Response(value and "200"), "the status is of type str, not int"),
            (lambda: Response(200, [], value), "the body is of type int"),
            (lambda: Response(200, [value]), r"headers\[0\] is no pair"),
            (lambda: fetch_all(get_json(value, "/a")), "the call's service is of type int"),
            (lambda: fetch_all(post_json("a", "/", 1, headers={"x": value})), "`x` is of type int"),
            (lambda: fetch_all(Call("a", "FETCH", "/")), "the call's method is not one of GET"),
            (lambda: get_json("a", "/").with_timeout(-1), "is -1, not a whole number"),
            (lambda: get_json("a", "/").with_timeout(2**33), "not a whole number"),
            (lambda: get_json("a", "/", query={"cursor": None}), "query parameter `cursor` is of"),
            (lambda: get_json("a", "/", query={"all": True}), "`all` is of type bool, not str"),
            (lambda: path("/a/{}", None), "a value of the path /a/{} is of type None"),
            (lambda: path("/a/{}", "x", "y"), "has 1 values, not 2"),
            (lambda: random_bytes(-1), "random bytes is -1, not a whole number from 0 to 65536"),
            (lambda: log.info(value), "the message of a line is of type int"),
        ]:
            uses: Any = use
            with self.assertRaisesRegex((TypeError, ValueError), words):
                answer_of(lambda request, user, uses=uses: uses())

    def test_what_is_wrong_with_a_route_fails_at_once(self) -> None:
        bff = Bff()

        def one(request: Request, user: str = "") -> Response:
            return respond(1)

        bff.get("/{user}")(one)
        for method, pattern, words in [
            ("GET", "goals", "a pattern is `/` and segments"),
            ("GET", "/x?y=1", "without a query"),
            ("GET", "/{user", "takes one whole segment"),
            ("GET", "/{user}.json", "takes one whole segment"),
            ("FETCH", "/", "no method of HTTP"),
            ("get", "/{user}", "is a route already"),
            ("GET", "/{user}/{user}", "has a name twice"),
            ("GET", "/%C3%BC", "with `%` fits no path"),
        ]:
            with self.assertRaisesRegex(ValueError, words):
                bff.route(method, pattern)(one)


class Double(unittest.TestCase):
    def outcome(self, call: Callable[[], Any], reply: dict[str, Any] | None = None) -> Any:
        found: list[Any] = []

        def handle(request: Request, user: str) -> Response:
            found.extend(fetch_all(call()))
            return respond(1)

        entry = {"service": "a", "path": "*", "reply": reply or {"json": {"a": 1}}}
        answer_of(handle, {"downstreams": [entry]})
        return found[0]

    def test_calls_that_the_host_refuses_are_invalid(self) -> None:
        for headers in [
            {"authorization": "x"},
            {"Cookie": "x"},
            {"content-length": "1"},
            {"connection": "close"},
            {"host": "a"},
            {"tailor-x": "1"},
            {"traceparent": "1"},
            {"x-request-id": "1"},
            {"x y": "1"},
            {"x": "a\nb"},
            {"x": "ä"},
        ]:
            found = self.outcome(lambda headers=headers: post_json("a", "/", 1, headers=headers))
            self.assertEqual(found, Failed(reason="invalid"), headers)
        for made in [
            lambda: get_json("a", "/%00"),
            lambda: get_json("a", "/%0A"),
            lambda: get_json("a", "/a/..;x=1"),
            lambda: get_json("a", "/", select=["/a~2"]),
            lambda: get_json("a", "/", select=["/days/*/a", "/days/0"]),
        ]:
            self.assertEqual(self.outcome(made), Failed(reason="invalid"))
        self.assertIsInstance(self.outcome(lambda: get_json("a", path("/x/{}", "~a"))), Value)

    def test_what_is_selected_of_is_read_as_the_host_does(self) -> None:
        for text, picked in [
            ('{"a": 1, "a": 2}', [2]),
            ('\ufeff{"a": 3}', [3]),
            ("[" * 200 + "]" * 200, [None]),
        ]:
            found = self.outcome(
                lambda: get_json("a", "/", list[int | None], select=["/a"]), {"text": text}
            )
            self.assertEqual(found.value_or("none"), picked, text)
        whole = self.outcome(lambda: get_json("a", "/", dict[str, int]), {"text": '\ufeff{"a": 3}'})
        self.assertEqual(whole.value_or("none"), {"a": 3})
        empty = {"status": 204, "text": "{}"}
        found = self.outcome(lambda: get_json("a", "/", list[int | None], select=["/a"]), empty)
        self.assertEqual(found.value_or("none"), [None])

    def test_true_is_not_one(self) -> None:
        answer = answer_of(lambda request, user: respond({"a": [1, True, 1.0]}))
        check_expected(answer, {"json": {"a": [1.0, True, 1]}})
        for wrong in [{"a": [True, True, 1]}, {"a": [1, 1, 1]}, {"a": [1, True]}, [1]]:
            with self.assertRaisesRegex(AssertionError, "json:"):
                check_expected(answer, {"json": wrong})

    def test_an_answer_is_as_the_host_passes_it_on(self) -> None:
        fields = [("date", "x"), ("X-Request-Id", "1"), ("server", "a"), ("a", "b")]
        answer = answer_of(lambda request, user: Response(204, fields))
        self.assertEqual(answer.headers, {"server": "a", "a": "b"})
        # A text without a type is JSON to the host, also an empty one.
        answer = answer_of(lambda request, user: Response(200, [], ""))
        self.assertEqual(answer.headers, {"content-type": "application/json"})
        self.assertEqual(answer_of(lambda request, user: Response(200)).headers, {})
        with self.assertRaisesRegex(AssertionError, "proxy-authenticate is set by the host"):
            answer_of(lambda request, user: Response(200, [("proxy-authenticate", "x")]))


if __name__ == "__main__":
    unittest.main()
