"""A reply of a service as the answer to the client: what the service says about a write is often
what the client has to know.
"""

from __future__ import annotations

import re
from typing import Any

from .messages import Body, Headers, Reply, Response
from .missing import Outcome, Value, unavailable, why

# All names and values of an answer, bytes, with 4 for each field: what the host takes.
_MOST_HEADERS = 32 * 1024
_NAMES = (
    "connection|content-length|date|expect|forwarded|host|http2-settings|keep-alive|server|te|"
    "traceparent|tracestate|trailer|transfer-encoding|upgrade|x-real-ip|x-request-id"
)
_BEGINNINGS = "proxy-|tailor-|x-accel-|x-forwarded-|x-lighttpd-|x-reproxy-|x-sendfile"
_HOSTS = re.compile(f"(?:{_NAMES})$|(?:{_BEGINNINGS})", re.ASCII | re.IGNORECASE)
_NO_BODY = (204, 205, 304)


def is_hosts(name: str) -> bool:
    """Whether a field of an answer is the host's, or an order to a proxy."""
    # The host reads any other character than a letter or digit as a dash.
    return _HOSTS.match(re.sub("[^0-9A-Za-z]", "-", name)) is not None


def hand_back(outcome: Outcome[Any]) -> Response:
    """The reply of an outcome as it came: status, fields and body. Raises a `Problem` (503) where
    there is none.

    Left out are the fields that only the host may set, those by which a proxy in front would send
    something else (`x-accel-redirect`), and what is past 32 KiB of fields. A status that no answer
    may have becomes 502. After a `select` there is no body, since it stayed with the host.
    """
    reply = outcome.reply
    if reply is None:
        reason = "none" if isinstance(outcome, Value) else why(outcome)
        raise unavailable(f"no answer of the service: {reason}")
    status = reply.status if 200 <= reply.status <= 599 else 502
    return Response(status, _fields(reply.headers), _body(status, reply))


def _fields(given: Headers) -> Headers:
    size = 0
    fields: Headers = []
    for name, value in given:
        if is_hosts(name):
            continue
        size += len(name.encode()) + len(value.encode()) + 4
        if size > _MOST_HEADERS:
            break
        fields.append((name, value))
    return fields


def _body(status: int, reply: Reply) -> Body:
    if status in _NO_BODY:
        return None
    # The host would call a text without a type JSON.
    if isinstance(reply.body, str) and reply.header("content-type") is None:
        return reply.body.encode()
    return reply.body
