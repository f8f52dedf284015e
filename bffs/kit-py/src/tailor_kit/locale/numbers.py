"""Numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from .host import Locales, Options, Part, Value, Width, ask, digits_of, parts, tags

Style = Literal["decimal", "percent", "currency", "unit"]
CurrencyDisplay = Literal["symbol", "narrow-symbol", "code", "name"]
Notation = Literal["standard", "compact-short", "compact-long"]
Grouping = Literal["auto", "always", "min2", "never"]
SignDisplay = Literal["auto", "always", "never", "except-zero", "negative"]
Rounding = Literal[
    "ceil",
    "floor",
    "expand",
    "trunc",
    "half-ceil",
    "half-floor",
    "half-expand",
    "half-trunc",
    "half-even",
]
DIGITS = (
    "minimum_integer",
    "minimum_fraction",
    "maximum_fraction",
    "minimum_significant",
    "maximum_significant",
    "rounding",
    "strip_if_integer",
)
"""The members that the contract has in a record of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFormat(Options):
    """How a number is written. With a `currency` (`EUR`) it is an amount of it, with a `unit`
    (`kilometer`) a measure, with the style `percent` a share: 0.25 is `25%`.

    Digits that are not set are as usual for the style.
    """

    style: Style | None = None
    currency: str | None = None
    currency_display: CurrencyDisplay | None = None
    accounting: bool = False
    unit: str | None = None
    unit_display: Width | None = None
    notation: Notation = "standard"
    minimum_integer: int | None = None
    minimum_fraction: int | None = None
    maximum_fraction: int | None = None
    minimum_significant: int | None = None
    maximum_significant: int | None = None
    rounding: Rounding | None = None
    strip_if_integer: bool = False
    grouping: Grouping | None = None
    sign: SignDisplay | None = None
    numbering_system: str | None = None

    def format(self, locales: Locales, value: Value) -> str:
        """The text of a number."""
        text: str = ask("format_number", digits_of(value), self._options(locales))
        return text

    def parts(self, locales: Locales, value: Value) -> list[Part]:
        """The same in parts."""
        return parts(ask("number_parts", digits_of(value), self._options(locales)))

    def resolved(self, locales: Locales) -> tuple[str, NumberFormat]:
        """The locale that is taken, and what the host makes of the options."""
        found = ask("resolve_number", self._options(locales))
        (locale,) = found.pop("locales")
        digits = found.pop("digits")
        return locale, NumberFormat(**found, **digits)

    def _options(self, locales: Locales) -> dict[str, Any]:
        options = asdict(self)
        named = "currency" if self.currency else "unit" if self.unit else "decimal"
        options["style"] = self.style or named
        options["digits"] = {name: options.pop(name) for name in DIGITS}
        return {"locales": tags(locales), **options}


USUAL: dict[str, Any] = {name: False if name == "strip_if_integer" else None for name in DIGITS}
"""Digits as usual."""
