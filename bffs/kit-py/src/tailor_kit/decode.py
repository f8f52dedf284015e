"""Reading JSON into the types that a program names: `str`, `int | None`, `list[Day]`, a dataclass.

A reader is made once for each type and kept: that of `columns` when the component is built, those
of calls and bodies in each request that has them.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import re
import types
import typing
from itertools import accumulate
from typing import Any, TypeVar, cast, overload

from .plain import PLAIN, DecodeError, Reader, anything, decimal, is_decimal, nothing_at_all, wrong

# Levels that a document may have. The interpreter's stack ends at some 5,000, and with it the
# instance, without an exception.
MOST_LEVELS = 1000
_STEPS = {"[": 1, "{": 1, "]": -1, "}": -1}
_BRACKET = re.compile(r"[\[\]{}]")
# A number that no double may hold.
_HUGE = re.compile(r"[eE]\+?0*[0-9]{3}|[0-9]{300}")

T = TypeVar("T")


@overload
def read(of: type[T], value: object) -> T: ...
@overload
def read(of: Any, value: object) -> Any: ...
def read(of: Any, value: object) -> Any:
    """`value` of JSON as `of`. Raises `DecodeError` where it has another form.

    Members that a dataclass does not name may be there. One that it names must be, unless it has a
    default or may be `None`. An `int` is a number without a fraction; a `float` takes any.
    """
    return reader(of)(value)


def parse(text: str) -> Any:
    """JSON as Python has it. `NaN` and `Infinity` are none, nor are numbers as large."""
    too_deep = DecodeError(f"more than {MOST_LEVELS} levels of lists and objects")
    if is_too_deep(text):
        raise too_deep
    try:
        if _HUGE.search(text):
            return json.loads(text, parse_constant=_constant, parse_float=_finite)
        return json.loads(text, parse_constant=_constant)
    except RecursionError:
        # Some versions of Python take fewer.
        raise too_deep from None
    except ValueError:
        raise DecodeError("not JSON") from None


def is_too_deep(text: str) -> bool:
    """Whether a text has more levels than that, as far as it is JSON."""
    if text.count("[") + text.count("{") <= MOST_LEVELS:
        return False
    # Outside of texts are the parts before their first quote and behind their second.
    plain = text.replace("\\\\", "").replace('\\"', "").split('"')[::2]
    steps = (_STEPS[mark] for part in plain for mark in _BRACKET.findall(part))
    return max(accumulate(steps), default=0) > MOST_LEVELS


def _constant(name: str) -> Any:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(digits)
    return number


_readers: dict[tuple[Any, str], Reader] = {}


def reader(of: Any) -> Reader:
    """The reader of a type. Raises `TypeError` for one that JSON has no values of."""
    # `A | B` equals `B | A`, and is written in another order.
    key = (of, repr(of))
    if key not in _readers:
        made: list[Reader] = []
        # A dataclass may have members of its own type.
        _readers[key] = lambda value: made[0](value)
        try:
            made.append(_made(of))
        except BaseException:
            del _readers[key]
            raise
        _readers[key] = made[0]
    return _readers[key]


class _Unread:
    """The type of `nothing`."""


nothing = cast("type[None]", _Unread)
"""In the place of a type: an answer that need not be read, whatever it is. Its value is `None`."""


def _ignored(value: Any) -> Any:
    return None


def _made(of: Any) -> Reader:
    if of is nothing:
        return _ignored
    if isinstance(of, typing.NewType):
        made: Reader = reader(of.__supertype__)
        return made
    if of is Any or of is object:
        return anything
    if of is None or of is type(None):
        return nothing_at_all
    if of in PLAIN:
        return PLAIN[of]
    if is_decimal(of):
        return decimal(of)
    if dataclasses.is_dataclass(of) and isinstance(of, type):
        return _object(of)
    if isinstance(of, type) and issubclass(of, enum.Enum):
        return _enum(of)
    if typing.is_typeddict(of):
        return _typed_dict(of)
    origin, arguments = typing.get_origin(of), typing.get_args(of)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if origin is typing.Annotated:
        return reader(arguments[0])
    if origin is list:
        return _list(reader(arguments[0]))
    if origin is dict and arguments[0] is str:
        return _dict(reader(arguments[1]))
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        items = _list(reader(arguments[0]))
        return lambda value: tuple(items(value))
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


def _list(item: Reader) -> Reader:
    def read_list(value: Any) -> list[Any]:
        if type(value) is not list:
            raise wrong("an array", value)
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
            raise wrong("an object", value)
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
            raise wrong(f"an array of {len(items)}", value)
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


def _enum(of: type[enum.Enum]) -> Reader:
    values = [member.value for member in of]
    literal = _literal(tuple(values))
    return lambda value: of(literal(value))


def _typed_dict(of: Any) -> Reader:
    hints = typing.get_type_hints(of)
    members = [(name, reader(hint), name in of.__required_keys__) for name, hint in hints.items()]

    def read_typed_dict(value: Any) -> Any:
        if type(value) is not dict:
            raise wrong("an object", value)
        made = {}
        name = ""
        try:
            for name, member, is_required in members:
                if name in value:
                    made[name] = member(value[name])
                elif is_required:
                    raise DecodeError("is missing")
        except DecodeError as fault:
            raise fault.inside(name) from None
        return made

    return read_typed_dict


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
        raise fault or wrong("null", value)

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
        if field.init
    ]

    def read_object(value: Any) -> Any:
        if type(value) is not dict:
            raise wrong("an object", value)
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
        try:
            return of(**made)
        except ValueError as refused:
            # Of a rule in `__post_init__`.
            raise DecodeError(str(refused)) from None

    return read_object
