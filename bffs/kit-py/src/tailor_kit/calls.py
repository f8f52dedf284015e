"""Calls of services, as they are made: `fetch_all` and `start` make them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, overload
from urllib.parse import quote

from .columns import Columns
from .decode import reader
from .messages import Asked, Body, Call, Headers
from .missing import Outcome
from .respond import to_json
from .shape import value_of, whole

T = TypeVar("T")
MOST_MS = 0xFFFF_FFFF
"""The longest limit of a call."""


@dataclass(frozen=True, slots=True)
class JsonCall(Asked[Outcome[T]], Generic[T]):
    """A call that answers JSON. Made by `get_json`, `post_json` and their like."""

    call: Call
    of: Any

    def with_timeout(self, ms: int) -> JsonCall[T]:
        """The same call with a limit of time, which may only be shorter than the operator's."""
        limit = whole("the limit of a call", ms, MOST_MS)
        return replace(self, call=replace(self.call, timeout_ms=limit))

    def with_profile(self, profile: str) -> JsonCall[T]:
        """The same call with the limits of a profile that the operator defined, such as `fast`."""
        return replace(self, call=replace(self.call, profile=profile))


def path(pattern: str, *values: object) -> str:
    """A path with percent-encoded values: `path("/users/{}/days/{}", user, day)`."""
    if pattern.count("{}") != len(values):
        raise TypeError(f"the path {pattern} has {pattern.count('{}')} values, not {len(values)}")
    parts = [quote(value_of(f"a value of the path {pattern}", each), safe="") for each in values]
    return pattern.format(*parts)


@overload
def get_json(
    service: str,
    path: str,
    of: Columns,
    *,
    query: Mapping[str, object] | None = None,
) -> JsonCall[dict[str, list[Any]]]: ...


@overload
def get_json(
    service: str,
    path: str,
    of: type[T],
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
) -> JsonCall[T]: ...


@overload
def get_json(
    service: str,
    path: str,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
) -> JsonCall[Any]: ...


def get_json(
    service: str,
    path: str,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
) -> JsonCall[Any]:
    """A call for `fetch_all`. `of` is the type that the document is read as.

    With `select` pointers (RFC 6901) it is that of the list of the values that they picked, in
    their order: `list[float | None]`, or `tuple[int, str | None]`. Select when little of much is
    wanted: what is not selected never enters the component.
    """
    return _json_call("GET", service, path, of, query, select, [], None)


@overload
def post_json(
    service: str,
    path: str,
    value: object,
    of: type[T],
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[T]: ...
@overload
def post_json(
    service: str,
    path: str,
    value: object,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[Any]: ...
def post_json(
    service: str,
    path: str,
    value: object,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[Any]:
    """A POST of `value` as JSON. `of` is the type that the answer is read as.

    A service that knows the `idempotency_key` does the work once, however often the call arrives.
    The host repeats a write only where the operator says so.
    """
    body = to_json(value)
    fields = _fields(body, headers, idempotency_key)
    return _json_call("POST", service, path, of, query, select, fields, body)


@overload
def put_json(
    service: str,
    path: str,
    value: object,
    of: type[T],
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[T]: ...
@overload
def put_json(
    service: str,
    path: str,
    value: object,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[Any]: ...
def put_json(
    service: str,
    path: str,
    value: object,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[Any]:
    """The same with PUT."""
    body = to_json(value)
    fields = _fields(body, headers, idempotency_key)
    return _json_call("PUT", service, path, of, query, select, fields, body)


@overload
def patch_json(
    service: str,
    path: str,
    value: object,
    of: type[T],
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[T]: ...
@overload
def patch_json(
    service: str,
    path: str,
    value: object,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[Any]: ...
def patch_json(
    service: str,
    path: str,
    value: object,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[Any]:
    """The same with PATCH."""
    body = to_json(value)
    fields = _fields(body, headers, idempotency_key)
    return _json_call("PATCH", service, path, of, query, select, fields, body)


@overload
def delete_json(
    service: str,
    path: str,
    of: type[T],
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[T]: ...
@overload
def delete_json(
    service: str,
    path: str,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[Any]: ...
def delete_json(
    service: str,
    path: str,
    of: Any = Any,
    *,
    query: Mapping[str, object] | None = None,
    select: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> JsonCall[Any]:
    """A DELETE, without a body."""
    fields = _fields(None, headers, idempotency_key)
    return _json_call("DELETE", service, path, of, query, select, fields, None)


def _fields(body: Body, headers: Mapping[str, str] | None, idempotency_key: str | None) -> Headers:
    fields: Headers = [] if body is None else [("content-type", "application/json")]
    if idempotency_key is not None:
        fields.append(("idempotency-key", idempotency_key))
    fields.extend((headers or {}).items())
    return fields


def _json_call(
    method: str,
    service: str,
    path: str,
    of: Any,
    query: Mapping[str, object] | None,
    select: Sequence[str],
    headers: Headers,
    body: Body,
) -> JsonCall[Any]:
    pairs = [
        (name, value_of(f"query parameter `{name}`", value))
        for name, value in (query or {}).items()
    ]
    pointers = of.select if isinstance(of, Columns) else list(select)
    if not isinstance(of, Columns):
        # What cannot be read raises whatever the service answers.
        reader(of)
    fields = [("accept", "application/json"), *headers]
    return JsonCall(Call(service, method, path, pairs, fields, body, pointers), of)
