"""Reading the body of a request. What is wrong with it is answered 400, naming the field, and a
wrong content type 415. A body that is too large does not come here: the host answers 413.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar, overload
from urllib.parse import parse_qsl

from .decode import parse, reader
from .messages import Request
from .plain import DecodeError
from .problem import Problem, cut

T = TypeVar("T")
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"


@overload
def read_json(request: Request, of: type[T]) -> T: ...
@overload
def read_json(request: Request, of: Any = Any) -> Any: ...
def read_json(request: Request, of: Any = Any) -> Any:
    """The body as JSON of a type: `read_json(request, Workout)`, for a dataclass `Workout`.

    Its content type must be `application/json` or one that ends with `+json`: a page of another
    site can send other types without asking first. Raises a `Problem`, which names the field.
    """
    media = _media_type(request)
    if media != _JSON and not re.fullmatch(r"application/.*\+json", media):
        raise _unsupported(request, _JSON)
    text = read_text(request)
    if text == "":
        raise bad_field("", "expected JSON, found none")
    try:
        return reader(of)(parse(text))
    except DecodeError as fault:
        raise bad_field(fault.at, fault.what) from None


def read_form(request: Request) -> list[tuple[str, str]]:
    """The pairs of a body that an HTML form sent, decoded, in their order."""
    if _media_type(request) != _FORM:
        raise _unsupported(request, _FORM)
    try:
        return parse_qsl(read_text(request), keep_blank_values=True, errors="strict")
    except ValueError:
        raise bad_field("", "not percent-encoded UTF-8") from None


def read_text(request: Request) -> str:
    """The body as text, whatever its content type; empty where there is none."""
    if isinstance(request.body, bytes):
        raise bad_field("", "not text in UTF-8")
    return request.body or ""


def read_bytes(request: Request) -> bytes:
    """The bytes of the body, whatever its content type; empty where there is none."""
    body = request.body or b""
    return body.encode() if isinstance(body, str) else body


def bad_field(pointer: str, what: str) -> Problem:
    """The 400 of a value of the body, by its JSON pointer (`/laps/0/ms`, empty for all of it)."""
    field = cut(pointer)
    detail = f"body field `{field}`: {what}" if field else f"body: {what}"
    return Problem(400, detail, members={"field": field})


def _media_type(request: Request) -> str:
    return (request.header("content-type") or "").split(";", 1)[0].strip().lower()


def _unsupported(request: Request, allowed: str) -> Problem:
    given = request.header("content-type")
    said = "is missing" if given is None else f"is `{cut(given)}`"
    return Problem(
        415, f"header `content-type` {said}; allowed: {allowed}", headers={"accept": allowed}
    )
