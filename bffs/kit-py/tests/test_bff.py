import unittest
from typing import Any

from helpers import Workout, answer_of

from tailor_kit import (
    Bff,
    NoValue,
    Problem,
    Request,
    Response,
    bad_field,
    config,
    date,
    integer,
    log,
    one_of,
    optional,
    random_bytes,
    read_form,
    read_json,
    read_query,
    required,
    respond,
    text,
    today,
)
from tailor_kit.testing import Answer, call


class Routes(unittest.TestCase):
    def test_the_routes_are_listed_for_who_asks_about_all(self) -> None:
        handler = Bff()

        @handler.get("/{user}")
        def one(request: Request, user: str) -> Response:
            return respond({})

        @handler.post("/{user}/days")
        def other(request: Request, user: str) -> Response:
            return respond({})

        request = Request("test-1", "OPTIONS", "*")
        answer = handler.handle(request)
        self.assertEqual(answer.status, 200)
        self.assertEqual(
            answer.headers,
            [("content-type", "application/json"), ("allow", "GET, HEAD, POST, OPTIONS")],
        )
        self.assertEqual(answer.body, '{"routes":["GET /{user}","POST /{user}/days"]}')

    def test_segments_are_compared_decoded_and_never_empty(self) -> None:
        seen = []

        def note(request: Request, user: str) -> Response:
            seen.append(user)
            return respond({})

        for where, status in [
            ("/%61da", 200),
            ("/a%2Fb", 200),
            ("/", 404),
            ("/..", 404),
            ("/a/b", 404),
            ("/%ff", 400),
        ]:
            self.assertEqual(answer_of(note, {"request": {"path": where}}).status, status, where)
        self.assertEqual(seen, ["ada", "a/b"])

    def test_another_method_is_405_and_options_tells_which(self) -> None:
        bff = Bff()

        @bff.get("/a")
        def first(request: Request) -> Response:
            return respond(1)

        @bff.post("/a")
        def second(request: Request) -> Response:
            return respond(2, status=201)

        refused = call(bff, {"request": {"method": "PUT", "path": "/a"}})
        self.assertEqual(
            (refused.status, refused.headers["allow"]), (405, "GET, HEAD, POST, OPTIONS")
        )
        told = call(bff, {"request": {"method": "OPTIONS", "path": "/a"}})
        self.assertEqual((told.status, told.headers["allow"]), (204, "GET, HEAD, POST, OPTIONS"))
        self.assertEqual(call(bff, {"request": {"method": "HEAD", "path": "/a"}}).status, 200)

    def test_a_function_that_does_not_fit_its_pattern_is_refused_at_once(self) -> None:
        bff = Bff()
        with self.assertRaisesRegex(
            TypeError, r"GET /\{user\}: the function must take \(request, user\)"
        ):
            bff.get("/{user}")(lambda request: respond(1))

        async def later(request: Request) -> Response:
            return respond(1)

        with self.assertRaisesRegex(TypeError, "nothing awaits it"):
            bff.get("/")(later)

    def test_an_exception_goes_on_with_its_route_and_a_problem_is_answered(self) -> None:
        with self.assertRaises(ZeroDivisionError) as caught:
            answer_of(lambda request, user: 1 / 0)
        self.assertEqual(caught.exception.tailor_route, "GET /{user}")  # type: ignore[attr-defined]
        with self.assertRaisesRegex(TypeError, "the answer is of type dict, not a Response"):
            answer_of(lambda request, user: {})

        def refuse(request: Request, user: str) -> Response:
            raise Problem(410, "it is gone", members={"since": 2025})

        answer = answer_of(refuse)
        self.assertEqual(answer.headers["content-type"], "application/problem+json")
        self.assertEqual(answer.headers["cache-control"], "no-store")
        self.assertEqual(
            answer.json(),
            {
                "type": "about:blank",
                "title": "Gone",
                "status": 410,
                "detail": "it is gone",
                "since": 2025,
                "request_id": "test-1",
            },
        )


