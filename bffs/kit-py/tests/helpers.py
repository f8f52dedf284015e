"""What several tests share."""

from dataclasses import dataclass
from typing import Any

from tailor_kit import Bff
from tailor_kit.testing import Answer, call


@dataclass
class Workout:
    """A body."""

    kind: str
    minutes: int


def answer_of(function: Any, fixture: dict[str, Any] | None = None, method: str = "GET") -> Answer:
    """What a handler of one route, `/{user}`, answers."""
    bff = Bff()
    bff.route(method, "/{user}")(function)
    given = {"request": {"path": "/ada"}, **(fixture or {})}
    given["request"] = {"method": method, **given["request"]}
    return call(bff, given)
