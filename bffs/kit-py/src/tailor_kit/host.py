"""The host: its settings, clocks and random numbers, and the way to it for the rest of the kit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from .messages import Call, Failure, Reply
from .shape import text_of, whole


class Exchange(Protocol):
    """A call under way."""

    def wait(self) -> Reply | Failure: ...


class Host(Protocol):
    """What the contract offers. A component has the real one, a test a double."""

    def fetch_all(self, calls: Sequence[Call]) -> list[Reply | Failure]: ...
    def start(self, call: Call) -> Exchange: ...
    def wait_any(self, exchanges: Sequence[Exchange], timeout_ms: int | None) -> int | None: ...
    def log(self, level: str, message: str, fields: list[tuple[str, str]]) -> None: ...
    def config(self, key: str) -> str | None: ...
    def now_ms(self) -> int: ...
    def time_left_ms(self) -> int: ...
    def elapsed_ns(self) -> int: ...
    def random(self, length: int) -> bytes: ...
    def locale(self, function: str, *given: Any) -> Any: ...


_current: Host | None = None


def enter(host: Host | None) -> Host | None:
    """Makes `host` the one that functions of the kit ask; gives the one before."""
    global _current
    before, _current = _current, host
    return before


def need(what: str) -> Host:
    """The host, for a function of this name."""
    if _current is None:
        raise RuntimeError(
            f"{what} needs a host, and there is none: module-level code runs when the component is "
            "built, and a test runs a handler with `call` of tailor_kit.testing"
        )
    return _current


def config(key: str) -> str | None:
    """A setting of this BFF from the operator's file."""
    return need("config()").config(text_of("the name of a setting", key))


def now_ms() -> int:
    """The time of day in milliseconds since 1970-01-01T00:00:00Z. In a test it is the fixture's."""
    return need("now_ms()").now_ms()


def time_left_ms() -> int:
    """Milliseconds left until this request's deadline, 0 when it has passed."""
    return need("time_left_ms()").time_left_ms()


def elapsed_ms() -> float:
    """Milliseconds since the host received this request. Nobody sets this clock."""
    return need("elapsed_ms()").elapsed_ns() / 1e6


def random_bytes(length: int) -> bytes:
    """Random bytes that nobody can guess, at most 65,536. In a test they are of its seed."""
    host = need("random_bytes()")
    return host.random(whole("the number of random bytes", length, 65_536))
