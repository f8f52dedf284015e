"""Each function of `tailor_kit.locale` once, with the host behind it."""

from collections.abc import Callable

from tailor_kit import Bff, Request, Response, now_ms, respond
from tailor_kit.locale import (
    DateFormat,
    LocaleError,
    NumberFormat,
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
    zone_at,
)

handler = Bff()

WHEN = DateFormat(date_style="long", time_style="short", time_zone="europe/vienna")
NOON = 1_768_478_400_000


@handler.get("/texts")
def texts(request: Request) -> Response:
    assert now_ms() > 0
    locale, resolved = DateFormat(year="numeric", time_zone="europe/vienna").resolved("de-at")
    vienna = zone_at("europe/vienna", NOON)
    digits, number = NumberFormat(maximum_fraction=2).resolved("de")
    first = WHEN.parts("de-AT", NOON)[0]
    price = NumberFormat(currency="EUR")
    assert "".join(part.text for part in price.parts("de", 12.5)) == price.format("de", 12.5)
    assert relative_parts("de", -3, "day")[0].text == "vor "
    return respond(
        [
            WHEN.format("de-AT", NOON),
            [first.text, WHEN.parts("de-AT", NOON)[1].kind],
            [locale, resolved.year, resolved.time_zone],
            [
                vienna.name,
                vienna.offset_s,
                vienna.today,
                (vienna.day_ends_ms - vienna.day_begins_ms) // 3_600_000,
            ],
            price.format("de", 12.5),
            NumberFormat().format("de", "12345678901234567890.5"),
            [digits, number.maximum_fraction, number.rounding],
            [format_relative("de", -1, "day", words=True), format_relative("de", -3, "day")],
            format_list("de", ["a", "b", "c"], kind="disjunction"),
            [part.kind for part in list_parts("de", ["a", "b"])][:2],
            [select_plural("pl", number) for number in (1, 2, 5)],
            plural_categories("en", ordinal=True),
            [compare("de", "ä", "b"), compare("de", "a", "ä", Order(sensitivity="base"))],
            sort_by_text("de", ["Zimt", "Birnen", "Äpfel"]),
            [display_name("de", "JP", "region"), display_name("de", "XQ", "region")],
            change_case("tr", "i", "uppercase"),
            canonical_locales(["de-at", "iw", "de-AT"]),
            supported_locales(["de", "tlh"]),
            "EUR" in supported_values("currency"),
        ]
    )


def kind_of(use: Callable[[], object]) -> str:
    try:
        use()
    except LocaleError as error:
        return error.kind
    return "none"


@handler.get("/refused")
def refused(request: Request) -> Response:
    calendar = DateFormat(date_style="short")
    return respond(
        [
            kind_of(lambda: NumberFormat(currency="EURO").format("de", 1)),
            kind_of(lambda: zone_at("Europe/Nowhere", 0)),
            kind_of(lambda: calendar.format("th-u-ca-buddhist", 0)),
            kind_of(lambda: NumberFormat().format("de", "one")),
        ]
    )