class Queries(unittest.TestCase):
    def test_what_is_not_allowed_is_400_and_named(self) -> None:
        class Page:
            date = required(date)
            limit = optional(integer(1, 100), 30)
            sort = optional(one_of("up", "down"))
            name = optional(text(3))

        def page(request: Request, user: str) -> Response:
            read = read_query(request, Page)
            return respond([read.date, read.limit, read.sort, read.name])

        def of(query: str) -> Answer:
            return answer_of(page, {"request": {"path": f"/ada?{query}"}})

        self.assertEqual(of("date=2026-01-15&sort=up").json(), ["2026-01-15", 30, "up", None])
        for query, detail in [
            ("limit=3", "query parameter `date` is missing; allowed: a date as `YYYY-MM-DD`"),
            (
                "date=2026-02-30",
                "query parameter `date` is `2026-02-30`; allowed: a date as `YYYY-MM-DD`",
            ),
            (
                "date=2026-01-15&limit=0",
                "query parameter `limit` is `0`; allowed: a whole number from 1 to 100",
            ),
            (
                "date=2026-01-15&limit=١",
                "query parameter `limit` is `١`; allowed: a whole number from 1 to 100",
            ),
            (
                "date=2026-01-15&date=2026-01-15",
                "query parameter `date` is `2026-01-15`; allowed: one value only",
            ),
            ("date=2026-01-15&sort=x", "query parameter `sort` is `x`; allowed: `up`, `down`"),
            (
                "date=2026-01-15&name=abcd",
                "query parameter `name` is `abcd`; allowed: 1 to 3 characters",
            ),
            (
                "day=1",
                "query parameter `day` is `1`; "
                "allowed: only the parameters `date`, `limit`, `sort`, `name`",
            ),
        ]:
            answer = of(query)
            self.assertEqual((answer.status, answer.json()["detail"]), (400, detail))

    def test_names_that_python_does_not_take_are_read_too(self) -> None:
        class Span:
            from_ = required(date)
            per_page = optional(integer(1, 9))

        class Longer(Span):
            until = required(Span.from_)

        def span(request: Request, user: str) -> Response:
            read = read_query(request, Longer)
            return respond([read.from_, read.until, read.per_page])

        def of(query: str) -> Any:
            return answer_of(span, {"request": {"path": f"/ada?{query}"}}).json()

        days = "from=2026-01-15&until=2026-01-16"
        self.assertEqual(of(f"{days}&per-page=3"), ["2026-01-15", "2026-01-16", 3])
        self.assertEqual(
            of(f"{days}&per-page=x")["detail"],
            "query parameter `per-page` is `x`; allowed: a whole number from 1 to 9",
        )
        self.assertIn("only the parameters `from`, `per_page`", of(f"{days}&from_=1")["detail"])

    def test_without_a_class_no_parameter_is_allowed(self) -> None:
        def none(request: Request, user: str) -> Response:
            read_query(request)
            return respond(1)

        self.assertEqual(answer_of(none).status, 200)
        self.assertEqual(answer_of(none, {"request": {"path": "/ada?a=1"}}).status, 400)
        with self.assertRaisesRegex(TypeError, "Workout has no parameter, such as"):
            answer_of(lambda request, user: respond(read_query(request, Workout)))


class Bodies(unittest.TestCase):
    def test_json_is_read_and_what_is_wrong_named(self) -> None:
        def write(request: Request, user: str) -> Response:
            workout = read_json(request, Workout)
            if workout.minutes > 1440:
                raise bad_field("/minutes", "more than a day")
            return respond(workout, status=201)

        def of(body: Any, **headers: str) -> Answer:
            return answer_of(
                write, {"request": {"path": "/ada", "body": body, "headers": headers}}, "POST"
            )

        made = of({"kind": "run", "minutes": 30})
        self.assertEqual((made.status, made.text), (201, '{"kind":"run","minutes":30}'))
        other = {"content-type": "application/vnd.team+json; charset=utf-8"}
        self.assertEqual(of('{"kind": "run", "minutes": 30}', **other).status, 201)
        json_type = {"content-type": "application/json"}
        for body, headers, status, detail in [
            ({"kind": "run"}, {}, 400, "body field `/minutes`: is missing"),
            ({"kind": "run", "minutes": 2000}, {}, 400, "body field `/minutes`: more than a day"),
            ("{", json_type, 400, "body: not JSON"),
            (None, json_type, 400, "body: expected JSON, found none"),
            ("{}", {}, 415, "header `content-type` is missing; allowed: application/json"),
            (
                "[" * 100_000,
                json_type,
                400,
                "body: more than 1000 levels of lists and objects",
            ),
        ]:
            answer = of(body, **headers)
            self.assertEqual((answer.status, answer.json()["detail"]), (status, detail))

    def test_a_form_is_read_as_pairs(self) -> None:
        form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        given = {"request": {"path": "/ada", "body": "a=1+2&b=%C3%A4&a=", "headers": form}}
        answer = answer_of(lambda request, user: respond(read_form(request)), given, "POST")
        self.assertEqual(answer.json(), [["a", "1 2"], ["b", "ä"], ["a", ""]])


class Doubles(unittest.TestCase):
    def test_settings_time_random_numbers_and_the_log_are_the_fixtures(self) -> None:
        def tell(request: Request, user: str) -> Response:
            log.warn("half\ud800", count=3)
            return respond(
                [
                    config("unit"),
                    config("none"),
                    str(today()),
                    random_bytes(4).hex(),
                    request.client.name,
                ]
            )

        given = {
            "now": "2026-02-01T23:59:59.5Z",
            "seed": 7,
            "client": "watch",
            "config": {"unit": "kg"},
        }
        answer = answer_of(tell, given)
        self.assertEqual(answer.json(), ["kg", None, "2026-02-01", "020ffab2", "watch"])
        (line,) = answer.log
        self.assertEqual(
            (line.level, line.message, line.fields), ("warn", "half\ufffd", {"count": "3"})
        )

    def test_without_a_host_functions_of_it_say_so(self) -> None:
        with self.assertRaisesRegex(RuntimeError, r"config\(\) needs a host, and there is none"):
            config("unit")

    def test_an_answer_that_the_host_would_refuse_fails_the_test(self) -> None:
        for response in [
            Response(99),
            Response(204, [], "x"),
            Response(200, [("content-length", "1")], "x"),
            Response(200, [("x", "a\nb")], "x"),
        ]:
            with self.assertRaises((AssertionError, ValueError)):
                answer_of(lambda request, user, response=response: response)

    def test_no_json_has_what_json_lacks(self) -> None:
        with self.assertRaises(ValueError):
            respond(float("nan"))
        with self.assertRaisesRegex(TypeError, "bytes has no form in JSON"):
            respond(b"")
        self.assertEqual(respond({"a": "ä\ud800"}).body, '{"a":"\\u00e4\\ud800"}')
        self.assertEqual(respond("ä").body, '"ä"')

    def test_no_value_is_told_by_its_index(self) -> None:
        self.assertEqual((NoValue(None, 2).index, NoValue().kind), (2, "no-value"))


if __name__ == "__main__":
    unittest.main()
