"""Strict reading of query parameters.

An unknown name, a name given twice, a missing one and a bad value are each answered 400, naming the
parameter, what was given and what is allowed. A client that misspells `limit` must not get the
default.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from .dates import parse_date
from .messages import Request
from .problem import Problem, cut

T = TypeVar("T")
D = TypeVar("D")
Q = TypeVar("Q")
_REQUIRED: Any = object()
_WHOLE = re.compile(r"0|[1-9][0-9]{0,14}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """How a value is read, and how its range reads in a sentence."""

    allowed: str
    parse: Callable[[str], T | None]
    otherwise: Any = _REQUIRED

    # What was read lies in the object itself. These tell checkers of types what that is.
    @overload
    def __get__(self, read: None, of: type) -> Parameter[T]: ...
    @overload
    def __get__(self, read: object, of: type) -> T: ...
    def __get__(self, read: object, of: type) -> Any:
        return self


date: Parameter[datetime.date] = Parameter("a date as `YYYY-MM-DD`", parse_date)
"""A day."""


def integer(least: int, most: int) -> Parameter[int]:
    """A whole number without sign or leading zeros."""

    def parse(given: str) -> int | None:
        value = int(given) if _WHOLE.fullmatch(given) else None
        return value if value is not None and least <= value <= most else None

    return Parameter(f"a whole number from {least} to {most}", parse)


def text(most: int) -> Parameter[str]:
    """Any text of 1 to `most` characters."""
    return Parameter(
        f"1 to {most} characters", lambda given: given if 1 <= len(given) <= most else None
    )


def one_of(*words: str) -> Parameter[str]:
    """One of a few words."""
    return Parameter(_quoted(words), lambda given: given if given in words else None)


def required(kind: Parameter[T]) -> Parameter[T]:
    """A parameter that must be given."""
    return Parameter(kind.allowed, kind.parse)


@overload
def optional(kind: Parameter[T]) -> Parameter[T | None]: ...
@overload
def optional(kind: Parameter[T], value: D) -> Parameter[T | D]: ...
def optional(kind: Parameter[Any], value: Any = None) -> Parameter[Any]:
    """A parameter that is `value` unless given."""
    return Parameter(kind.allowed, kind.parse, value)


@overload
def read_query(request: Request) -> object: ...
@overload
def read_query(request: Request, of: type[Q]) -> Q: ...
def read_query(request: Request, of: Any = object) -> Any:
    """All parameters, as an object of a class that names them: of `class Page` with `day =
    optional(date)`, `read_query(request, Page).day` is a date or `None`.

    Raises a `Problem` (400) at the first fault. In a name, `_` stands for `-`, too, and one at its
    end is none of the parameter's: `from_` reads `from`. Without a class none is allowed.
    """
    parameters = _parameters(of)
    given: dict[str, tuple[str, str]] = {}
    for name, value in request.query:
        known = name.replace("-", "_")
        if known not in parameters:
            allowed = (
                f"only the parameters {_quoted(list(parameters))}"
                if parameters
                else "no parameters"
            )
            raise bad_parameter(name, value, allowed)
        if known in given:
            raise bad_parameter(name, value, "one value only")
        given[known] = (name, value)
    made = object.__new__(of)
    for known, (attribute, kind) in parameters.items():
        object.__setattr__(made, attribute, _read(known, kind, given.get(known)))
    return made


def _parameters(of: Any) -> dict[str, tuple[str, Parameter[Any]]]:
    """The parameters of a class by their names, with those of its attributes."""
    members = {name: value for each in reversed(of.__mro__) for name, value in vars(each).items()}
    found = {
        name.removesuffix("_"): (name, value)
        for name, value in members.items()
        if isinstance(value, Parameter)
    }
    if not found and of is not object:
        raise TypeError(f"{of.__name__} has no parameter, such as `day = optional(date)`")
    return found


def _read(name: str, parameter: Parameter[Any], given: tuple[str, str] | None) -> Any:
    if given is not None:
        value = parameter.parse(given[1])
        if value is None:
            raise bad_parameter(*given, parameter.allowed)
        return value
    if parameter.otherwise is not _REQUIRED:
        return parameter.otherwise
    detail = f"query parameter `{name}` is missing; allowed: {parameter.allowed}"
    raise Problem(400, detail, members={"parameter": name, "allowed": parameter.allowed})


def bad_parameter(name: str, given: object, allowed: str) -> Problem:
    """The 400 of a parameter that was given, also for rules that `read_query` cannot know."""
    parameter, value = cut(name), cut(str(given))
    detail = f"query parameter `{parameter}` is `{value}`; allowed: {allowed}"
    return Problem(
        400, detail, members={"parameter": parameter, "value": value, "allowed": allowed}
    )


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
