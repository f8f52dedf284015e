"""Answers that are not problems."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
from collections.abc import Mapping
from typing import Any

from .messages import Response
from .plain import is_decimal


def respond(
    value: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with `value` as compact JSON.

    Dataclasses are objects, dates and times are as ISO 8601 writes them, members of an `Enum` their
    values, and a `Decimal` is a text with all its digits. Raises for what JSON does not have.
    """
    return respond_text(to_json(value), status=status, headers=headers)


def respond_text(
    text: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The same with text that is JSON already, or of the `content-type` that `headers` name."""
    given = list((headers or {}).items())
    if not any(name.lower() == "content-type" for name, _ in given):
        given.insert(0, ("content-type", "application/json"))
    return Response(status, given, text)


def to_json(value: object) -> str:
    """Compact JSON."""
    text = json.dumps(
        value, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
    )
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            # A lone surrogate has a form in JSON, and none in UTF-8.
            return json.dumps(value, separators=(",", ":"), allow_nan=False, default=_plain)
    return text


def _plain(value: Any) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if is_decimal(type(value)) and value.is_finite():
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} has no form in JSON")
