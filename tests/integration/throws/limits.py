"""Each route goes wrong in its way, or uses something of the standard library.

A comment `@name` stands at the end of the line that the log has to name first for `/name`.
"""

import asyncio
import datetime
import itertools
import logging
import os
import random
import re
import socket
import sys
import time

from tailor_kit import Bff, Request, Response, log, respond

handler = Bff()


def deeper(depth: int) -> int:
    return deeper(depth + 1) + 1  # @recursion


def parse(text: str) -> int:
    return int(text)  # @raise


def spin() -> None:
    count = 0
    while True:
        count += 1  # @loop


def match_slowly(text: str) -> bool:
    return re.match("(a*)*b", text) is not None  # @expression


@handler.get("/raise")
def raises(request: Request) -> Response:
    return respond(parse("seven"))


@handler.get("/cause")
def cause(request: Request) -> Response:
    try:
        parse("eight")
    except ValueError as error:
        raise RuntimeError("no number") from error  # @cause
    return respond(1)


@handler.get("/recursion")
def recursion(request: Request) -> Response:
    return respond(deeper(0))


@handler.get("/memory")
def memory(request: Request) -> Response:
    kept = []
    while True:
        kept.append(bytearray(1 << 20))  # @memory


@handler.get("/loop")
def loop(request: Request) -> Response:
    spin()
    return respond(1)


@handler.get("/expression")
def expression(request: Request) -> Response:
    return respond(match_slowly("a" * 64))


@handler.get("/rows")
def rows(request: Request) -> Response:
    log.error("what the author says before")
    endless = itertools.count()
    return respond(sum(number * 2 for number in endless))  # @rows


@handler.get("/exit")
def exits(request: Request) -> Response:
    sys.exit(3)  # @exit


@handler.get("/socket")
def sockets(request: Request) -> Response:
    socket.create_connection(("127.0.0.1", 80))  # @socket
    return respond(1)


async def nothing() -> None:
    pass


@handler.get("/events")
def events(request: Request) -> Response:
    asyncio.run(nothing())  # @events
    return respond(1)


@handler.get("/deep")
def deep(request: Request) -> Response:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    return respond(nested)  # @deep


@handler.get("/file")
def file(request: Request) -> Response:
    try:
        open("/etc/passwd")
    except OSError as error:
        return respond([type(error).__name__, str(error)])
    return respond("opened")


@handler.get("/library")
def library(request: Request) -> Response:
    print("printed", 1)
    print("to stderr", file=sys.stderr)
    logging.getLogger("a").warning("logged %s", 2)
    logging.info("told")
    logging.debug("not told")
    log.info("by the kit", n=1)
    began = time.monotonic()
    time.sleep(0.01)
    slept = time.monotonic() - began
    return respond(
        [
            time.time() > 1_700_000_000,
            datetime.datetime.now().year >= 2025,
            len(os.urandom(4)),
            0.005 < slept < 5,
            random.random(),
            os.environ.copy(),
            sys.argv,
        ]
    )


@handler.get("/answer")
def answer(request: Request) -> Response:
    return {"not": "a response"}  # type: ignore[return-value]
