import datetime
import enum
import unittest
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from tailor_kit import DecodeError, read, respond
from tailor_kit.decode import parse


@dataclass
class Day:
    date: datetime.date
    steps: int | None
    kind: Literal["run", "walk"] = "walk"
    tags: list[str] = field(default_factory=list)


class Unit(enum.Enum):
    KILOMETRE = "km"
    MILE = "mi"


class Decode(unittest.TestCase):
    def test_a_dataclass_is_read_of_an_object(self) -> None:
        day = read(Day, {"date": "2026-01-15", "steps": 8423, "more": 1})
        self.assertEqual(day, Day(datetime.date(2026, 1, 15), 8423))
        self.assertIsNone(read(Day, {"date": "2026-01-15"}).steps)

    def test_what_is_wrong_is_told_by_its_place(self) -> None:
        for of, value, at, what in [
            (list[Day], [{"date": "2026-02-30"}], "/0/date", "expected a date as `YYYY-MM-DD`"),
            (Day, {}, "/date", "is missing"),
            (
                Day,
                {"date": "2026-01-15", "steps": 1.5},
                "/steps",
                "expected a whole number, found a number",
            ),
            (
                Day,
                {"date": "2026-01-15", "tags": ["a", None]},
                "/tags/1",
                "expected a string, found null",
            ),
            (Day, {"date": "2026-01-15", "kind": "swim"}, "/kind", "expected one of 'run', 'walk'"),
            (dict[str, float], {"a/b": True}, "/a~1b", "expected a number, found a boolean"),
            (tuple[int, str], [1], "", "expected an array of 2, found an array"),
            (int, True, "", "expected a whole number, found a boolean"),
            (None, 0, "", "expected null, found a number"),
        ]:
            with self.assertRaises(DecodeError, msg=str(of)) as caught:
                read(of, value)
            self.assertEqual((caught.exception.at, caught.exception.what), (at, what))

    def test_types_that_take_more_than_one_form(self) -> None:
        self.assertEqual(read(int | str, "a"), "a")
        self.assertEqual(read(float, 3), 3)
        self.assertEqual(read(int, 3.0), 3)
        self.assertEqual(read(Any, [None]), [None])

    def test_times_are_those_of_rfc_3339(self) -> None:
        utc = datetime.timezone.utc
        for text, time in [
            ("2026-01-15T12:00:00Z", datetime.datetime(2026, 1, 15, 12, tzinfo=utc)),
            ("2026-01-15t12:00:00.5z", datetime.datetime(2026, 1, 15, 12, 0, 0, 500_000, utc)),
            ("2026-12-31T23:59:60Z", datetime.datetime(2026, 12, 31, 23, 59, 59, tzinfo=utc)),
        ]:
            self.assertEqual(read(datetime.datetime, text), time)
        other = read(datetime.datetime, "2026-01-15T12:00:00.1234567-01:30")
        self.assertEqual(other.isoformat(), "2026-01-15T12:00:00.123456-01:30")
        self.assertEqual(respond({"at": other}).body, f'{{"at":"{other.isoformat()}"}}')
        for wrong in [
            "2026-01-15T12:00:00",
            "2026-01-15 12:00:00Z",
            "2026-01-15",
            "20260115T120000Z",
            "2026-02-30T12:00:00Z",
            "2026-01-15T24:00:00Z",
            "2026-01-15T12:00:60Z",
            "2026-01-15T12:00:00+01:75",
            "2026-01-15T12:00:00+24:00",
            "2026-01-15T12:00:00.Z",
            "2026-01-15T12:00:00Z\n",
            "٢٠٢٦-01-15T12:00:00Z",
        ]:
            with self.assertRaisesRegex(DecodeError, "expected a time as", msg=wrong):
                read(datetime.datetime, wrong)
        with self.assertRaisesRegex(DecodeError, "expected a string, found a number"):
            read(datetime.datetime, 1768478400)

    def test_a_decimal_has_the_digits_that_were_written(self) -> None:
        for value, digits in [("12.30", "12.30"), (0.1, "0.1"), (3, "3"), ("-0.05", "-0.05")]:
            found = read(list[Decimal], [value])
            self.assertEqual(str(found[0]), digits)
        self.assertEqual(respond([Decimal("12.30"), Decimal("1E+3")]).body, '["12.30","1000"]')
        for wrong in ["", "1e5", "NaN", "Infinity", "1_0", " 1", "01", "+1", "1.", "٣", True, None]:
            with self.assertRaisesRegex(DecodeError, "expected a"):
                read(Decimal, wrong)
        with self.assertRaisesRegex(TypeError, "Decimal has no form in JSON"):
            respond(Decimal("NaN"))

    def test_members_of_an_enum_are_written_as_they_are_read(self) -> None:
        self.assertEqual(respond({"unit": Unit.MILE}).body, '{"unit":"mi"}')

    def test_a_type_that_json_lacks_is_a_fault_of_the_code(self) -> None:
        with self.assertRaisesRegex(TypeError, "cannot be read from JSON"):
            read(bytes, "")

    def test_what_python_takes_besides_json_is_refused(self) -> None:
        for text in ["NaN", "[Infinity]", "{", "'a'"]:
            with self.assertRaisesRegex(DecodeError, "not JSON"):
                parse(text)
        with self.assertRaisesRegex(DecodeError, "more than 1000 levels"):
            parse("[" * 200_000)


if __name__ == "__main__":
    unittest.main()
