import asyncio

import poll_loop
from componentize_py_types import Err, Ok
from poll_loop import PollLoop, Sink, Stream
from wit_world import exports
from wit_world.imports.types import (
    Fields,
    IncomingRequest,
    Method_Post,
    OutgoingBody,
    OutgoingRequest,
    OutgoingResponse,
    ResponseOutparam,
    Scheme_Http,
)


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        loop = PollLoop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(answer(request, response_out))


def outgoing(authority: str, path: str) -> OutgoingRequest:
    request = OutgoingRequest(Fields.from_list([]))
    request.set_scheme(Scheme_Http())
    request.set_authority(authority)
    request.set_path_with_query(path)
    return request


async def read(body) -> bytes:
    stream = Stream(body)
    chunks = []
    while (chunk := await stream.next()) is not None:
        chunks.append(chunk)
    return b"".join(chunks)


async def get(authority: str, path: str) -> bytes:
    response = await poll_loop.send(outgoing(authority, path))
    return await read(response.consume())


async def answer(request: IncomingRequest, response_out: ResponseOutparam) -> None:
    path = request.path_with_query()
    status, text = 200, b""
    if path == "/post":
        body = await read(request.consume())
        call = outgoing("goals", "/upload")
        call.set_method(Method_Post())
        sink = Sink(call.body())
        sent = asyncio.ensure_future(poll_loop.send(call))
        # The loop begins it here, and not while the body waits for room.
        await asyncio.sleep(0)
        await sink.send(body)
        sink.close()
        text = b"%d " % len(body) + await read((await sent).consume())
    elif path == "/three":
        text = b" ".join(await asyncio.gather(*(get("goals", f"/{name}") for name in "abc")))
    elif path == "/denied":
        try:
            await get("elsewhere.example", "/")
            text = b"reached"
        except Err as error:
            text = b"denied"
    elif path == "/hang":
        try:
            await get("goals", "/hang")
        except Err:
            while True:
                pass
    elif path == "/trap":
        raise RuntimeError("trap")
    elif path == "/memory":
        kept = []
        while True:
            kept.append(bytearray(1 << 20))
    else:
        status = 404
    response = OutgoingResponse(Fields.from_list([("content-type", b"text/plain")]))
    response.set_status_code(status)
    body = response.body()
    ResponseOutparam.set(response_out, Ok(response))
    sink = Sink(body)
    await sink.send(text)
    sink.close()
