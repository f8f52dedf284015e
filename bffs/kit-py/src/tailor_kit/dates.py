"""Dates and durations as ISO 8601 writes them."""

from __future__ import annotations

import datetime
import re

from . import host

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))",
    re.ASCII,
)


def parse_date(text: str) -> datetime.date | None:
    """The day of `YYYY-MM-DD`; nothing for any other text, and for no day of the calendar.

    Years are 0100 to 9999: what is less would be read as of another century elsewhere.
    """
    if _DATE.fullmatch(text) is None or text < "0100":
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def parse_time(text: str) -> datetime.datetime | None:
    """The time of a text as RFC 3339 has it, `2026-01-15T12:00:00Z` or with `+01:00`; nothing for
    any other, such as one without an offset, which would be of an unknown time zone.

    Of a fraction microseconds count. A leap second is the second before it.
    """
    match = _TIME.fullmatch(text)
    day = parse_date(match[1]) if match else None
    if match is None or day is None:
        return None
    hour, minute, second = (int(match[place]) for place in (2, 3, 4))
    offset = datetime.timedelta(hours=int(match[7] or 0), minutes=int(match[8] or 0))
    if minute == 59 and second == 60:
        second = 59
    try:
        if offset.total_seconds() and int(match[8]) > 59:
            return None
        zone = datetime.timezone(-offset if match[6] == "-" else offset)
        part = int((match[5] or "").ljust(6, "0")[:6])
        time = datetime.time(hour, minute, second, part, zone)
    except ValueError:
        return None
    return datetime.datetime.combine(day, time)


def today() -> datetime.date:
    """Today in UTC."""
    return datetime.date(1970, 1, 1) + datetime.timedelta(
        days=host.need("today()").now_ms() // 86_400_000
    )


def duration(minutes: int) -> str:
    """Whole minutes, 0 or more, in hours and minutes: 431 is `PT7H11M`, 0 is `PT0M`."""
    hours, rest = divmod(minutes, 60)
    if hours == 0:
        return f"PT{rest}M"
    return f"PT{hours}H{rest}M" if rest else f"PT{hours}H"
