"""What the host refuses, so that a test fails where production would. The rules are those of
`wit/tailor.wit`.
"""

from __future__ import annotations

import re

from ..hand_back import is_hosts
from ..messages import Call, Headers

_PATH = re.compile(r"/(?:[!-$&-\[\]-~]|%[0-9a-fA-F]{2})*", re.ASCII)
_CONTROL = re.compile(r"%[01][0-9a-f]|%7f", re.IGNORECASE)
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_INDEX = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_CREDENTIAL = re.compile(
    "authorization|authentication-(?:info|control)|(?:set-)?cookie2?|"
    "(?:optional-)?www-authenticate|proxy-.*",
    re.ASCII | re.IGNORECASE,
)
_MOST_PATH = 8192
_MOST_HEADERS = 16_384
_MOST_POINTER = 1024
_FREE_IN_CALLS = ("date", "server")
FREE_IN_ANSWERS = ("date", "server", "x-request-id")


def illegal(call: Call) -> str | None:
    """Why the host would answer this call with the failure `invalid`, if it would."""
    return _illegal_path(call.path) or _illegal_select(call.select) or _illegal_rest(call)


def _illegal_path(path: str) -> str | None:
    if _PATH.fullmatch(path) is None or "?" in path or "#" in path:
        return "path is not `/` and percent-encoded segments"
    if "//" in path:
        return "path has an empty segment"
    if re.search(r"/(\.|%2e){1,2}(/|;|$)", path, re.IGNORECASE):
        return "path has a segment `.` or `..`"
    if "/;" in path:
        return "path has a segment that begins with `;`"
    if re.search(r"%2f|%5c", path, re.IGNORECASE):
        return "path has an encoded slash, which a service could take for one"
    if _CONTROL.search(path):
        return "path has an encoded control character"
    if len(path) > _MOST_PATH:
        return "path is longer than 8 KiB"
    return None


def _illegal_select(select: list[str]) -> str | None:
    if len(select) > 64:
        return "select has more than 64 pointers"
    if any(pointer and not pointer.startswith("/") for pointer in select):
        return "a pointer does not begin with `/`"
    if any(_POINTER.fullmatch(pointer) is None for pointer in select):
        return "a pointer has a `~` that is neither `~0` nor `~1`"
    if any(len(pointer) > _MOST_POINTER for pointer in select):
        return f"a pointer is longer than {_MOST_POINTER} bytes"
    tokens = [pointer.split("/") for pointer in select]
    columns = [each for each in tokens if "*" in each]
    if any(each.count("*") > 1 for each in columns):
        return "a pointer has more than one `*`"
    for column in columns:
        place = column.index("*")
        for other in tokens:
            is_index = len(other) > place and _INDEX.fullmatch(other[place]) is not None
            if is_index and other[:place] == column[:place]:
                return "two pointers take the same list by `*` and by index"
    return None


def _illegal_rest(call: Call) -> str | None:
    if call.method in ("GET", "HEAD") and call.body is not None:
        return f"a {call.method} call has a body"
    for name, value in call.headers:
        if _CREDENTIAL.fullmatch(name):
            return f"header {name} is a credential, which the operator lets the host pass on"
        if not value.isascii():
            return f"header {name} has a character that is not ASCII"
    if sum(len(name) + len(value) for name, value in call.headers) > _MOST_HEADERS:
        return "headers are larger than 16 KiB"
    return illegal_header(call.headers, _FREE_IN_CALLS)


def illegal_header(headers: Headers, free: tuple[str, ...]) -> str | None:
    """Why the host would not pass a field on, if it would not."""
    for name, value in headers:
        if _TOKEN.fullmatch(name) is None:
            return f"header name `{name}`"
        if is_hosts(name) and name.lower() not in free:
            return f"header {name} is set by the host"
        if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
            return f"header {name} has a control character"
    return None
