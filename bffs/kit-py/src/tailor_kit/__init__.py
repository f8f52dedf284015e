"""The kit of Python BFFs: everything a BFF imports.

It shapes requests, calls and answers, and holds nothing that belongs to one frontend, nor any rule
of the business. It needs the standard library alone.
"""

from . import locale
from .accept import negotiate
from .body import bad_field, read_bytes, read_form, read_json, read_text
from .calls import (
    JsonCall,
    delete_json,
    get_json,
    patch_json,
    path,
    post_json,
    put_json,
)
from .columns import Columns, columns
from .dates import duration, parse_date, today
from .decode import nothing, read
from .exchange import Started, fetch, fetch_all, read_document, start, wait_any
from .hand_back import hand_back
from .host import config, elapsed_ms, now_ms, random_bytes, time_left_ms
from .log import log
from .messages import Call, Client, Failure, Reply, Request, Response
from .missing import (
    Failed,
    Missing,
    NotFound,
    NoValue,
    Outcome,
    Unreadable,
    Value,
    nothing_arrived,
    unavailable,
    value_or_problem,
    why,
)
from .plain import DecodeError
from .problem import Problem
from .query import (
    Parameter,
    bad_parameter,
    date,
    integer,
    one_of,
    optional,
    read_query,
    required,
    text,
)
from .respond import respond, respond_text
from .router import Bff

__all__ = [
    "Bff",
    "Call",
    "Client",
    "Columns",
    "DecodeError",
    "Failed",
    "Failure",
    "JsonCall",
    "Missing",
    "NoValue",
    "NotFound",
    "Outcome",
    "Parameter",
    "Problem",
    "Reply",
    "Request",
    "Response",
    "Started",
    "Unreadable",
    "Value",
    "bad_field",
    "bad_parameter",
    "columns",
    "config",
    "date",
    "delete_json",
    "duration",
    "elapsed_ms",
    "fetch",
    "fetch_all",
    "get_json",
    "hand_back",
    "integer",
    "locale",
    "log",
    "negotiate",
    "nothing",
    "nothing_arrived",
    "now_ms",
    "one_of",
    "optional",
    "parse_date",
    "patch_json",
    "path",
    "post_json",
    "put_json",
    "random_bytes",
    "read",
    "read_bytes",
    "read_document",
    "read_form",
    "read_json",
    "read_query",
    "read_text",
    "required",
    "respond",
    "respond_text",
    "start",
    "text",
    "time_left_ms",
    "today",
    "unavailable",
    "value_or_problem",
    "wait_any",
    "why",
]
