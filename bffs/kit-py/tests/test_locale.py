import datetime
import unittest
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from helpers import answer_of

from tailor_kit import Request, Response, now_ms, respond
from tailor_kit.locale import (
    DateFormat,
    LocaleError,
    NumberFormat,
    Order,
    Part,
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
from tailor_kit.testing.locale import Locale

DE = ["de", "en"]


def told(ask: Callable[[], Any]) -> Any:
    """What `ask` gives in a request."""

    def handle(request: Request, user: str) -> Response:
        return respond(ask())

    return answer_of(handle).json()


class Locales(unittest.TestCase):
    def test_stand_ins_say_what_was_asked_for_as_those_of_rust(self) -> None:
        short = DateFormat(date_style="short", time_zone="+05:30")
        for ask, text in [
            (lambda: short.format(DE, 0), "[de, en: 1970-01-01 05:30 +05:30]"),
            (lambda: DateFormat().format("de", now_ms()), "[de: 2026-01-15 12:00 UTC]"),
            (lambda: NumberFormat(currency="EUR").format(DE, 12.5), "[de, en: 12.5 EUR]"),
            (lambda: NumberFormat(unit="kilometer").format("de", 3), "[de: 3 kilometer]"),
            (lambda: format_relative("de", -3, "day"), "[de: -3 day]"),
            (lambda: format_list("de", ["a", "b"]), "[de: a, b]"),
            (lambda: display_name("de", "JP", "region"), "[de: JP]"),
            (lambda: [select_plural("de", 1), select_plural("de", 2)], ["one", "other"]),
            (lambda: plural_categories("de", ordinal=True), ["one", "other"]),
            (lambda: [compare("de", "a", "b"), compare("de", "b", "a")], [-1, 1]),
            (lambda: change_case("tr", "i", "uppercase"), "I"),
            (lambda: canonical_locales(["de", "de"]), ["de"]),
            (lambda: supported_locales("de"), ["de"]),
            (lambda: "Europe/Berlin" in supported_values("time-zone"), True),
            (lambda: DateFormat(year="numeric").resolved(DE)[0], "de"),
            (lambda: NumberFormat(maximum_fraction=1).resolved([])[0], "en-US"),
            (lambda: NumberFormat(maximum_fraction=1).resolved([])[1].maximum_fraction, 1),
        ]:
            self.assertEqual(told(ask), text)

        def in_parts() -> list[str]:
            found = [*DateFormat().parts("de", 0), *NumberFormat().parts("de", 1)]
            found += [*relative_parts("de", 1, "day"), *list_parts("de", ["a"])]
            self.assertIsInstance(found[0], Part)
            return [part.text for part in found]

        texts = ["[de: 1970-01-01 00:00 UTC]", "[de: 1]", "[de: 1 day]", "[de: a]"]
        self.assertEqual(told(in_parts), texts)

    def test_numbers_keep_their_digits(self) -> None:
        for value, digits in [
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (1e21, "1e+21"),
            (Decimal("12.50"), "12.50"),
            (Decimal("1E+3"), "1e+3"),
            ("12.50", "12.50"),
            (2**64, "18446744073709551616"),
            (float("nan"), "NaN"),
            (Decimal("-Infinity"), "-Infinity"),
        ]:
            self.assertEqual(
                told(lambda value=value: NumberFormat().format("de", value)), f"[de: {digits}]"
            )
        number: Any = True
        with self.assertRaisesRegex(TypeError, "of type bool, not int, float or Decimal"):
            told(lambda: NumberFormat().format("de", number))

    def test_what_the_host_refuses_by_its_form_is_refused(self) -> None:
        for tag in ["", "de_DE", "not a tag", "d", "deut", "de-", "de-überall"]:
            with self.assertRaises(LocaleError, msg=tag) as caught:
                told(lambda tag=tag: DateFormat().format(["de", tag], 0))
            self.assertEqual(caught.exception.kind, "range-error")
        for ask, words in [
            (lambda: NumberFormat(currency="EURO").format("de", 1), "`EURO`: not one"),
            (lambda: NumberFormat().format("de", "one"), "number `one`"),
            (lambda: zone_at("Europe/Nowhere", 0), "time zone `Europe/Nowhere`"),
            (lambda: zone_at("../etc/passwd", 0), "time zone `../etc/passwd`"),
            (lambda: format_list("de", ["x"] * 1001), "1001 texts are more than 1000"),
            (lambda: format_list(["de"] * 17, ["x"]), "17 locales are more than 16"),
            (lambda: change_case("de", "x" * 65_537, "uppercase"), "65537 bytes of text"),
            (lambda: supported_values("currency"), "use `tailor test`"),
        ]:
            with self.assertRaisesRegex(LocaleError, words):
                told(ask)

    def test_a_word_that_is_none_is_refused_where_it_is_written(self) -> None:
        word: Any = "tall"
        for make, words in [
            (lambda: DateFormat(date_style=word), "date_style is `tall`; allowed: `full`, `long`"),
            (lambda: NumberFormat(notation=word), "notation is `tall`; allowed: `standard`"),
            (lambda: Order(sensitivity=word), "sensitivity is `tall`; allowed: `base`"),
            (lambda: format_relative("de", 1, word), "unit is `tall`; allowed: `second`"),
            (lambda: display_name("de", "JP", word), "kind is `tall`"),
            (lambda: DateFormat().format("de", datetime.datetime(2026, 1, 1)), "has no offset"),
        ]:
            with self.assertRaisesRegex(ValueError, words):
                make()

    def test_a_zone_has_its_day_which_may_have_23_hours(self) -> None:
        noon = datetime.datetime(2026, 3, 29, 12, tzinfo=datetime.timezone.utc)
        days: list[Any] = []
        told(lambda: days.append(zone_at("Europe/Berlin", noon)))
        (day,) = days
        self.assertEqual((day.name, day.offset_s, day.today), ("Europe/Berlin", 7200, noon.date()))
        self.assertEqual(day.day_ends_ms - day.day_begins_ms, 23 * 3_600_000)
        # The day begins at one o'clock there.
        cairo = datetime.datetime(2026, 4, 24, 12, tzinfo=datetime.timezone.utc)
        told(lambda: days.append(zone_at("Africa/Cairo", cairo)))
        self.assertEqual(days[1].day_ends_ms - days[1].day_begins_ms, 23 * 3_600_000)

    def test_items_are_sorted_by_a_text_of_each_and_none_is_lost(self) -> None:
        items = [(2, "b"), (1, "a"), (3, "c"), (0, "a")]
        found = told(lambda: sort_by_text("de", items, lambda item: item[1]))
        self.assertEqual(found, [[1, "a"], [0, "a"], [2, "b"], [3, "c"]])

    def test_without_a_host_they_say_so(self) -> None:
        with self.assertRaisesRegex(RuntimeError, r"locale.format_date\(\) needs a host"):
            DateFormat().format("de", 0)

    def test_the_double_has_each_function_of_the_contract(self) -> None:
        names = {name for name in vars(Locale) if not name.startswith("_")}
        self.assertEqual(len(names), 20)


if __name__ == "__main__":
    unittest.main()
