"""The watch face in Python, only to compare what guests cost (docs/inside/performance.md)."""

import json

from wit_world import exports
from wit_world.imports import downstream, runtime
from wit_world.imports.downstream import Call
from wit_world.imports.types import Method, Payload_None_, Payload_Text, Request, Response
from componentize_py_types import Ok

import datetime

ACCEPT = [("accept", "application/json")]


def call(service: str, path: str, pointer: str) -> Call:
    return Call(service, Method.GET, path, [], ACCEPT, Payload_None_(), [pointer], None, None)


def today() -> str:
    return datetime.date.fromordinal(719163 + runtime.now_ms() // 86_400_000).isoformat()


class Handler(exports.Handler):
    def handle(self, r: Request) -> Response:
        user = r.path[1:]
        day = dict(r.query).get("date") or today()
        results = downstream.fetch_all([
            call("activity", f"/users/{user}/days/{day}", "/steps"),
            call("heart", f"/users/{user}/days/{day}", "/latest/bpm"),
            call("sleep", f"/users/{user}/nights/{day}", "/asleep_minutes"),
        ])
        values = []
        for result in results:
            picked = None
            if isinstance(result, Ok) and 200 <= result.value.status < 300:
                text = result.value.selected[0]
                picked = None if text is None else json.loads(text)
            values.append(picked)
        steps, heart, sleep = values
        body = json.dumps({"steps": steps, "heart": heart, "sleep": sleep}, separators=(",", ":"))
        keep = "no-store" if None in values else "private, max-age=30"
        return Response(200, [("content-type", "application/json"), ("vary", "accept"), ("cache-control", keep)], Payload_Text(body))
