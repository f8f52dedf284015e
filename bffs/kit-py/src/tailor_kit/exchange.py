"""Makes calls of services and reads what comes back. All calls of a request go out side by side in
one `fetch_all`; each comes back as an outcome of its own, so that a part that fails cannot fail the
whole. The host has already logged what failed and why.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Generic, TypeVar, overload

from . import host
from .calls import MOST_MS, JsonCall
from .columns import Columns
from .decode import nothing, parse, reader
from .log import log
from .messages import Asked, Call, Failure, Reply
from .missing import Failed, NotFound, NoValue, Outcome, Unreadable, Value
from .plain import DecodeError
from .shape import call_of

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")


@overload
def fetch_all(a: Asked[A], /) -> tuple[A]: ...
@overload
def fetch_all(a: Asked[A], b: Asked[B], /) -> tuple[A, B]: ...
@overload
def fetch_all(a: Asked[A], b: Asked[B], c: Asked[C], /) -> tuple[A, B, C]: ...
@overload
def fetch_all(a: Asked[A], b: Asked[B], c: Asked[C], d: Asked[D], /) -> tuple[A, B, C, D]: ...
@overload
def fetch_all(
    a: Asked[A], b: Asked[B], c: Asked[C], d: Asked[D], e: Asked[E], /
) -> tuple[A, B, C, D, E]: ...
@overload
def fetch_all(
    a: Asked[T],
    b: Asked[T],
    c: Asked[T],
    d: Asked[T],
    e: Asked[T],
    f: Asked[T],
    /,
    *more: Asked[T],
) -> tuple[T, ...]: ...
def fetch_all(*calls: Any) -> tuple[Any, ...]:
    """Makes all calls side by side and waits for all: `days, nights = fetch_all(a, b)`.

    It never raises for what a service does. Up to five calls have outcomes of their own types. A
    `Call` of the contract, for bodies that are no JSON, comes back as its `Reply` or `Failure`.
    """
    made = [_contract(each) for each in calls]
    results = host.need("fetch_all()").fetch_all(made)
    return tuple(_result(call, result) for call, result in zip(calls, results, strict=True))


def fetch(call: Call) -> Reply | Failure:
    """Makes one call of the contract and waits for it. Every status is a reply."""
    (result,) = fetch_all(call)
    return result


def _contract(call: Any) -> Call:
    return call_of(call if isinstance(call, Call) else call.call)


def _result(call: Any, result: Reply | Failure) -> Any:
    return result if isinstance(call, Call) else _outcome(call, result)


class Started(Generic[T]):
    """A call under way. Made by `start`."""

    def __init__(self, call: Asked[T], exchange: host.Exchange) -> None:
        self._call = call
        self.exchange = exchange

    def wait(self) -> T:
        """Waits for the outcome. It can be taken once: the next is `failed` as `invalid`."""
        result: T = _result(self._call, self.exchange.wait())
        return result


def start(call: Asked[T]) -> Started[T]:
    """Starts a call and returns at once, for chains while others are still under way."""
    return Started(call, host.need("start()").start(_contract(call)))


def wait_any(calls: Sequence[Started[Any]], limit_ms: float | None = None) -> int | None:
    """Waits until one of these calls has its result, and gives its place in the list.

    Calls whose outcome was taken are passed over. `None` when `limit_ms` have passed, when the
    request's time for calls is over, and when there is nothing to wait for.
    """
    limit = None if limit_ms is None else min(max(0, math.ceil(limit_ms)), MOST_MS)
    return host.need("wait_any()").wait_any([each.exchange for each in calls], limit)


@overload
def read_document(reply: Reply, of: type[T]) -> Outcome[T]: ...
@overload
def read_document(reply: Reply, of: Any = Any) -> Outcome[Any]: ...
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
