"""What goes to the host and comes back: plain values, with the words of the contract."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from .. import host

Locales = str | Sequence[str]
Value = int | float | Decimal | str
"""A number. A text is one, too: `"12.50"` keeps its digits."""

Width = Literal["long", "short", "narrow"]


class LocaleError(ValueError):
    """There is no text. `kind` says why: `range-error` for what is no locale, zone, currency, unit
    or number, `unsupported` for what the host cannot do, `too-large` for more than one call may
    have.
    """

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a text. All parts in their order are the text."""

    kind: str
    """A word of ECMA-402 in lower case: `literal`, `year`, `minus-sign`, `element`, ..."""
    text: str


def ask(function: str, *given: Any) -> Any:
    """The answer of a function of the contract."""
    return host.need(f"locale.{function}()").locale(function, *given)


def parts(found: list[dict[str, str]]) -> list[Part]:
    """Parts as the host gives them."""
    return [Part(**each) for each in found]


def tags(locales: Locales) -> list[str]:
    """The locales of a call."""
    return [locales] if isinstance(locales, str) else list(locales)


def digits_of(value: Value) -> str:
    """A number as the host takes it: its digits, none of which is lost."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError(f"a number is of type {type(value).__name__}, not int, float or Decimal")
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return str(value).lower()


def word(what: str, given: object, allowed: tuple[Any, ...]) -> Any:
    """A word of a few."""
    if given not in allowed:
        words = ", ".join(f"`{each}`" for each in allowed if each is not None)
        raise ValueError(f"{what} is `{given}`; allowed: {words}")
    return given


@cache
def _words(of: Any) -> list[tuple[str, tuple[Any, ...]]]:
    """The members of a dataclass that take a few words alone."""
    found = []
    hints = typing.get_type_hints(of)
    for field in dataclasses.fields(of):
        members = typing.get_args(hints[field.name])
        literals = [each for each in members if typing.get_origin(each) is Literal]
        if literals:
            found.append((field.name, (*typing.get_args(literals[0]), None)))
        elif typing.get_origin(hints[field.name]) is Literal:
            found.append((field.name, members))
    return found


class Options:
    """The base of options: what is no word of the contract raises where it is written."""

    __slots__ = ()

    def __post_init__(self) -> None:
        of: Any = type(self)
        for name, allowed in _words(of):
            word(name, getattr(self, name), allowed)
