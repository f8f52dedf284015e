"""What the host calls: the handler of the author, and what becomes of an exception in it.

`tailor build` puts this module into the component. An exception that nobody catches is a fault of
the code: it is written to the log as one line with the author's places, and ends the instance, so
that the host answers 502 with its own stable code. Left to the interpreter it would be a dozen
lines, each of them apart.
"""

import importlib
import os
import sys
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)

from tailor_build import MODULE, ROOTS
from wit_world import exports
from wit_world.imports import runtime, types

# Bytes of the parts of a line, of which the host takes 4 KiB, and calls of a stack.
_MOST = {"message": 800, "stack": 1200, "route": 120, "cause": 900}
_MOST_CALLS = 12
_MOST_CAUSES = 4
# Memory that is given back where there is no more of it, for the line that says so.
_SPARE = [bytearray(256 << 10)]


def _cut(text, most):
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode()
    return data[:most].decode("utf-8", "ignore") + "…"


def shown(path):
    """`src/main.py` of `/0/main.py`. The kit and what is not the author's are as they are."""
    parts = path.split("/", 2)
    if len(parts) != 3 or not parts[1].isdigit() or int(parts[1]) >= len(ROOTS):
        return path
    if parts[2].startswith("tailor_kit/"):
        return path
    root = ROOTS[int(parts[1])]
    return parts[2] if root == "." else f"{root}/{parts[2]}"


class _Loader(SourceFileLoader):
    """Gives the author's code the names of files that the author knows: in the interpreter's own
    messages, and in the frames that the host reads when it ends the request.
    """

    def source_to_code(self, data, path, **options):
        return super().source_to_code(data, shown(path), **options)


def _finder(folder):
    if shown(f"{folder}/") == f"{folder}/":
        raise ImportError("is found in the usual way", path=folder)
    return FileFinder(
        folder,
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_Loader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )


def _place(code, instruction, line):
    """`src/main.py:14:9`, or nothing for code that is not the author's."""
    file = code.co_filename
    if file.startswith(("/", "<")):
        return None
    positions = list(code.co_positions())
    column = positions[instruction // 2][2] if instruction // 2 < len(positions) else None
    return f"{file}:{line}" if column is None else f"{file}:{line}:{column + 1}"


def _stack(error):
    """The calls of the author's, the innermost first."""
    calls = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        place = _place(code, trace.tb_lasti, trace.tb_lineno)
        if place is not None:
            calls.append(f"{code.co_name} {place}")
            # Of endless recursion the innermost calls are as good as any.
            if len(calls) > 4 * _MOST_CALLS:
                del calls[: 2 * _MOST_CALLS]
        trace = trace.tb_next
    return " < ".join(calls[: -_MOST_CALLS - 1 : -1])


def _in_words(error):
    name = type(error).__name__
    try:
        text = str(error)
    except Exception:
        text = "which cannot be read"
    return f"{name}: {text}" if text else name


def _causes(error):
    told = []
    seen = {id(error)}
    while len(told) < _MOST_CAUSES:
        hidden = error.__suppress_context__
        error = error.__cause__ or (None if hidden else error.__context__)
        if error is None or id(error) in seen:
            break
        seen.add(id(error))
        place = _stack(error).split(" < ", 1)[0]
        told.append(f"{_in_words(error)} ({place})" if place else _in_words(error))
    return "; ".join(told)


def _write(error):
    fields = {
        "stack": _stack(error),
        "route": getattr(error, "tailor_route", ""),
        "cause": _causes(error),
    }
    pairs = [(name, _cut(value, _MOST[name])) for name, value in fields.items() if value]
    runtime.log(runtime.Level.ERROR, _cut(_in_words(error), _MOST["message"]), pairs)


def _refuse_hidden(is_there):
    """A module with the name of one that is there already would not be imported in the component,
    and is in the unit tests.
    """
    for name in sys.stdlib_module_names:
        for folder in range(len(ROOTS)):
            for file in (f"/{folder}/{name}.py", f"/{folder}/{name}/__init__.py"):
                if is_there(file):
                    raise ImportError(
                        f"{shown(file)} is never imported: `{name}` is a module of the standard "
                        "library, which is there before; give yours another name"
                    )


def _find():
    """The author's handler: `handler` of the module, or an instance of its class `Handler`."""
    sys.path_hooks.insert(0, _finder)
    sys.path_importer_cache.clear()
    module = importlib.import_module(MODULE)
    found = getattr(module, "handler", None)
    if found is None and hasattr(module, "Handler"):
        found = module.Handler()
    if not callable(getattr(found, "handle", None)):
        raise TypeError(f"the module {MODULE} has no `handler` with a method `handle(request)`")
    return found


def _connect_logging():
    """What the standard library's `logging` writes becomes lines of the host, too."""
    import logging

    levels = {
        logging.DEBUG: runtime.Level.DEBUG,
        logging.INFO: runtime.Level.INFO,
        logging.WARNING: runtime.Level.WARN,
    }

    class Lines(logging.Handler):
        def emit(self, record):
            fields = [("logger", record.name)]
            if record.exc_info and record.exc_info[1] is not None:
                error = record.exc_info[1]
                fields += [
                    ("error", _cut(_in_words(error), 800)),
                    ("stack", _cut(_stack(error), 1200)),
                ]
            level = levels.get(record.levelno, runtime.Level.ERROR)
            if record.levelno < logging.INFO:
                level = runtime.Level.DEBUG
            runtime.log(level, _cut(record.getMessage(), _MOST["message"]), fields)

    root = logging.getLogger()
    # Somebody who has set it up wants it so.
    if not root.handlers:
        root.addHandler(Lines())
        root.setLevel(logging.INFO)


_PAYLOADS = {types.Payload_None_: None, types.Payload_Text: str, types.Payload_Bytes: bytes}


def _checked(answer):
    """An answer of the contract. At another value the interpreter ends without a word."""
    if not isinstance(answer, types.Response):
        kind = type(answer).__name__
        raise TypeError(f"the handler returned a value of type {kind}, not a Response")
    status, headers, body = answer.status, answer.headers, answer.body
    if type(status) is not int or not 0 <= status <= 0xFFFF:
        raise TypeError("the status of the answer is not a whole number")
    if not all(type(text) is str for pair in headers for text in pair):
        raise TypeError("a header of the answer is not a pair of texts")
    of = _PAYLOADS.get(type(body), ...)
    if of is ... or (of is not None and type(body.value) is not of):
        raise TypeError(f"the body of the answer is of type {type(body).__name__}")
    return answer


def _refuse_sockets():
    """A socket would end the instance without a word, and so would what makes one: an event loop of
    `asyncio`.
    """
    socket = sys.modules["socket"]

    class NoSocket(socket.socket):
        def __init__(self, *given, **named):
            raise OSError("there are no sockets in a component, which event loops of asyncio need")

    socket.socket = NoSocket


handler = None


def begin(is_there=os.path.isfile):
    """Imports the author's modules. `is_there` knows their files."""
    global handler
    _refuse_hidden(is_there)
    handler = _find()
    if "logging" in sys.modules:
        _connect_logging()
    if "socket" in sys.modules:
        _refuse_sockets()


class Handler(exports.Handler):
    def handle(self, r):
        try:
            return _checked(handler.handle(r))
        except BaseException as error:
            _SPARE.clear()
            sys.stdout.flush()
            _write(error)
            os.abort()


begin()
