"""Dates and times."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass
from typing import Literal

from .host import Locales, Options, Part, Width, ask, parts, tags

Style = Literal["full", "long", "medium", "short"]
DigitWidth = Literal["numeric", "two-digit"]
MonthFormat = Literal["numeric", "two-digit", "long", "short", "narrow"]
ZoneName = Literal["short", "long", "short-offset", "long-offset", "short-generic", "long-generic"]
HourCycle = Literal["h11", "h12", "h23", "h24"]
At = int | datetime.datetime
"""A time: milliseconds since 1970-01-01T00:00:00Z as `now_ms` has them, or a `datetime` that knows
its offset.
"""

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFormat(Options):
    """How a date or a time is written: either styles or single fields. With neither it is year,
    month and day in numbers.

    `time_zone` is a name of IANA (`Europe/Berlin`), or an offset (`+01:00`). `hour12` goes before
    `hour_cycle`.
    """

    time_zone: str = "UTC"
    date_style: Style | None = None
    time_style: Style | None = None
    weekday: Width | None = None
    era: Width | None = None
    year: DigitWidth | None = None
    month: MonthFormat | None = None
    day: DigitWidth | None = None
    day_period: Width | None = None
    hour: DigitWidth | None = None
    minute: DigitWidth | None = None
    second: DigitWidth | None = None
    fractional_second_digits: int | None = None
    time_zone_name: ZoneName | None = None
    hour12: bool | None = None
    hour_cycle: HourCycle | None = None
    numbering_system: str | None = None

    def format(self, locales: Locales, at: At) -> str:
        """The text of a time."""
        text: str = ask("format_date", _ms(at), self._options(locales))
        return text

    def parts(self, locales: Locales, at: At) -> list[Part]:
        """The same in parts."""
        return parts(ask("date_parts", _ms(at), self._options(locales)))

    def resolved(self, locales: Locales) -> tuple[str, DateFormat]:
        """The locale that is taken, and what the host makes of the options."""
        found = ask("resolve_date", self._options(locales))
        (locale,) = found.pop("locales")
        return locale, DateFormat(**found)

    def _options(self, locales: Locales) -> dict[str, object]:
        return {"locales": tags(locales), **asdict(self)}


def _ms(at: At) -> int:
    if not isinstance(at, datetime.datetime):
        return at
    if at.tzinfo is None:
        raise ValueError(f"{at} has no offset: make it with `tz=datetime.timezone.utc`")
    return (at - _EPOCH) // datetime.timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone at one time."""

    name: str
    """As IANA has it."""
    offset_s: int
    """What local time is ahead of UTC, seconds."""
    today: datetime.date
    """The local date."""
    day_begins_ms: int
    """When that date begins there, milliseconds since 1970-01-01T00:00:00Z."""
    day_ends_ms: int
    """When it ends. A day may have 23 or 25 hours."""


def zone_at(time_zone: str, at: At) -> Zone:
    """The offset of a time zone (`Europe/Berlin`), and which day it is there."""
    found = ask("zone_at", time_zone, _ms(at))
    return Zone(**{**found, "today": datetime.date.fromisoformat(found["today"])})
