"""Fixtures: one request, what the services answer, and what must come out. `tailor test` reads the
same files.
"""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

from .document import Number, parse

Fixture = dict[str, Any]
"""A fixture as its file has it. In a test a dictionary with the same members."""

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_FAILURES = {
    "denied",
    "exhausted",
    "interrupted",
    "malformed",
    "overloaded",
    "rejected",
    "timeout",
    "too-large",
    "unreachable",
}
_NOW = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z", re.ASCII)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_path(value: Any) -> bool:
    return _is_text(value) and value.startswith("/")


def _is_fields(value: Any) -> bool:
    # Names of fields are the same in all capitals.
    names = {name.lower() for name in value} if _is_texts(value) else set()
    return _is_texts(value) and len(names) == len(value)


def _is_time(value: Any) -> bool:
    try:
        return _is_text(value) and time_ms(value) >= 0
    except ValueError:
        return False


def _whole(least: int, most: int) -> Any:
    def takes(value: Any) -> bool:
        return isinstance(value, Number) and value.isdigit() and least <= int(value) <= most

    return takes


def _any(_: Any) -> bool:
    return True


_MEMBERS: dict[str, dict[str, tuple[str, Any]]] = {
    "fixture": {
        "request": ("an object", lambda value: isinstance(value, dict)),
        "now": ("a time from 1970 on, as `2026-01-15T12:00:00Z`", _is_time),
        "seed": ("a whole number from 0 to 4294967295", _whole(0, 0xFFFF_FFFF)),
        "client": ("a text", _is_text),
        "config": ("an object of texts", _is_texts),
        "downstreams": ("an array", lambda value: isinstance(value, list)),
        "expect": ("an object", lambda value: isinstance(value, dict)),
    },
    "request": {
        "method": ("a method", lambda value: value in _METHODS),
        "path": ("a text that begins with `/`", _is_path),
        "query": ("an object of texts", _is_texts),
        "headers": ("an object of texts, with no name twice", _is_fields),
        "body": ("", _any),
    },
    "downstream": {
        "service": ("a text", _is_text),
        "method": ("a method", lambda value: value in _METHODS),
        "path": ("a text", _is_text),
        "reply": ("an object", lambda value: isinstance(value, dict)),
        "failure": ("a kind of failure", lambda value: value in _FAILURES),
        "delay-ms": ("a whole number from 0 to 4294967295", _whole(0, 0xFFFF_FFFF)),
    },
    "reply": {
        "status": ("a whole number from 100 to 999", _whole(100, 999)),
        "headers": ("an object of texts, with no name twice", _is_fields),
        "json": ("", _any),
        "text": ("a text", _is_text),
    },
    "expect": {
        "status": ("a whole number from 0 to 65535", _whole(0, 0xFFFF)),
        "headers": ("an object of texts, with no name twice", _is_fields),
        "json": ("", _any),
        "text": ("a text", _is_text),
    },
}
_NEEDED = {"fixture": ["request", "expect"], "request": ["path"], "downstream": ["service", "path"]}


def read_fixtures(folder: str | Path) -> list[tuple[str, Fixture]]:
    """The fixtures of a folder and of those in it, by their paths there; or of one file.

    Raises `ValueError` if there are none, or one is no fixture or expects nothing.
    """
    folder = Path(folder)
    if folder.is_file():
        return [(folder.name, _read(folder))]
    files = sorted(folder.rglob("*.json"))
    if not files:
        raise ValueError(f"{folder}: no fixtures")
    return [(str(file.relative_to(folder)), _read(file)) for file in files]


def _read(file: Path) -> Fixture:
    try:
        fixture: Fixture = parse(file.read_text(encoding="utf-8-sig"))
        _check("fixture", "fixture", fixture)
        _check("request", "request", fixture["request"])
        _check("expect", "expect", fixture["expect"])
        for index, entry in enumerate(fixture.get("downstreams", [])):
            place = f"downstreams/{index}"
            _check(place, "downstream", entry)
            if ("reply" in entry) == ("failure" in entry):
                raise ValueError(f"{place}: needs either `reply` or `failure`")
            if "reply" in entry:
                _check(f"{place}/reply", "reply", entry["reply"])
                if "json" in entry["reply"] and "text" in entry["reply"]:
                    raise ValueError(f"{place}/reply: has both `json` and `text`")
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    return fixture


def _check(place: str, form: str, node: Any) -> None:
    if not isinstance(node, dict):
        raise ValueError(f"{place}: must be an object")
    known = _MEMBERS[form]
    for name, value in node.items():
        if name not in known:
            raise ValueError(f"{place}: unknown member `{name}`; known are {', '.join(known)}")
        must, takes = known[name]
        if not takes(value):
            raise ValueError(f"{place}: `{name}` must be {must}")
    for name in _NEEDED.get(form, []):
        if name not in node:
            raise ValueError(f"{place}: `{name}` is missing")


def time_ms(now: str) -> int:
    """The milliseconds of a fixture's `now`."""
    match = _NOW.fullmatch(now)
    if match is None:
        raise ValueError(f"now: `{now}` is no time as `2026-01-15T12:00:00Z`")
    seconds = datetime.datetime.strptime(match[1] + "+0000", "%Y-%m-%dT%H:%M:%S%z").timestamp()
    return int(seconds) * 1000 + int((match[2] or "0").ljust(3, "0")[:3])
