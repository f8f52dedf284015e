"""What crosses the boundary to the host, as Python has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

R = TypeVar("R", covariant=True)

Headers = list[tuple[str, str]]
"""Header fields in their order. A name may occur more than once."""

Body = str | bytes | None
"""The body of a message, whole. JSON travels as text."""


def _first(headers: Headers, name: str) -> str | None:
    wanted = name.lower()
    return next((value for known, value in headers if known.lower() == wanted), None)


@dataclass(slots=True)
class Client:
    """Who is asking."""

    name: str
    """`x-client` of the request, or an empty text."""
    host: str
    """The host that the request was sent to, without a port."""


@dataclass(slots=True)
class Request:
    """A request of a client. The path is below the route's, and is still percent-encoded."""

    id: str
    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Headers = field(default_factory=list)
    body: Body = None
    client: Client = field(default_factory=lambda: Client("", ""))

    def header(self, name: str) -> str | None:
        """The value of the first field of this name, whatever its case."""
        return _first(self.headers, name)


@dataclass(slots=True)
class Response:
    """The answer to a client. `respond` makes one of JSON."""

    status: int
    headers: Headers = field(default_factory=list)
    body: Body = None


class Asked(Generic[R]):
    """What `fetch_all` and `start` make. `R` is what comes back."""

    __slots__ = ()


@dataclass(slots=True)
class Call(Asked["Reply | Failure"]):
    """A call of a service, as the contract has it."""

    service: str
    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Headers = field(default_factory=list)
    body: Body = None
    select: list[str] = field(default_factory=list)
    timeout_ms: int | None = None
    profile: str | None = None


@dataclass(slots=True)
class Reply:
    """The answer of a service."""

    status: int
    headers: Headers
    body: Body
    selected: list[str | None]
    """The JSON text of each selected value, `None` where there is none."""
    source: str
    """`live`, `cached`, `stale` or `fallback`."""

    def header(self, name: str) -> str | None:
        """The value of the first field of this name, whatever its case."""
        return _first(self.headers, name)


@dataclass(slots=True)
class Failure:
    """Why there is no answer of a service."""

    kind: str
    """A word of the contract: `timeout`, `unreachable`, ..."""
    sent: bool
    """Whether the service may have got the call."""
    detail: str
