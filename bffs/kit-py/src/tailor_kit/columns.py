"""Tables: the columns of a list, picked by the host. A list of rows costs the interpreter each name
in each row; of columns it reads one array each.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Any

from .decode import reader
from .plain import DecodeError, Reader


class Columns:
    """How a table is asked for and read. Made by `columns`."""

    def __init__(self, place: str, members: Mapping[str, Any]) -> None:
        self._place = place
        self._members: list[tuple[str, Reader]] = [
            (name, reader(types.GenericAlias(list, (of,)))) for name, of in members.items()
        ]
        tokens = [name.replace("~", "~0").replace("/", "~1") for name, _ in self._members]
        self.select = [f"{place}/*/{token}" for token in tokens]

    def read(self, picked: list[Any]) -> dict[str, list[Any]]:
        """Each member as the list of its values, all of one length."""
        table = {}
        for (name, member), values in zip(self._members, picked, strict=True):
            # Where there is no list, the host picks nothing.
            if values is None:
                raise DecodeError("expected an array, found nothing", self._place)
            try:
                table[name] = member(values)
            except DecodeError as fault:
                _, row, *rest = fault.at.split("/", 2)
                inner = "/" + rest[0] if rest else ""
                raise DecodeError(fault.what, f"{self._place}/{row}/{name}{inner}") from None
        return table

    def align(
        self, name: str, keys: Sequence[Any], table: dict[str, list[Any]] | None
    ) -> dict[str, list[Any]]:
        """The table with one row for each of `keys`, by the values of its column `name`.

        A key that no row has is a row of `None`, and rows of other keys are left out. Where there
        is no table, all rows are such: `DAYS.align("date", dates, outcome.value_or(None))`.
        """
        if table is None:
            return {known: [None] * len(keys) for known, _ in self._members}
        row_of = {key: row for row, key in enumerate(table[name])}
        rows = [row_of.get(key) for key in keys]
        return {
            known: [None if row is None else column[row] for row in rows]
            for known, column in table.items()
        }


def columns(place: str, members: Mapping[str, Any]) -> Columns:
    """The columns of the list at the JSON pointer `place`, each with the type of its values.

    `days = columns("/days", {"date": str, "steps": int | None})`, then `get_json(.., days)`, whose
    value is `{"date": [..], "steps": [..]}`. A member that a row does not have is `None`.
    """
    return Columns(place, members)
