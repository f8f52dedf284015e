"""Lines in the host's log. Each carries the BFF, its version and the request id already. Never log
personal data.
"""

from __future__ import annotations

from . import host
from .shape import text_of, well_formed


class Log:
    """Writes a line: `log.warn("no unit in profile", unit=unit)`. The host cuts lines at 4 KiB."""

    def debug(self, message: str, **fields: object) -> None:
        """A line of level debug."""
        self._write("debug", message, fields)

    def info(self, message: str, **fields: object) -> None:
        """A line of level info."""
        self._write("info", message, fields)

    def warn(self, message: str, **fields: object) -> None:
        """A line of level warn."""
        self._write("warn", message, fields)

    def error(self, message: str, **fields: object) -> None:
        """A line of level error."""
        self._write("error", message, fields)

    def _write(self, level: str, message: str, fields: dict[str, object]) -> None:
        pairs = [(well_formed(name), well_formed(str(value))) for name, value in fields.items()]
        host.need("log").log(level, text_of("the message of a line", message), pairs)


log = Log()
