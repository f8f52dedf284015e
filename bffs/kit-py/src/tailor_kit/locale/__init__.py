"""Dates, numbers and texts in the manner of people's languages, by the host.

    locales = ["de-AT", "en"]
    when = DateFormat(date_style="long", time_style="short", time_zone="Europe/Vienna")
    when.format(locales, now_ms())
    NumberFormat(currency="EUR").format(locales, 12.5)
    format_relative(locales, -3, "day")

Locales are one tag of BCP 47 or several in the order of preference; the first that the host knows
is taken. The texts are those that `Intl` has in a BFF in TypeScript. What is no locale, zone or
number is a `LocaleError`. A test has no host: its texts are stand-ins that say what was asked for
(`[de-AT, en: 12.5 EUR]`). Real ones are those of fixtures, with `tailor test`.
"""

from .dates import DateFormat, Zone, zone_at
from .host import LocaleError, Part
from .numbers import NumberFormat
from .texts import (
    Order,
    canonical_locales,
    change_case,
    compare,
    display_name,
    format_list,
    format_relative,
    list_parts,
    plural_categories,
    relative_parts,
    select_plural,
    sort_by_text,
    supported_locales,
    supported_values,
)

__all__ = [
    "DateFormat",
    "LocaleError",
    "NumberFormat",
    "Order",
    "Part",
    "Zone",
    "canonical_locales",
    "change_case",
    "compare",
    "display_name",
    "format_list",
    "format_relative",
    "list_parts",
    "plural_categories",
    "relative_parts",
    "select_plural",
    "sort_by_text",
    "supported_locales",
    "supported_values",
    "zone_at",
]
