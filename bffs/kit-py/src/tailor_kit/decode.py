"""Reading JSON into the types that a program names: `str`, `int | None`, `list[Day]`, a dataclass.

A reader is made once for each type, when the component is built, and kept.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Any

Reader = Callable[[Any], Any]


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


def read(of: Any, value: Any) -> Any:
    """`value` of JSON as `of`. Raises `DecodeError` where it has another form.

    Members that a dataclass does not name may be there. One that it names must be, unless it has a
    default or may be `None`. An `int` is a number without a fraction; a `float` takes any.
    """
    return reader(of)(value)


def parse(text: str) -> Any:
    """JSON as Python has it. `NaN` and `Infinity` are none."""
    try:
        return json.loads(text, parse_constant=_constant)
    except RecursionError:
        raise DecodeError("more levels of lists and objects than can be read") from None
    except ValueError:
        raise DecodeError("not JSON") from None


def _constant(name: str) -> Any:
    raise ValueError(name)


@cache
def reader(of: Any) -> Reader:
    """The reader of a type. Raises `TypeError` for one that JSON has no values of."""
    if of is Any or of is object:
        return lambda value: value
    if of is None or of is type(None):
        return _nothing
    if of in _PLAIN:
        return _PLAIN[of]
    if dataclasses.is_dataclass(of) and isinstance(of, type):
        return _object(of)
    origin, arguments = typing.get_origin(of), typing.get_args(of)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin is list:
        return _list(reader(arguments[0]))
    if origin is dict and arguments[0] is str:
        return _dict(reader(arguments[1]))
    if origin is tuple:
        return _tuple([reader(each) for each in arguments])
    if origin is typing.Literal:
        return _literal(arguments)
    raise TypeError(f"{of!r} cannot be read from JSON: take str, int, list[..], a dataclass")


def may_be_none(of: Any) -> bool:
    """Whether a type takes `None`."""
    if of is Any or of is object or of is None:
        return True
    return type(None) in typing.get_args(of)


def _found(value: Any) -> str:
    names = {
        type(None): "null",
        bool: "a boolean",
        str: "a string",
        list: "an array",
        dict: "an object",
    }
    return names.get(type(value), "a number")


def _wrong(expected: str, value: Any) -> DecodeError:
    return DecodeError(f"expected {expected}, found {_found(value)}")


def _nothing(value: Any) -> None:
    if value is not None:
        raise _wrong("null", value)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _wrong("a string", value)
    return value


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise _wrong("a boolean", value)
    return value


def _whole(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    raise _wrong("a whole number", value)


def _number(value: Any) -> float:
    if type(value) is not float and type(value) is not int:
        raise _wrong("a number", value)
    return value


def _date(value: Any) -> datetime.date:
    try:
        return datetime.date.fromisoformat(_text(value))
    except ValueError:
        raise DecodeError("expected a date as `YYYY-MM-DD`") from None


_PLAIN: dict[Any, Reader] = {
    str: _text,
    bool: _boolean,
    int: _whole,
    float: _number,
    datetime.date: _date,
    list: lambda value: value if type(value) is list else _raise(_wrong("an array", value)),
    dict: lambda value: value if type(value) is dict else _raise(_wrong("an object", value)),
}


def _raise(error: Exception) -> Any:
    raise error


def _list(item: Reader) -> Reader:
    def read_list(value: Any) -> list[Any]:
        if type(value) is not list:
            raise _wrong("an array", value)
        place = 0
        made = []
        try:
            for place, each in enumerate(value):
                made.append(item(each))
        except DecodeError as fault:
            raise fault.inside(place) from None
        return made

    return read_list


def _dict(item: Reader) -> Reader:
    def read_dict(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise _wrong("an object", value)
        name = ""
        made = {}
        try:
            for name, each in value.items():
                made[name] = item(each)
        except DecodeError as fault:
            raise fault.inside(name) from None
        return made

    return read_dict


def _tuple(items: list[Reader]) -> Reader:
    def read_tuple(value: Any) -> tuple[Any, ...]:
        if type(value) is not list or len(value) != len(items):
            raise _wrong(f"an array of {len(items)}", value)
        place = 0
        made = []
        try:
            for place, each in enumerate(items):
                made.append(each(value[place]))
        except DecodeError as fault:
            raise fault.inside(place) from None
        return tuple(made)

    return read_tuple


def _literal(words: tuple[Any, ...]) -> Reader:
    def read_literal(value: Any) -> Any:
        if not any(value == word and type(value) is type(word) for word in words):
            raise DecodeError("expected one of " + ", ".join(map(repr, words)))
        return value

    return read_literal


def _union(members: tuple[Any, ...]) -> Reader:
    readers = [reader(each) for each in members if each is not type(None)]
    nullable = type(None) in members

    def read_union(value: Any) -> Any:
        if nullable and value is None:
            return None
        fault: DecodeError | None = None
        for each in readers:
            try:
                return each(value)
            except DecodeError as error:
                # The first form is the one that is meant.
                fault = fault or error
        raise fault or _wrong("null", value)

    return read_union


def _object(of: Any) -> Reader:
    hints = typing.get_type_hints(of)
    plain = dataclasses.MISSING
    members = [
        (
            field.name,
            reader(hints[field.name]),
            may_be_none(hints[field.name]),
            field.default is not plain or field.default_factory is not plain,
        )
        for field in dataclasses.fields(of)
    ]

    def read_object(value: Any) -> Any:
        if type(value) is not dict:
            raise _wrong("an object", value)
        made = {}
        name = ""
        try:
            for name, member, nullable, has_default in members:
                if name in value:
                    made[name] = member(value[name])
                elif nullable and not has_default:
                    made[name] = None
                elif not has_default:
                    raise DecodeError("is missing")
        except DecodeError as fault:
            raise fault.inside(name) from None
        return of(**made)

    return read_object
