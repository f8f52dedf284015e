"""The contract as componentize-py has it. Imported in a component only: nothing else has
`wit_world`.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import typing
from collections.abc import Callable, Sequence
from typing import Any

from componentize_py_types import Err, Ok  # type: ignore[import-not-found]
from wit_world.imports import (  # type: ignore[import-not-found]
    downstream,
    locale,
    runtime,
    types,
)

from . import host
from .locale import LocaleError
from .messages import Body, Call, Client, Failure, Reply, Request, Response

_METHODS = {method.name: method for method in types.Method}
_NAMES = {method: name for name, method in _METHODS.items()}
_LEVELS = {level.name.lower(): level for level in runtime.Level}
_KINDS = {kind: kind.name.lower().replace("_", "-") for kind in downstream.FailureKind}
_SOURCES = {source: source.name.lower() for source in downstream.Source}
_NOTHING = types.Payload_None_()


def _payload(body: Body) -> Any:
    if body is None:
        return _NOTHING
    return types.Payload_Text(body) if isinstance(body, str) else types.Payload_Bytes(bytes(body))


def _body(payload: Any) -> Body:
    return getattr(payload, "value", None)


def _reply(reply: Any) -> Reply:
    source = _SOURCES[reply.source]
    return Reply(reply.status, reply.headers, _body(reply.body), reply.selected, source)


def _failure(failure: Any) -> Failure:
    return Failure(_KINDS[failure.kind], failure.sent, failure.detail)


def _call(call: Call) -> Any:
    return downstream.Call(
        call.service,
        _METHODS[call.method],
        call.path,
        call.query,
        call.headers,
        _payload(call.body),
        call.select,
        call.timeout_ms,
        call.profile,
    )


class _Exchange:
    def __init__(self, own: Any) -> None:
        self.own = own

    def wait(self) -> Reply | Failure:
        try:
            return _reply(self.own.wait())
        except Err as error:
            return _failure(error.value)


def _of_contract(of: Any) -> Callable[[Any], Any] | None:
    """What makes a value of the contract of a plain one; nothing where both are the same."""
    if type(None) in typing.get_args(of):
        made = _of_contract(typing.get_args(of)[0])
        return None if made is None else lambda value: None if value is None else made(value)
    if isinstance(of, type) and issubclass(of, enum.Enum):
        members = {_word(member): member for member in of}
        return lambda value: members[value]
    if dataclasses.is_dataclass(of):
        record: Any = of
        fields = [(field.name, _of_contract(field.type)) for field in dataclasses.fields(record)]
        return lambda value: record(
            *[value[name] if made is None else made(value[name]) for name, made in fields]
        )
    return None


def _word(member: Any) -> str:
    word: str = member.name.lower().replace("_", "-")
    return word


def _plain(value: Any) -> Any:
    """A value of the contract as plain ones."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, enum.Enum):
        return _word(value)
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: _plain(getattr(value, name)) for name in names}
    return value


def _functions() -> dict[str, tuple[Any, list[Callable[[Any], Any] | None]]]:
    """The functions of `locale`, with what makes their parameters."""
    found = {}
    for name, function in inspect.getmembers(locale, inspect.isfunction):
        if function.__module__ == locale.__name__:
            parameters = inspect.signature(function).parameters.values()
            found[name] = (function, [_of_contract(each.annotation) for each in parameters])
    return found


_LOCALE = _functions()


class _Host:
    """The host of a component."""

    def fetch_all(self, calls: Sequence[Call]) -> list[Reply | Failure]:
        results = downstream.fetch_all([_call(call) for call in calls])
        return [
            _reply(each.value) if isinstance(each, Ok) else _failure(each.value) for each in results
        ]

    def start(self, call: Call) -> _Exchange:
        return _Exchange(downstream.start(_call(call)))

    def wait_any(self, exchanges: Sequence[Any], timeout_ms: int | None) -> int | None:
        first: int | None = downstream.wait_any([each.own for each in exchanges], timeout_ms)
        return first

    def log(self, level: str, message: str, fields: list[tuple[str, str]]) -> None:
        runtime.log(_LEVELS[level], message, fields)

    def locale(self, function: str, *given: Any) -> Any:
        own, parameters = _LOCALE[function]
        made = zip(parameters, given, strict=True)
        try:
            return _plain(own(*[value if make is None else make(value) for make, value in made]))
        except Err as error:
            raise LocaleError(_word(error.value.kind), error.value.detail) from None

    config = staticmethod(runtime.config)
    now_ms = staticmethod(runtime.now_ms)
    time_left_ms = staticmethod(runtime.time_left_ms)
    elapsed_ns = staticmethod(runtime.elapsed_ns)
    random = staticmethod(runtime.random)


_host = _Host()


def answer(handle: Callable[[Request], Response], given: Any) -> Any:
    """Answers a request of the host."""
    host.enter(_host)
    client = Client(given.client.name, given.client.host)
    method, body = _NAMES[given.method], _body(given.body)
    request = Request(given.id, method, given.path, given.query, given.headers, body, client)
    made = handle(request)
    return types.Response(made.status, made.headers, _payload(made.body))
