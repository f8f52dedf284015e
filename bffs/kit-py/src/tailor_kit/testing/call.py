"""One request into a BFF, in process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from .. import host
from ..messages import Call, Client, Failure, Reply, Request, Response
from ..shape import response_of
from .document import Number, compact, parse, plain
from .fixture import Fixture, time_ms
from .legal import FREE_IN_ANSWERS, illegal, illegal_header
from .locale import Locale
from .replies import answer_of, failure, selected

# What is left of a request's deadline when it arrives: about what a client waits for a screen.
_TIME_LEFT_MS = 2000
_MOST_RANDOM = 65_536
_WORD = 0xFFFF_FFFF
_LOCALE = Locale()
# Fields of answers that the host leaves out for its own.
_OWN = ("date", "x-request-id")


@dataclass(slots=True)
class LogLine:
    """A line that the BFF logged."""

    level: str
    message: str
    fields: dict[str, str]


@dataclass(slots=True)
class Answer:
    """What came out, and what was done on the way."""

    status: int
    headers: dict[str, str]
    """By lower-case name; the first one of a name that occurs twice."""
    text: str
    calls: list[Call] = field(default_factory=list)
    log: list[LogLine] = field(default_factory=list)

    def json(self) -> Any:
        """The body as JSON. Raises if it is none."""
        return json.loads(self.text)


def call(handler: Any, fixture: Fixture) -> Answer:
    """Answers the fixture's request with `handler`, a `Bff`.

    Raises what the handler raises, and `AssertionError` on anything that the host would refuse.
    """
    double = Double(fixture)
    before = host.enter(double)
    try:
        response = handler.handle(_request(fixture))
    finally:
        host.enter(before)
    response = _legal(response)
    headers = {name.lower(): value for name, value in reversed(response.headers)}
    body = response.body
    if isinstance(body, bytes):
        text = body.decode("utf-8", "replace")
    else:
        text = body or ""
        if body is not None:
            headers.setdefault("content-type", "application/json")
    return Answer(response.status, headers, text, double.calls, double.lines)


def check_expected(answer: Answer, expected: dict[str, Any]) -> None:
    """Raises `AssertionError` at the first difference."""
    if "status" in expected:
        assert answer.status == int(expected["status"]), (
            f"status {answer.status}, expected {expected['status']}; body: {answer.text}"
        )
    for name, value in expected.get("headers", {}).items():
        found = answer.headers.get(name.lower())
        assert found == value, f"header {name}: {found!r}, expected {value!r}"
    if "json" in expected:
        wanted = plain(expected["json"])
        try:
            found = plain(parse(answer.text))
        except ValueError:
            raise AssertionError(f"not JSON: {answer.text!r}") from None
        assert _same(found, wanted), (
            f"json:    {answer.text}\nexpected: {compact(expected['json'])}"
        )
    if "text" in expected:
        assert answer.text == expected["text"], (
            f"text: {answer.text!r}, expected {expected['text']!r}"
        )


def _same(one: Any, other: Any) -> bool:
    """Whether two documents are the same. To Python, `True` equals 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)


