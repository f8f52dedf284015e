"""Answers that say what is wrong (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from .messages import Response
from .respond import to_json


class Problem(Exception):
    """Ends the request with a problem answer: `raise Problem(404, "no such screen")`.

    `detail` is one sentence for the developer of the client: lower case, the thing first, no full
    stop. `members` are further members of the document, `headers` further fields. A problem is the
    client's or a service's fault, never one of this code: it is not logged.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        members: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.members = dict(members or {})
        self.headers = dict(headers or {})

    def answer(self, request_id: str) -> Response:
        """The answer. It is never cached: the next request may do better."""
        try:
            title = HTTPStatus(self.status).phrase
        except ValueError:
            title = "Error"
        document = {
            "type": "about:blank",
            "title": title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
            "request_id": request_id,
        }
        headers = [("content-type", "application/problem+json"), ("cache-control", "no-store")]
        return Response(self.status, headers + list(self.headers.items()), to_json(document))


def cut(given: str) -> str:
    """As much of a client's own value as it needs to recognise it."""
    return given if len(given) <= 64 else given[:64] + "…"
