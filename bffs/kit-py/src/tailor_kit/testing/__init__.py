"""Tests of a BFF, without a host and without a network: `call` runs a handler with the answers of a
fixture, and `check_expected` compares what came out.
"""

from .call import Answer, LogLine, call, check_expected
from .fixture import Fixture, read_fixtures
from .replies import failure, reply

__all__ = [
    "Answer",
    "Fixture",
    "LogLine",
    "call",
    "check_expected",
    "failure",
    "read_fixtures",
    "reply",
]
