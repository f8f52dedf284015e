"""Which answer a fixture gives to a call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ..messages import Call, Failure, Reply
from .document import compact, parse, pick

_SENT = {"interrupted", "malformed", "timeout", "too-large"}


def reply(status: int, document: Any) -> Reply:
    """A live reply with a JSON document."""
    return Reply(status, [("content-type", "application/json")], compact(document), [], "live")


def failure(kind: str, service: str) -> Failure:
    """A failure of this kind, with a detail that names the service."""
    return Failure(kind, kind in _SENT, f"service `{service}`: {kind}")


def answer_of(entries: Any, call: Call) -> tuple[int, Reply | Failure]:
    """The milliseconds that an answer takes, and the answer."""
    if callable(entries):
        return 0, entries(call)
    for entry in entries:
        if _fits(entry, call):
            delay = int(entry.get("delay-ms", 0))
            if "failure" in entry:
                return delay, failure(entry["failure"], call.service)
            return delay, _reply(entry["reply"])
    detail = f"no fixture matches {call.method} {_target(call)} of `{call.service}`"
    return 0, Failure("unreachable", False, detail)


def selected(call: Call, whole: Reply | Failure) -> Reply | Failure:
    """Does to a reply what the host does, for `select` above all."""
    if isinstance(whole, Failure):
        return whole
    if isinstance(whole.body, str):
        # A byte order mark is no part of a text.
        whole = replace(whole, body=whole.body.removeprefix("\ufeff") or None)
    if not call.select:
        return whole
    nothing: list[str | None] = [None] * len(call.select)
    if not 200 <= whole.status <= 299:
        return Reply(whole.status, whole.headers, whole.body, nothing, whole.source)
    # Nothing is selected of nothing.
    if whole.status in (204, 205) or not whole.body:
        return Reply(whole.status, whole.headers, None, nothing, whole.source)
    try:
        body = whole.body
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body
        document = parse(text, of_fixture=False)
    except ValueError:
        return failure("malformed", call.service)
    picked = [pick(document, pointer) for pointer in call.select]
    return Reply(whole.status, whole.headers, None, picked, whole.source)


def _fits(entry: Any, call: Call) -> bool:
    if entry["service"] != call.service or entry.get("method", call.method) != call.method:
        return False
    pattern: str = entry["path"]
    made = _target(call) if "?" in pattern else call.path
    if pattern.endswith("\\*"):
        return made == pattern[:-2] + "*"
    return made.startswith(pattern[:-1]) if pattern.endswith("*") else made == pattern


def _target(call: Call) -> str:
    pairs = ("=".join(quote(part, safe="") for part in pair) for pair in call.query)
    query = "&".join(pairs)
    return f"{call.path}?{query}" if query else call.path


def _reply(entry: Any) -> Reply:
    headers = [(name.lower(), value) for name, value in entry.get("headers", {}).items()]
    if "json" in entry:
        body = compact(entry["json"])
        if all(name != "content-type" for name, _ in headers):
            headers.append(("content-type", "application/json"))
    else:
        body = entry.get("text", "")
    return Reply(int(entry.get("status", 200)), headers, body or None, [], "live")
