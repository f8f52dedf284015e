"""What crosses to the host has the form of the contract, or raises here, where the author's line is
in the stack: at a value of another type the interpreter ends the instance without a word. Kinds and
places are said, never values: they may be personal.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from .messages import Body, Call, Headers, Response

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_MOST_MS = 0xFFFF_FFFF


def kind_of(value: object) -> str:
    """The type of a value, as it is written."""
    return "None" if value is None else type(value).__name__


def well_formed(text: str) -> str:
    """A text with U+FFFD for each lone surrogate, as half an emoji is one. It has no form in
    UTF-8, and comes out of JSON of others.
    """
    if text.isascii():
        return text
    try:
        text.encode()
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def text_of(what: str, value: object) -> str:
    """A text of the contract."""
    if not isinstance(value, str):
        raise TypeError(f"{what} is of type {kind_of(value)}, not str")
    return well_formed(value)


def value_of(what: str, value: object) -> str:
    """A part of a path or query: a text, number or date. `None` would be the word `None` there."""
    if isinstance(value, str):
        return well_formed(value)
    is_plain = isinstance(value, int | float | datetime.date)
    if not is_plain or isinstance(value, bool | datetime.datetime):
        raise TypeError(f"{what} is of type {kind_of(value)}, not str, int, float or date")
    return str(value)


def whole(what: str, value: object, most: int) -> int:
    """A whole number from 0 to `most`."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{what} is of type {kind_of(value)}, not int")
    if not 0 <= value <= most:
        raise ValueError(f"{what} is {value}, not a whole number from 0 to {most}")
    return value


def pairs_of(what: str, pairs: Iterable[Any]) -> Headers:
    """Pairs of name and value."""
    made: Headers = []
    for place, pair in enumerate(pairs):
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"{what}[{place}] is no pair of name and value")
        name = text_of(f"a name of {what}", pair[0])
        made.append((name, text_of(f"{what}: `{name}`", pair[1])))
    return made


def body_of(what: str, body: object) -> Body:
    """A body."""
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, bytearray | memoryview):
        return bytes(body)
    if not isinstance(body, str):
        raise TypeError(f"{what} is of type {kind_of(body)}, not str, bytes or None")
    return well_formed(body)


def call_of(call: Call) -> Call:
    """A call that may cross."""
    if call.method not in _METHODS:
        raise ValueError(f"the call's method is not one of {', '.join(_METHODS)}")
    service = text_of("the call's service", call.service)
    limit = call.timeout_ms
    return Call(
        service,
        call.method,
        text_of(f"the path of a call of {service}", call.path),
        pairs_of(f"query of a call of {service}", call.query),
        pairs_of(f"headers of a call of {service}", call.headers),
        body_of(f"the body of a call of {service}", call.body),
        [text_of(f"a pointer of a call of {service}", each) for each in call.select],
        None if limit is None else whole(f"the limit of a call of {service}", limit, _MOST_MS),
        None if call.profile is None else text_of("the call's profile", call.profile),
    )


def response_of(response: Response) -> Response:
    """An answer that may cross."""
    status = response.status
    if isinstance(status, bool) or not isinstance(status, int):
        raise TypeError(f"the status is of type {kind_of(status)}, not int")
    if not 200 <= status <= 599:
        raise ValueError(f"the status is {status}, not a whole number from 200 to 599")
    headers = pairs_of("headers", response.headers)
    return Response(status, headers, body_of("the body", response.body))
