"""Relative times, lists, plurals, the order of texts, names and letters."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

from .host import Locales, Options, Part, Value, Width, ask, digits_of, parts, tags, word
from .numbers import USUAL

T = TypeVar("T")

Unit = Literal["second", "minute", "hour", "day", "week", "month", "quarter", "year"]
PluralCategory = Literal["zero", "one", "two", "few", "many", "other"]
ListKind = Literal["conjunction", "disjunction", "unit"]
NameKind = Literal["language", "region", "script", "currency"]
LetterCase = Literal["uppercase", "lowercase"]
ValueKind = Literal["currency", "numbering-system", "time-zone", "unit"]


def format_relative(
    locales: Locales,
    value: Value,
    unit: Unit,
    *,
    words: bool = False,
    width: Width = "long",
    numbering_system: str | None = None,
) -> str:
    """`in 3 days`, `2 hours ago`: negative numbers are in the past. With `words`, what is near has
    words of its own: `yesterday`.
    """
    options = _relative(locales, unit, words, width, numbering_system)
    text: str = ask("format_relative", digits_of(value), unit, options)
    return text


def relative_parts(
    locales: Locales,
    value: Value,
    unit: Unit,
    *,
    words: bool = False,
    width: Width = "long",
    numbering_system: str | None = None,
) -> list[Part]:
    """The same in parts."""
    options = _relative(locales, unit, words, width, numbering_system)
    return parts(ask("relative_parts", digits_of(value), unit, options))


def _relative(
    locales: Locales, unit: Unit, words: bool, width: Width, numbering_system: str | None
) -> dict[str, Any]:
    word("unit", unit, typing.get_args(Unit))
    word("width", width, typing.get_args(Width))
    return {
        "locales": tags(locales),
        "width": width,
        "words": words,
        "numbering_system": numbering_system,
    }


def format_list(
    locales: Locales,
    items: Iterable[str],
    *,
    kind: ListKind = "conjunction",
    width: Width = "long",
) -> str:
    """`one, two, and three`."""
    text: str = ask("format_list", list(items), _list(locales, kind, width))
    return text


def list_parts(
    locales: Locales,
    items: Iterable[str],
    *,
    kind: ListKind = "conjunction",
    width: Width = "long",
) -> list[Part]:
    """The same in parts: `element` and `literal`."""
    return parts(ask("list_parts", list(items), _list(locales, kind, width)))


def _list(locales: Locales, kind: ListKind, width: Width) -> dict[str, Any]:
    word("kind", kind, typing.get_args(ListKind))
    word("width", width, typing.get_args(Width))
    return {"locales": tags(locales), "kind": kind, "width": width}


def select_plural(locales: Locales, value: Value, *, ordinal: bool = False) -> PluralCategory:
    """The form of a noun that goes with a number; with `ordinal` that of `1st`, `2nd`, `3rd`."""
    category: PluralCategory = ask("select_plural", digits_of(value), _plural(locales, ordinal))
    return category


def plural_categories(locales: Locales, *, ordinal: bool = False) -> list[PluralCategory]:
    """All forms that there are."""
    categories: list[PluralCategory] = ask("plural_categories", _plural(locales, ordinal))
    return categories


def _plural(locales: Locales, ordinal: bool) -> dict[str, Any]:
    return {"locales": tags(locales), "ordinal": ordinal, "digits": USUAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Options):
    """The order of texts: which differences count, and whether `2` is before `10`. What is `None`
    is as usual in the language.
    """

    sensitivity: Literal["base", "accent", "case", "variant"] = "variant"
    numeric: bool | None = None
    case_first: Literal["upper-first", "lower-first"] | None = None
    ignore_punctuation: bool | None = None

    def options(self, locales: Locales) -> dict[str, Any]:
        """As the contract has them."""
        return {"locales": tags(locales), **asdict(self)}


_USUAL = Order()


def compare(locales: Locales, one: str, other: str, order: Order = _USUAL) -> int:
    """-1 where `one` comes first, 1 where `other` does, 0 where they count as equal."""
    found: int = ask("compare", one, other, order.options(locales))
    return found


def sort_by_text(
    locales: Locales,
    items: Sequence[T],
    key: Callable[[T], str] = str,
    order: Order = _USUAL,
) -> list[T]:
    """The items in the order of a text of each, in one call of the host. Equal ones stay as they
    are.
    """
    places = ask("sort", [key(each) for each in items], order.options(locales))
    return [items[place] for place in places]


def display_name(
    locales: Locales, code: str, kind: NameKind, *, width: Width = "long", dialect: bool = True
) -> str | None:
    """The name of a language (`de-AT`), region (`JP`), script (`Latn`) or currency (`EUR`); `None`
    where it has none.
    """
    word("kind", kind, typing.get_args(NameKind))
    word("width", width, typing.get_args(Width))
    options = {"locales": tags(locales), "kind": kind, "width": width, "dialect": dialect}
    name: str | None = ask("display_name", code, options)
    return name


def change_case(locales: Locales, text: str, to: LetterCase) -> str:
    """A text in upper or lower case in the manner of a language."""
    word("to", to, typing.get_args(LetterCase))
    changed: str = ask("change_case", text, to, tags(locales))
    return changed


def canonical_locales(locales: Locales) -> list[str]:
    """Locales as they are written: `de-at` is `de-AT`. Each once."""
    found: list[str] = ask("canonical_locales", tags(locales))
    return found


def supported_locales(locales: Locales) -> list[str]:
    """Those of these whose language the host knows."""
    found: list[str] = ask("supported_locales", tags(locales))
    return found


def supported_values(kind: ValueKind) -> list[str]:
    """All currencies, numbering systems, time zones or units that the host knows."""
    word("kind", kind, typing.get_args(ValueKind))
    found: list[str] = ask("supported_values", kind)
    return found
