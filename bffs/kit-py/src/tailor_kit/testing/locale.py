"""Stand-ins for the host's texts: a test has no data of locales. They say what was asked for, and
in which locale: `[de, en: 12.5 EUR]`, as those of the Rust kit do. What has not the form of a
locale, a currency or a number is refused as the host refuses it. Time zones are those of
`zoneinfo`.
"""

from __future__ import annotations

import datetime
import re
import zoneinfo
from typing import Any

from ..locale import LocaleError

_TAG = re.compile(r"(?:[a-z]{2,3}|[a-z]{5,8})(?:-[a-z0-9]{1,8})*", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"-?(?:NaN|Infinity|\d+(?:\.\d*)?(?:e[+-]?\d+)?)", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})", re.ASCII)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_LOCALES = 16
_TEXTS = 1_000
_TEXT = 65_536


def _range_error(what: str, given: str, such_as: str) -> LocaleError:
    return LocaleError("range-error", f"{what} `{given}`: not one; write it such as `{such_as}`")


def _bounded(texts: list[str]) -> None:
    if len(texts) > _TEXTS:
        detail = f"{len(texts)} texts are more than {_TEXTS}; pass fewer at once"
        raise LocaleError("too-large", detail)
    size = sum(len(text.encode("utf-8", "replace")) for text in texts)
    if size > _TEXT:
        detail = f"{size} bytes of text are more than {_TEXT}; pass less at once"
        raise LocaleError("too-large", detail)


def _well_formed(locales: list[str]) -> list[str]:
    if len(locales) > _LOCALES:
        detail = f"{len(locales)} locales are more than {_LOCALES}; name fewer"
        raise LocaleError("too-large", detail)
    for tag in locales:
        if _TAG.fullmatch(tag) is None:
            raise _range_error("locale", tag, "de-AT")
    return locales


def _stand_in(options: dict[str, Any], what: str) -> str:
    return f"[{', '.join(_well_formed(options['locales']))}: {what}]"


def _number(value: str) -> str:
    if _NUMBER.fullmatch(value) is None:
        raise _range_error("number", value, "12.5")
    return value


def _in_parts(text: str) -> list[dict[str, str]]:
    return [{"kind": "literal", "text": text}]


def _zone(name: str) -> datetime.tzinfo:
    found = _OFFSET.fullmatch(name)
    if found is not None:
        minutes = int(found[2]) * 60 + int(found[3])
        return datetime.timezone(datetime.timedelta(minutes=minutes * int(f"{found[1]}1")))
    if name.upper() == "UTC":
        return datetime.timezone.utc
    try:
        return zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        raise _range_error("time zone", name, "Europe/Berlin") from None


def _local(name: str, at_ms: int) -> datetime.datetime:
    try:
        return (_EPOCH + datetime.timedelta(milliseconds=at_ms)).astimezone(_zone(name))
    except OverflowError:
        raise _range_error("time", str(at_ms), "1768478400000") from None


def _ms(day: datetime.date, zone: datetime.tzinfo | None) -> int:
    # Where a clock is set ahead at midnight, `fold=0` is the time before.
    begin = datetime.datetime(day.year, day.month, day.day, tzinfo=zone)
    at = begin.astimezone(datetime.timezone.utc)
    while at.astimezone(zone).date() < day:
        at += datetime.timedelta(minutes=15)
    return (at - _EPOCH) // datetime.timedelta(milliseconds=1)


class Locale:
    """The functions of the contract by their names."""

    def format_date(self, at_ms: int, options: dict[str, Any]) -> str:
        zone = options["time_zone"]
        local = _local(zone, at_ms)
        return _stand_in(options, f"{local:%Y-%m-%d %H:%M} {zone}")

    def date_parts(self, at_ms: int, options: dict[str, Any]) -> list[dict[str, str]]:
        return _in_parts(self.format_date(at_ms, options))

    def resolve_date(self, options: dict[str, Any]) -> dict[str, Any]:
        _zone(options["time_zone"])
        return self._resolved(options)

    def _resolved(self, options: dict[str, Any]) -> dict[str, Any]:
        return {**options, "locales": [*_well_formed(options["locales"]), "en-US"][:1]}

    def zone_at(self, time_zone: str, at_ms: int) -> dict[str, Any]:
        local = _local(time_zone, at_ms)
        today = local.date()
        offset = local.utcoffset() or datetime.timedelta()
        return {
            "name": time_zone,
            "offset_s": offset // datetime.timedelta(seconds=1),
            "today": today.isoformat(),
            "day_begins_ms": _ms(today, local.tzinfo),
            "day_ends_ms": _ms(today + datetime.timedelta(days=1), local.tzinfo),
        }

    def format_number(self, value: str, options: dict[str, Any]) -> str:
        currency = options["currency"]
        if currency is not None and re.fullmatch("[A-Za-z]{3}", currency) is None:
            raise _range_error("currency", currency, "EUR")
        named = currency or options["unit"]
        return _stand_in(options, f"{_number(value)} {named}" if named else _number(value))

    def number_parts(self, value: str, options: dict[str, Any]) -> list[dict[str, str]]:
        return _in_parts(self.format_number(value, options))

    def resolve_number(self, options: dict[str, Any]) -> dict[str, Any]:
        return self._resolved(options)

    def select_plural(self, value: str, options: dict[str, Any]) -> str:
        _well_formed(options["locales"])
        return "one" if _number(value) == "1" else "other"

    def plural_categories(self, options: dict[str, Any]) -> list[str]:
        _well_formed(options["locales"])
        return ["one", "other"]

    def format_relative(self, value: str, unit: str, options: dict[str, Any]) -> str:
        return _stand_in(options, f"{_number(value)} {unit}")

    def relative_parts(
        self, value: str, unit: str, options: dict[str, Any]
    ) -> list[dict[str, str]]:
        return _in_parts(self.format_relative(value, unit, options))

    def format_list(self, items: list[str], options: dict[str, Any]) -> str:
        _bounded(items)
        return _stand_in(options, ", ".join(items))

    def list_parts(self, items: list[str], options: dict[str, Any]) -> list[dict[str, str]]:
        return _in_parts(self.format_list(items, options))

    def compare(self, one: str, other: str, options: dict[str, Any]) -> int:
        _well_formed(options["locales"])
        _bounded([one, other])
        return (one > other) - (one < other)

    def sort(self, items: list[str], options: dict[str, Any]) -> list[int]:
        _well_formed(options["locales"])
        _bounded(items)
        return sorted(range(len(items)), key=lambda place: items[place])

    def display_name(self, code: str, options: dict[str, Any]) -> str:
        return _stand_in(options, code)

    def change_case(self, text: str, to: str, locales: list[str]) -> str:
        _well_formed(locales)
        _bounded([text])
        return text.upper() if to == "uppercase" else text.lower()

    def canonical_locales(self, locales: list[str]) -> list[str]:
        return list(dict.fromkeys(_well_formed(locales)))

    def supported_locales(self, locales: list[str]) -> list[str]:
        return self.canonical_locales(locales)

    def supported_values(self, kind: str) -> list[str]:
        if kind == "time-zone":
            return sorted(zoneinfo.available_timezones())
        detail = f"all values of `{kind}`: a test has no data of locales; use `tailor test`"
        raise LocaleError("unsupported", detail)
