"""JSON as it is written in a fixture: `5.0` stays `5.0`, large numbers keep their digits, and texts
their escapes.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

# What other readers of fixtures take.
_MOST_LEVELS = 127
# What the double can read of an answer.
_MOST_LEVELS_OF_ANSWERS = 250
_TOKEN = re.compile(
    r'[ \t\n\r]*(?:([{}\[\]:,])|("(?:[^"\\\x00-\x1f]|\\.)*")'
    r"|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)|(true|false|null))",
    re.ASCII,
)
_WORDS = {"true": True, "false": False, "null": None}


class Number(str):
    """A number, by its digits."""


class Text(str):
    """A text, with how it is written."""

    raw: str


def parse(text: str, *, of_fixture: bool = True) -> Any:
    """A document, with its numbers as `Number` and its texts as `Text`.

    Raises `ValueError` for what is no JSON. In a fixture that is also a name that is there twice, a
    number that no double holds and half a character; of an answer's names the last one counts.
    """
    tokens = _tokens(text, of_fixture)
    value = _value(next(tokens), tokens, 0, of_fixture)
    if next(tokens)[0] != "end":
        raise ValueError("not JSON: more than one document")
    return value


def _tokens(text: str, of_fixture: bool) -> Any:
    end = len(text.rstrip(" \t\n\r"))
    place = 0
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"not JSON: at character {place}")
        place = match.end()
        mark, string, number, word = match.groups()
        if mark:
            yield mark, mark
        elif string:
            yield "text", _text(string, of_fixture)
        elif number:
            yield "value", _number(number, of_fixture)
        else:
            yield "value", _WORDS[word]
    while True:
        yield "end", None


def _text(raw: str, of_fixture: bool) -> Text:
    made = Text(json.loads(raw))
    if of_fixture:
        made.encode()
    made.raw = raw
    return made


def _number(digits: str, of_fixture: bool) -> Number:
    if of_fixture and float(digits) in (float("inf"), float("-inf")):
        raise ValueError(f"{digits} is a number that no double holds")
    return Number(digits)


def _value(token: tuple[str, Any], tokens: Any, level: int, of_fixture: bool) -> Any:
    kind, value = token
    if kind in ("text", "value"):
        return value
    most = _MOST_LEVELS if of_fixture else _MOST_LEVELS_OF_ANSWERS
    if level == most or kind not in "{[":
        raise ValueError("not JSON" if kind not in "{[" else "more levels than readers take")
    return (_object if kind == "{" else _array)(tokens, level + 1, of_fixture)


def _array(tokens: Any, level: int, of_fixture: bool) -> list[Any]:
    made: list[Any] = []
    token = next(tokens)
    while token[0] != "]" or made:
        made.append(_value(token, tokens, level, of_fixture))
        token = next(tokens)
        if token[0] == "]":
            break
        if token[0] != ",":
            raise ValueError("not JSON: an array does not end")
        token = next(tokens)
    return made


def _object(tokens: Any, level: int, of_fixture: bool) -> dict[str, Any]:
    made: dict[str, Any] = {}
    kind, name = next(tokens)
    while kind != "}" or made:
        if kind != "text" or next(tokens)[0] != ":":
            raise ValueError("not JSON: an object without a name")
        if of_fixture and name in made:
            raise ValueError(f"has `{name}` twice")
        made[name] = _value(next(tokens), tokens, level, of_fixture)
        kind = next(tokens)[0]
        if kind == "}":
            break
        if kind != ",":
            raise ValueError("not JSON: an object does not end")
        kind, name = next(tokens)
    return made


def compact(node: Any) -> str:
    """The text of a document, as it was written but for white space; of plain values, too."""
    if isinstance(node, Number):
        return node
    if isinstance(node, Text):
        return node.raw
    if isinstance(node, dict):
        pairs = (f"{compact(name)}:{compact(each)}" for name, each in node.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(compact, node)) + "]"
    return json.dumps(node, ensure_ascii=False)


def plain(node: Any) -> Any:
    """A document as `json` reads it, with all numbers as doubles."""
    return json.loads(compact(node), parse_int=float)


def pick(node: Any, pointer: str) -> str | None:
    """What the host selects by a pointer (RFC 6901). `*` gives a column of a list."""
    tokens = [each.replace("~1", "/").replace("~0", "~") for each in pointer.split("/")[1:]]
    if "*" in tokens:
        star = tokens.index("*")
        rows, there = _at(node, tokens[:star])
        if there and isinstance(rows, list):
            cells = [_at(row, tokens[star + 1 :]) for row in rows]
            return "[" + ",".join(compact(cell) if there else "null" for cell, there in cells) + "]"
    found, there = _at(node, tokens)
    return compact(found) if there else None


def _at(node: Any, tokens: list[str]) -> tuple[Any, bool]:
    for token in tokens:
        if isinstance(node, list):
            is_index = token.isascii() and token.isdigit() and str(int(token)) == token
            if not is_index or int(token) >= len(node):
                return None, False
            node = node[int(token)]
        elif isinstance(node, dict) and token in node:
            node = cast(Any, node[token])
        else:
            return None, False
    return node, True
