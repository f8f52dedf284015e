"""Calls of services. All calls of a request go out side by side in one `fetch_all`; each comes back
as an outcome of its own, so that a part that fails cannot fail the whole. The host has already
logged what failed and why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, overload
from urllib.parse import quote

from . import host
from .columns import Columns
from .decode import DecodeError, nothing, parse, reader
from .log import log
from .messages import Body, Call, Failure, Headers, Reply
from .missing import Failed, NotFound, NoValue, Outcome, Unreadable, Value
from .respond import to_json
from .shape import call_of, value_of, whole

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
_MOST_MS = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class JsonCall(Generic[T]):
    """A call that answers JSON. Made by `get_json`, `post_json` and their like."""

    call: Call
    of: Any

    def with_timeout(self, ms: int) -> JsonCall[T]:
        """The same call with a limit of time, which may only be shorter than the operator's."""
        limit = whole("the limit of a call", ms, _MOST_MS)
        return replace(self, call=replace(self.call, timeout_ms=limit))

    def with_profile(self, profile: str) -> JsonCall[T]:
        """The same call with the limits of a profile that the operator defined, such as `fast`."""
        return replace(self, call=replace(self.call, profile=profile))


def path(pattern: str, *values: object) -> str:
    """A path with percent-encoded values: `path("/users/{}/days/{}", user, day)`."""
    if pattern.count("{}") != len(values):
        raise TypeError(f"the path {pattern} has {pattern.count('{}')} values, not {len(values)}")
    parts = [quote(value_of(f"a value of the path {pattern}", each), safe="") for each in values]
    return pattern.format(*parts)


@overload
def get_json(
    service: str,
    path: str,
    of: Columns,
    *,
    query: Mapping[str, object] | None = None,
) -> JsonCall[dict[str, list[Any]]]: ...


@overload
def get_json(
    service: str,
    path: str,
    of: type[T],
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
) -> JsonCall[T]: ...


@overload
def get_json(
    service: str,
    path: str,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
) -> JsonCall[Any]: ...


def get_json(
    service: str,
    path: str,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
) -> JsonCall[Any]:
    """A call for `fetch_all`. `of` is the type that the document is read as.

    With `select` pointers (RFC 6901) it is that of the list of the values that they picked, in
    their order: `list[float | None]`, or `tuple[int, str | None]`. Select when little of much is
    wanted: what is not selected never enters the component.
    """
    return _json_call("GET", service, path, of, query, select, [], None)


def post_json(
    service: str, path: str, value: object, of: Any = Any, **options: Any
) -> JsonCall[Any]:
    """A POST of `value` as JSON.

    Options are `query`, `select`, `headers` and `idempotency_key`: a service that knows that key
    does the work once, however often the call arrives. The host repeats a write only where the
    operator says so.
    """
    return _write("POST", service, path, value, of, **options)


def put_json(
    service: str, path: str, value: object, of: Any = Any, **options: Any
) -> JsonCall[Any]:
    """The same with PUT."""
    return _write("PUT", service, path, value, of, **options)


def patch_json(
    service: str, path: str, value: object, of: Any = Any, **options: Any
) -> JsonCall[Any]:
    """The same with PATCH."""
    return _write("PATCH", service, path, value, of, **options)


def delete_json(service: str, path: str, of: Any = Any, **options: Any) -> JsonCall[Any]:
    """A DELETE, without a body."""
    return _write("DELETE", service, path, None, of, **options)


