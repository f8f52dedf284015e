"""Reading values of JSON that hold no others: texts, numbers, dates and times."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

from .dates import parse_date, parse_time

Reader = Callable[[Any], Any]
# A decimal number in a text.
_DIGITS = re.compile(r"-?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,99})?", re.ASCII)


class DecodeError(Exception):
    """A value is of another form: `what` is wrong with it, `at` is its JSON pointer."""

    def __init__(self, what: str, at: str = "") -> None:
        super().__init__(f"{at or 'document'}: {what}")
        self.what = what
        self.at = at

    def inside(self, token: object) -> DecodeError:
        """The same fault, seen from the value around it."""
        name = str(token).replace("~", "~0").replace("/", "~1")
        return DecodeError(self.what, f"/{name}{self.at}")


def _found(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "a boolean",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "a number")


def wrong(expected: str, value: Any) -> DecodeError:
    """The fault of a value of another form than `expected`."""
    return DecodeError(f"expected {expected}, found {_found(value)}")


def anything(value: Any) -> Any:
    """Any value."""
    return value


def nothing_at_all(value: Any) -> None:
    """`null`."""
    if value is not None:
        raise wrong("null", value)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise wrong("a string", value)
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise wrong("a boolean", value)
    return value


def _whole(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    raise wrong("a whole number", value)


def _number(value: Any) -> float:
    if type(value) is not float and type(value) is not int:
        raise wrong("a number", value)
    return value


def _date(value: Any) -> datetime.date:
    day = parse_date(_text(value))
    if day is None:
        raise DecodeError("expected a date as `YYYY-MM-DD`")
    return day


def _time(value: Any) -> datetime.datetime:
    time = parse_time(_text(value))
    if time is None:
        raise DecodeError("expected a time as `2026-01-15T12:00:00Z`")
    return time


def is_decimal(of: Any) -> bool:
    """Whether this is `Decimal`. Its module is large, and imported by who names it alone."""
    return isinstance(of, type) and (of.__module__, of.__qualname__) == ("decimal", "Decimal")


def decimal(of: Any) -> Reader:
    """The reader of `Decimal`: of numbers, and of texts with the digits of one."""
    def read_decimal(value: Any) -> Any:
        if type(value) is str:
            if not _DIGITS.fullmatch(value):
                raise DecodeError("expected a decimal number")
            return of(value)
        # The digits that a double is written with, `0.1` and not what it is to its last bit.
        return of(str(_number(value)))

    return read_decimal


PLAIN: dict[Any, Reader] = {
    str: _text,
    bool: _boolean,
    int: _whole,
    float: _number,
    datetime.date: _date,
    datetime.datetime: _time,
    list: lambda value: value if type(value) is list else _raise(wrong("an array", value)),
    dict: lambda value: value if type(value) is dict else _raise(wrong("an object", value)),
}


def _raise(error: Exception) -> Any:
    raise error
