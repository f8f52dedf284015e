import datetime
import unittest
from dataclasses import dataclass, field
from typing import Any, Literal

from tailor_kit import DecodeError, read
from tailor_kit.decode import parse


@dataclass
class Day:
    date: datetime.date
    steps: int | None
    kind: Literal["run", "walk"] = "walk"
    tags: list[str] = field(default_factory=list)


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