def _write(
    method: str,
    service: str,
    path: str,
    value: object,
    of: Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[Any]:
    body = None if method == "DELETE" else to_json(value)
    fields: Headers = [] if body is None else [("content-type", "application/json")]
    if idempotency_key is not None:
        fields.append(("idempotency-key", idempotency_key))
    fields.extend((headers or {}).items())
    return _json_call(method, service, path, of, query, select, fields, body)


def _json_call(
    method: str,
    service: str,
    path: str,
    of: Any,
    query: Mapping[str, object] | None,
    select: Sequence[str],
    headers: Headers,
    body: Body,
) -> JsonCall[Any]:
    pairs = [
        (name, value_of(f"query parameter `{name}`", value))
        for name, value in (query or {}).items()
    ]
    pointers = of.select if isinstance(of, Columns) else list(select)
    if not isinstance(of, Columns):
        # What cannot be read raises whatever the service answers.
        reader(of)
    fields = [("accept", "application/json"), *headers]
    return JsonCall(Call(service, method, path, pairs, fields, body, pointers), of)


@overload
def fetch_all(a: JsonCall[A], /) -> tuple[Outcome[A]]: ...
@overload
def fetch_all(a: JsonCall[A], b: JsonCall[B], /) -> tuple[Outcome[A], Outcome[B]]: ...
@overload
def fetch_all(
    a: JsonCall[A], b: JsonCall[B], c: JsonCall[C], /
) -> tuple[Outcome[A], Outcome[B], Outcome[C]]: ...
@overload
def fetch_all(
    a: JsonCall[A], b: JsonCall[B], c: JsonCall[C], d: JsonCall[D], /
) -> tuple[Outcome[A], Outcome[B], Outcome[C], Outcome[D]]: ...
@overload
def fetch_all(
    a: JsonCall[A], b: JsonCall[B], c: JsonCall[C], d: JsonCall[D], e: JsonCall[E], /
) -> tuple[Outcome[A], Outcome[B], Outcome[C], Outcome[D], Outcome[E]]: ...
@overload
def fetch_all(*calls: JsonCall[Any]) -> tuple[Outcome[Any], ...]: ...
@overload
def fetch_all(*calls: Call) -> tuple[Reply | Failure, ...]: ...
def fetch_all(*calls: Any) -> tuple[Any, ...]:
    """Makes all calls side by side and waits for all: `days, nights = fetch_all(a, b)`.

    It never raises. Up to five calls have outcomes of their own types. A `Call` of the contract,
    for bodies that are no JSON, comes back as its `Reply` or `Failure`.
    """
    made = [_contract(each) for each in calls]
    results = host.need("fetch_all()").fetch_all(made)
    return tuple(_result(call, result) for call, result in zip(calls, results, strict=True))


def fetch(call: Call) -> Reply | Failure:
    """Makes one call of the contract and waits for it. Every status is a reply."""
    (result,) = fetch_all(call)
    return result


def _contract(call: Call | JsonCall[Any]) -> Call:
    return call_of(call if isinstance(call, Call) else call.call)


def _result(call: Call | JsonCall[Any], result: Reply | Failure) -> Any:
    return result if isinstance(call, Call) else _outcome(call, result)


class Started(Generic[T]):
    """A call under way. Made by `start`."""

    def __init__(self, call: Call | JsonCall[Any], exchange: host.Exchange) -> None:
        self._call = call
        self.exchange = exchange

    def wait(self) -> T:
        """Waits for the outcome. It can be taken once: the next is `failed` as `invalid`."""
        result: T = _result(self._call, self.exchange.wait())
        return result


@overload
def start(call: JsonCall[T]) -> Started[Outcome[T]]: ...
@overload
def start(call: Call) -> Started[Reply | Failure]: ...
def start(call: Call | JsonCall[Any]) -> Started[Any]:
    """Starts a call and returns at once, for chains while others are still under way."""
    return Started(call, host.need("start()").start(_contract(call)))


def wait_any(calls: Sequence[Started[Any]], limit_ms: float | None = None) -> int | None:
    """Waits until one of these calls has its result, and gives its place in the list.

    Calls whose outcome was taken are passed over. `None` when `limit_ms` have passed, when the
    request's time for calls is over, and when there is nothing to wait for.
    """
    limit = None if limit_ms is None else min(max(0, math.ceil(limit_ms)), _MOST_MS)
    return host.need("wait_any()").wait_any([each.exchange for each in calls], limit)


def read_document(reply: Reply, of: Any = Any) -> Outcome[Any]:
    """The document of a reply whatever its status: what a service says about a 409 or 422."""
    return _read(reply, of, [], "")


def _outcome(call: JsonCall[Any], result: Reply | Failure) -> Outcome[Any]:
    if isinstance(result, Failure):
        return Failed(reason=result.kind)
    if result.status == 404:
        return NotFound(result)
    if not 200 <= result.status <= 299:
        return Failed(result, f"status-{result.status}")
    return _read(result, call.of, call.call.select, call.call.service)


def _read(reply: Reply, of: Any, select: list[str], service: str) -> Outcome[Any]:
    document: Any = ...
    if of is nothing:
        return Value(None, reply.source in ("stale", "fallback"), reply)
    try:
        if select:
            document = [None if text is None else parse(text) for text in reply.selected]
        elif isinstance(reply.body, bytes):
            raise DecodeError("expected JSON text, found bytes")
        else:
            text = reply.body or ""
            document = parse(text) if text.strip() else None
        value = of.read(document) if isinstance(of, Columns) else reader(of)(document)
        return Value(value, reply.source in ("stale", "fallback"), reply)
    except DecodeError as fault:
        # The host saw a complete answer, so only this line shows that it was of no use.
        log.warn("answer is not as expected", service=service, fault=str(fault))
        if document is None and fault.at == "":
            return NoValue(reply)
        place = fault.at[1:]
        if select and place.isdigit() and reply.selected[int(place)] in (None, "null"):
            return NoValue(reply, int(place))
        return Unreadable(reply)
