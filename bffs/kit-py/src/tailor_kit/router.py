"""Which function answers which path, and the way from the host into it.

Patterns are literal segments and `{name}`, which takes one whole segment; the first route that fits
wins. Segments are compared decoded, so `/%76` is `/v`.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

from .messages import Request, Response
from .problem import Problem
from .shape import response_of

# Read when the component is built. Outside of one there is no contract, and no request of a host.
_wire: Any = None
if importlib.util.find_spec("wit_world") is not None:
    _wire = importlib.import_module(".wire", __package__)

F = TypeVar("F", bound=Callable[..., Response])
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table."""

    method: str
    pattern: str
    segments: tuple[str, ...]
    names: tuple[str | None, ...]
    answer: Callable[..., Response]

    def fits(self, segments: list[str]) -> dict[str, str] | None:
        """The values of the names, if the path fits. None is empty, `.` or `..`."""
        if len(segments) != len(self.segments):
            return None
        values = {}
        for segment, own, name in zip(segments, self.segments, self.names, strict=True):
            if name is None:
                if segment != own:
                    return None
            elif segment in ("", ".", ".."):
                # They would mean another path in a call; nothing is ever named so.
                return None
            else:
                values[name] = segment
        return values


class Bff:
    """The routes of a BFF: the module that the component is built of has one as `handler`.

    `handler = Bff()`, then `@handler.get("/{user}/goals")` above a function that takes the request
    and the named segments, and returns a `Response`.
    """

    def __init__(self) -> None:
        self._routes: list[Route] = []

    def get(self, pattern: str) -> Callable[[F], F]:
        """A route for GET, and so for HEAD too: the host leaves out the body."""
        return self.route("GET", pattern)

    def post(self, pattern: str) -> Callable[[F], F]:
        """A route for POST. The operator lists the method, too: `methods = ["GET", "POST"]`."""
        return self.route("POST", pattern)

    def put(self, pattern: str) -> Callable[[F], F]:
        """A route for PUT."""
        return self.route("PUT", pattern)

    def patch(self, pattern: str) -> Callable[[F], F]:
        """A route for PATCH."""
        return self.route("PATCH", pattern)

    def delete(self, pattern: str) -> Callable[[F], F]:
        """A route for DELETE."""
        return self.route("DELETE", pattern)

    def route(self, method: str, pattern: str) -> Callable[[F], F]:
        """A route for one method. What is wrong with it fails the build, with the line."""
        method = method.upper()
        if method not in _METHODS:
            raise ValueError(f"{method} {pattern}: no method of HTTP that a BFF answers")
        if not pattern.startswith("/") or re.search(r"[?#\s]", pattern):
            raise ValueError(f"{method} {pattern}: a pattern is `/` and segments, without a query")
        segments = tuple(pattern.split("/"))
        for each in segments:
            if ("{" in each or "}" in each) and not re.fullmatch(r"\{\w+\}", each):
                whole = "`{name}` takes one whole segment"
                raise ValueError(f"{method} {pattern}: {whole}")
            if "%" in each:
                decoded = "segments are compared decoded, so that one with `%` fits no path"
                raise ValueError(f"{method} {pattern}: {decoded}")
        if any((route.method, route.pattern) == (method, pattern) for route in self._routes):
            raise ValueError(f"{method} {pattern}: is a route already")
        is_name = [each.startswith("{") and each.endswith("}") for each in segments]
        names = tuple(
            each[1:-1] if named else None for each, named in zip(segments, is_name, strict=True)
        )

        wanted = [name for name in names if name is not None]
        if len(wanted) != len(set(wanted)):
            raise ValueError(f"{method} {pattern}: has a name twice")

        def add(function: F) -> F:
            try:
                inspect.signature(function).bind(None, **dict.fromkeys(wanted))
            except TypeError as error:
                takes = ", ".join(["request", *wanted])
                message = f"{method} {pattern}: the function must take ({takes}): {error}"
                raise TypeError(message) from None
            if inspect.iscoroutinefunction(function):
                raise TypeError(f"{method} {pattern}: the function is async, and nothing awaits it")
            self._routes.append(Route(method, pattern, segments, names, function))
            return function

        return add

    def handle(self, request: Any) -> Any:
        """Answers a request: one of the kit's in a test, one of the host in a component."""
        if isinstance(request, Request):
            return self._answer(request)
        return _wire.answer(self._answer, request)

    def _answer(self, request: Request) -> Response:
        try:
            return self._dispatch(request)
        except Problem as problem:
            return response_of(problem.answer(request.id))

    def _dispatch(self, request: Request) -> Response:
        segments = [_decoded(each) for each in request.path.split("/")]
        wanted = "GET" if request.method == "HEAD" else request.method
        others: list[str] = []
        for route in self._routes:
            values = route.fits(segments)
            if values is None:
                continue
            if route.method == wanted:
                return _call(route, request, values)
            others.append(route.method)
        if not others:
            if (request.method, request.path) == ("OPTIONS", "*"):
                return self._listed()
            raise Problem(404, "there is nothing at this path")
        allow = _allowed(others)
        if request.method == "OPTIONS":
            return Response(204, [("allow", allow)])
        raise Problem(405, f"this path answers {allow}", headers={"allow": allow})

    def _listed(self) -> Response:
        """The list of routes, which `tailor test` asks for. No client can."""
        routes = [f"{route.method} {route.pattern}" for route in self._routes]
        headers = [
            ("content-type", "application/json"),
            ("allow", _allowed([route.method for route in self._routes])),
        ]
        return Response(200, headers, json.dumps({"routes": routes}, separators=(",", ":")))


def _call(route: Route, request: Request, values: dict[str, str]) -> Response:
    name = f"{route.method} {route.pattern}"
    try:
        answer = route.answer(request, **values)
        if not isinstance(answer, Response):
            kind = type(answer).__name__
            raise TypeError(f"{name}: the answer is of type {kind}, not a Response: use respond()")
        return response_of(answer)
    except Problem:
        raise
    except BaseException as error:
        # For the line in the log.
        error.tailor_route = name  # type: ignore[attr-defined]
        raise


def _allowed(methods: list[str]) -> str:
    names: list[str] = []
    for method in [*methods, "OPTIONS"]:
        names.extend(["GET", "HEAD"] if method == "GET" else [method])
    return ", ".join(dict.fromkeys(names))


def _decoded(segment: str) -> str:
    if "%" not in segment:
        return segment
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Problem(400, "path is not percent-encoded UTF-8") from None
