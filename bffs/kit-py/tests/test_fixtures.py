import json
import tempfile
import unittest
from pathlib import Path
from typing import Any

from tailor_kit import Bff, Reply, Request, Response, config, host, now_ms, respond, respond_text
from tailor_kit.messages import Call
from tailor_kit.testing import call, check_expected, read_fixtures
from tailor_kit.testing.document import compact, parse, pick

SHARED = Path(__file__).parent.parent.parent / "kit-ts/test/fixtures"


class Echo:
    """Answers with what it is given, as `kit-ts/test/engine/echo.ts` does."""

    def handle(self, request: Request) -> Response:
        def given(wanted: str) -> list[str]:
            return [value for name, value in request.query if name == wanted]

        def call_of(path: str, select: list[str]) -> Call:
            return Call("s", "GET", path, [], [], None, select)

        fields = [
            (name, value) for name, _, value in (each.partition(":") for each in given("field"))
        ]
        double = host.need("echo")
        if given("raw"):
            (result,) = double.fetch_all([call_of(given("raw")[0], [])])
            return Response(200, fields, result.body if isinstance(result, Reply) else None)
        calls = [call_of(path, []) for path in given("call")]
        calls += [call_of(path, ["", "/a", "/b/1"]) for path in given("pick")]
        replies: list[Any] = []
        for result in double.fetch_all(calls):
            if isinstance(result, Reply):
                shown = {"status": result.status, "headers": result.headers, "body": result.body}
                replies.append({**shown, "selected": result.selected})
            else:
                replies.append(result.kind)
        answer = {
            "method": request.method.lower(),
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "body": request.body,
            "tone": config("tone"),
            "now": now_ms(),
            "replies": replies,
        }
        made = respond(answer)
        return Response(made.status, made.headers + fields, made.body)


@unittest.skipUnless(SHARED.is_dir(), "only in the repository of the kits")
class Shared(unittest.TestCase):
    def test_all_readers_of_fixtures_see_the_same_in_them(self) -> None:
        files = sorted(SHARED.glob("*.json"))
        self.assertGreater(len(files), 10)
        for file in files:
            with self.subTest(file.name):
                ((_, fixture),) = read_fixtures(file)
                check_expected(call(Echo(), fixture), fixture["expect"])

    def test_what_one_reader_of_fixtures_refuses_all_do(self) -> None:
        refused = json.loads((SHARED / "refused/all.json").read_text())
        self.assertGreater(len(refused), 20)
        for each in refused:
            with self.subTest(each["why"]), tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "one.json").write_text(each["fixture"])
                with self.assertRaises(ValueError, msg=each["fixture"]):
                    read_fixtures(folder)


class Fixtures(unittest.TestCase):
    def read(self, text: str) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "one.json").write_text(text)
            return read_fixtures(folder)

    def test_what_is_no_fixture_is_named(self) -> None:
        for text, words in [
            ('{"request": {"path": "/"}}', "fixture: `expect` is missing"),
            ('{"request": {"path": "/"}, "expect": {}, "expcet": {}}', "unknown member `expcet`"),
            (
                '{"request": {"path": "a"}, "expect": {}}',
                "request: `path` must be a text that begins with `/`",
            ),
            (
                '{"request": {"path": "/"}, "expect": {"status": "200"}, "seed": -1}',
                "`seed` must be a whole number",
            ),
            ('{"request": {"path": "/", "path": "/"}, "expect": {}}', "has `path` twice"),
            (
                '{"request": {"path": "/"}, "expect": {}, '
                '"downstreams": [{"service": "a", "path": "*"}]}',
                "downstreams/0: needs either `reply` or `failure`",
            ),
        ]:
            with self.assertRaisesRegex(ValueError, "one.json: ") as caught:
                self.read(text)
            self.assertIn(words, str(caught.exception))
        with (
            tempfile.TemporaryDirectory() as folder,
            self.assertRaisesRegex(ValueError, "no fixtures"),
        ):
            read_fixtures(folder)

    def test_documents_are_sent_as_they_are_written(self) -> None:
        body = '{"b": 5.0, "a": 12345678901234567890.10}'
        text = f'{{"request": {{"path": "/", "method": "POST", "body": {body}}}, "expect": {{}}}}'
        ((name, fixture),) = self.read("\ufeff" + text)
        bff = Bff()

        @bff.post("/")
        def echo(request: Request) -> Response:
            assert isinstance(request.body, str)
            return respond_text(request.body)

        answer = call(bff, fixture)
        self.assertEqual((name, answer.text), ("one.json", '{"b":5.0,"a":12345678901234567890.10}'))
        check_expected(answer, {"json": {"a": 12345678901234567890.1, "b": 5}})
        with self.assertRaisesRegex(AssertionError, "json: "):
            check_expected(answer, {"json": {"a": 1, "b": 5}})
        with self.assertRaisesRegex(AssertionError, "status 200, expected 201"):
            check_expected(answer, {"status": 201})

    def test_pointers_pick_values_and_columns(self) -> None:
        document = parse('{"a": [{"b/c": 1.0}, {}], "": null, "*": 2}')
        for pointer, picked in [
            ("", compact(document)),
            ("/a/0/b~1c", "1.0"),
            ("/a/00", None),
            ("/a/2", None),
            ("/", "null"),
            ("/*", "2"),
            ("/a/*/b~1c", "[1.0,null]"),
            ("/a/x", None),
        ]:
            self.assertEqual(pick(document, pointer), picked, pointer)
        self.assertEqual(json.loads(compact({"ä": [True, None, "x"]})), {"ä": [True, None, "x"]})


if __name__ == "__main__":
    unittest.main()