class Double:
    """The host of one request. Waits take no time: its clock goes on by what calls take."""

    def __init__(self, fixture: Fixture) -> None:
        self.calls: list[Call] = []
        self.lines: list[LogLine] = []
        self._entries = fixture.get("downstreams", [])
        self._config: dict[str, str] = fixture.get("config", {})
        self._begin = time_ms(fixture.get("now", "2026-01-15T12:00:00Z"))
        self._seed = int(fixture.get("seed", 0))
        self._waited = 0

    def _made(self, made: Call) -> _Exchange:
        self.calls.append(made)
        wrong = illegal(made)
        if wrong is not None:
            return _Exchange(self, self._waited, Failure("invalid", False, wrong))
        delay, result = answer_of(self._entries, made)
        limit = _TIME_LEFT_MS - self._waited
        if made.timeout_ms is not None:
            limit = min(limit, made.timeout_ms)
        if delay >= limit and delay > 0:
            return _Exchange(self, self._waited + max(limit, 0), failure("timeout", made.service))
        return _Exchange(self, self._waited + delay, selected(made, result))

    def wait_until(self, end: int) -> None:
        """Lets time go on."""
        self._waited = max(self._waited, end)

    def fetch_all(self, calls: Sequence[Call]) -> list[Reply | Failure]:
        started = [self._made(each) for each in calls]
        return [each.wait() for each in started]

    def start(self, call: Call) -> _Exchange:
        return self._made(call)

    def wait_any(self, exchanges: Sequence[Any], timeout_ms: int | None) -> int | None:
        open_ones = [(each.end, place) for place, each in enumerate(exchanges) if not each.taken]
        limit = None if timeout_ms is None else self._waited + timeout_ms
        if not open_ones or (limit is not None and min(open_ones)[0] > limit):
            if limit is not None:
                self.wait_until(limit)
            return None
        end, place = min(open_ones)
        self.wait_until(end)
        return place

    def log(self, level: str, message: str, fields: list[tuple[str, str]]) -> None:
        self.lines.append(LogLine(level, message, dict(fields)))

    def config(self, key: str) -> str | None:
        return self._config.get(key)

    def now_ms(self) -> int:
        return self._begin + self._waited

    def time_left_ms(self) -> int:
        return max(_TIME_LEFT_MS - self._waited, 0)

    def elapsed_ns(self) -> int:
        return self._waited * 1_000_000

    def locale(self, function: str, *given: Any) -> Any:
        return getattr(_LOCALE, function)(*given)

    def random(self, length: int) -> bytes:
        if length > _MOST_RANDOM:
            raise ValueError(f"random: {length} bytes at once are more than {_MOST_RANDOM}")
        return bytes(self._byte() for _ in range(length))

    def _byte(self) -> int:
        """The highest bits of a number of Mulberry32, as the host makes it of a seed."""
        self._seed = seed = (self._seed + 0x6D2B79F5) & _WORD
        mixed = (seed ^ seed >> 15) * (seed | 1) & _WORD
        once = (mixed ^ mixed + ((mixed ^ mixed >> 7) * (mixed | 61))) & _WORD
        return (once ^ once >> 14) >> 24


class _Exchange:
    """A call under way in the double."""

    def __init__(self, double: Double, end: int, result: Reply | Failure) -> None:
        self._double = double
        self._result = result
        self.end = end
        self.taken = False

    def wait(self) -> Reply | Failure:
        if self.taken:
            return Failure("invalid", False, "its result was taken before")
        self.taken = True
        self._double.wait_until(self.end)
        return self._result


def _request(fixture: Fixture) -> Request:
    given = fixture["request"]
    path, _, search = given["path"].partition("?")
    pairs = [pair.partition("=") for pair in search.split("&") if pair]
    query = [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]
    query.extend(given.get("query", {}).items())
    headers = [(name.lower(), value) for name, value in given.get("headers", {}).items()]
    body = given.get("body")
    if body is not None and (not isinstance(body, str) or isinstance(body, Number)):
        body = compact(body)
        if all(name != "content-type" for name, _ in headers):
            headers.append(("content-type", "application/json"))
    method = given.get("method", "GET")
    client = Client(fixture.get("client", "test"), "localhost")
    # HEAD is GET to a BFF.
    method = "GET" if method == "HEAD" else method
    return Request("test-1", method, path, query, headers, body or None, client)


def _legal(response: Response) -> Response:
    """The answer as the host passes it on."""
    assert isinstance(response, Response), f"the answer is of type {type(response).__name__}"
    made = response_of(response)
    empty = not made.body
    assert empty or made.status not in (204, 205, 304), f"response: a body with {made.status}"
    wrong = illegal_header(made.headers, FREE_IN_ANSWERS)
    assert wrong is None, f"response: {wrong}"
    kept = [pair for pair in made.headers if pair[0].lower() not in _OWN]
    return Response(made.status, kept, made.body)
