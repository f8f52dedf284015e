"""Which answer a fixture gives to a call."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from ..messages import Call, Failure, Reply
from .document import compact, parse, pick

_SENT = {"interrupted", "malformed", "timeout", "too-large"}
_PATH = re.compile(r"/(?:[!-$&-\[\]-}]|%[0-9a-fA-F]{2})*", re.ASCII)


def reply(status: int, document: Any) -> Reply:
    """A live reply with a JSON document."""
    return Reply(status, [("content-type", "application/json")], compact(document), [], "live")


def failure(kind: str, service: str) -> Failure:
    """A failure of this kind, with a detail that names the service."""
    return Failure(kind, kind in _SENT, f"service `{service}`: {kind}")


def illegal(call: Call) -> str | None:
    """Why the host would answer this call with the failure `invalid`, if it would."""
    if _PATH.fullmatch(call.path) is None or "?" in call.path or "#" in call.path:
        return "path is not `/` and percent-encoded segments"
    if "//" in call.path:
        return "path has an empty segment"
    if re.search(r"/(\.|%2e){1,2}(/|$)", call.path, re.IGNORECASE):
        return "path has a segment `.` or `..`"
    if re.search(r"%2f|%5c", call.path, re.IGNORECASE):
        return "path has an encoded slash, which a service could take for one"
    if len(call.select) > 64:
        return "select has more than 64 pointers"
    if any(pointer and not pointer.startswith("/") for pointer in call.select):
        return "a pointer does not begin with `/`"
    if any(pointer.split("/").count("*") > 1 for pointer in call.select):
        return "a pointer has more than one `*`"
    if call.method in ("GET", "HEAD") and call.body is not None:
        return f"a {call.method} call has a body"
    return None


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
    """Does to a reply what the host does for `select`."""
    if isinstance(whole, Failure) or not call.select:
        return whole
    nothing: list[str | None] = [None] * len(call.select)
    if not 200 <= whole.status <= 299 or not whole.body:
        return Reply(whole.status, whole.headers, whole.body, nothing, whole.source)
    try:
        text = whole.body.decode() if isinstance(whole.body, bytes) else whole.body
        document = parse(text)
    except ValueError:
        return failure("malformed", call.service)
    picked = [pick(document, pointer) for pointer in call.select]
    return Reply(whole.status, whole.headers, None, picked, whole.source)


def _fits(entry: Any, call: Call) -> bool:
    if entry["service"] != call.service or entry.get("method", call.method) != call.method:
        return False
    pattern = entry["path"]
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
