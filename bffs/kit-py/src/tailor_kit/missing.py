"""Why a part of an answer is not there, in four words that all kits of tailor share: `failed`,
`not-found`, `no-value` and `unreadable`.

Nothing here decides what a missing part means for the client; that is the BFF's. An outcome is
taken apart by `match`, or by `value_or` and `value_or_problem`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NoReturn, TypeVar, Union

from .messages import Reply
from .problem import Problem

T = TypeVar("T")
D = TypeVar("D")

# Seconds that a client is asked to wait: services restart and breakers probe within a few.
_RETRY_AFTER_S = "5"


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """A 2xx answer whose JSON is as expected.

    `stale`: the host fell back on an old answer, or on one that the operator declared.
    """

    kind: ClassVar[str] = "value"
    value: T
    stale: bool
    reply: Reply

    def value_or(self, other: object) -> T:
        """The value."""
        return self.value


@dataclass(frozen=True, slots=True)
class _Missing:
    kind: ClassVar[str] = "missing"
    reply: Reply | None = None

    def value_or(self, other: D) -> D:
        """What stands in for the value."""
        return other


@dataclass(frozen=True, slots=True)
class Failed(_Missing):
    """There is no reply, or one with a status other than 2xx and 404."""

    kind: ClassVar[str] = "failed"
    reason: str = ""
    """The kind of the failure, such as `timeout`, or the status: `status-503`."""


@dataclass(frozen=True, slots=True)
class NotFound(_Missing):
    """The service has no such thing, and answered 404."""

    kind: ClassVar[str] = "not-found"


@dataclass(frozen=True, slots=True)
class NoValue(_Missing):
    """The answer has no such value, or it is `null`.

    `index` is the position in the call's `select`; without one the whole document was wanted.
    """

    kind: ClassVar[str] = "no-value"
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Unreadable(_Missing):
    """The document or value is not of the expected form."""

    kind: ClassVar[str] = "unreadable"


Missing = Union[Failed, NotFound, NoValue, Unreadable]
Outcome = Union[Value[T], Missing]
"""What was read of an answer, or why there is nothing."""


def why(missing: Missing) -> str:
    """The reason in a word, for clients: `timeout`, `status-503`, `not-found`, `unreadable`."""
    return missing.reason if isinstance(missing, Failed) else missing.kind


def value_or_problem(outcome: Outcome[T]) -> T:
    """The value of a part that the answer cannot do without.

    Raises a `Problem` where it is missing: 404 for `not-found`, the service's status where it
    refused a write as the client made it (409, 412, 422), else 503 with `retry-after`.
    """
    if isinstance(outcome, Value):
        return outcome.value
    return _refuse(outcome)


def _refuse(missing: Any) -> NoReturn:
    if isinstance(missing, NotFound):
        raise Problem(404, "the service has no such thing")
    if missing.reply is not None and missing.reply.status in (409, 412, 422):
        raise Problem(missing.reply.status, f"the service refused this: {why(missing)}")
    raise unavailable(f"no answer of the service: {why(missing)}")


def nothing_arrived(
    not_found: str, missing: Mapping[str, Missing], word: Callable[[Missing], str] = why
) -> Problem:
    """The problem when not one part of an answer arrived.

    404 with `not_found` when a service says that it has no such thing, else 503 with `retry-after`
    and the reason of each part by its name.
    """
    if any(isinstance(part, NotFound) for part in missing.values()):
        return Problem(404, not_found)
    parts = ", ".join(f"{name} ({word(part)})" for name, part in missing.items())
    return unavailable(f"no part is available: {parts}")


def unavailable(detail: str) -> Problem:
    """503 with `retry-after`: what services did not answer now, they may answer soon."""
    return Problem(503, detail, headers={"retry-after": _RETRY_AFTER_S})
