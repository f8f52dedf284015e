"""Content negotiation on `accept` (RFC 9110, 12.5.1), for BFFs that have more than one form of an
answer.
"""

from __future__ import annotations

import re

from .messages import Request
from .problem import Problem

_QUALITY = re.compile(r"[01](?:\.[0-9]{0,3})?", re.ASCII)


def negotiate(request: Request, *offers: str) -> str:
    """The one of `offers` (media types in lower case, the BFF's favourite first) that the client
    likes best; without an `accept` header the first.

    Raises a `Problem` (406), naming the offers, when the client accepts none of them. An answer
    that was negotiated names `accept` in `vary`.
    """
    fields = [value for name, value in request.headers if name.lower() == "accept"]
    accept = ",".join(fields) if fields else "*/*"
    best = max(offers, key=lambda offer: _weight(accept, offer))
    if _weight(accept, best) == 0:
        detail = f"this answer is available as: {', '.join(offers)}"
        raise Problem(406, detail, headers={"vary": "accept"})
    return best


def _weight(accept: str, offer: str) -> float:
    """The weight of `offer`, 0 when it is not accepted. The most specific range decides."""
    decided_by, decided = 0, 0.0
    for given in accept.split(","):
        media, *parameters = (part.strip() for part in given.split(";"))
        media = media.lower()
        if media == offer:
            specific = 3
        elif len(media) > 2 and media.endswith("/*") and offer.startswith(media[:-1]):
            specific = 2
        elif media == "*/*":
            specific = 1
        else:
            continue
        if specific > decided_by:
            qualities = (each[2:] for each in parameters if each[:2] in ("q=", "Q="))
            decided_by, decided = specific, _quality(next(qualities, "1"))
    return decided


def _quality(text: str) -> float:
    """What is no quality counts as 0: such a range is better ignored than preferred."""
    return min(float(text), 1.0) if _QUALITY.fullmatch(text) else 0.0
