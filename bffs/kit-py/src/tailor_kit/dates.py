"""Dates and durations as ISO 8601 writes them."""

from __future__ import annotations

import datetime
import re

from . import host

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


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
