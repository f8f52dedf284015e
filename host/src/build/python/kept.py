"""What a component has besides while its author works on it: the modules of the author come in a
first request, so that the interpreter is started and compiled once, and not for each save.

Everything else that they import is there: they were imported once when this was made, and are
forgotten then.
"""

import gc
import json
import sys
import traceback
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.util import spec_from_file_location

import tailor_entry
from tailor_build import ROOTS
from wit_world.imports import types


class _Loader(SourceLoader):
    """A module of the request."""

    def __init__(self, files, path):
        self._files = files
        self._path = path

    def get_filename(self, name):
        return self._path

    def get_data(self, path):
        if path not in self._files:
            raise FileNotFoundError(path)
        return self._files[path].encode()

    def source_to_code(self, data, path, **options):
        return super().source_to_code(data, tailor_entry.shown(path), **options)


class _Finder(MetaPathFinder):
    """Finds them where they would be in files."""

    def __init__(self, files):
        self._files = files

    def find_spec(self, name, path, target=None):
        last = name.rpartition(".")[2]
        for folder in [f"/{number}" for number in range(len(ROOTS))] if path is None else path:
            for file in (f"{folder}/{last}/__init__.py", f"{folder}/{last}.py"):
                if file in self._files:
                    inside = [f"{folder}/{last}"] if file.endswith("/__init__.py") else None
                    loader = _Loader(self._files, file)
                    return spec_from_file_location(
                        name, file, loader=loader, submodule_search_locations=inside
                    )
        return None


def _forget():
    """Makes the modules of the author's be imported anew."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        if tailor_entry.shown(file) != file:
            del sys.modules[name]
    tailor_entry.handler = None
    gc.collect()


def _load(request):
    """Imports the author's modules, which are the body of the request."""
    files = json.loads(request.body.value)
    finder = _Finder(files)
    sys.meta_path.insert(0, finder)
    try:
        tailor_entry.begin(files.__contains__)
    except BaseException as error:
        told = f"\nCaused by:\n    {type(error).__name__}: {error}\n"
        text = "".join(traceback.format_exception(error)) + told
        return types.Response(500, [], types.Payload_Text(text))
    finally:
        # An import in a function finds no more than it does in a component for production.
        sys.meta_path.remove(finder)
    gc.collect()
    return types.Response(200, [], types.Payload_None_())


class Handler(tailor_entry.Handler):
    def handle(self, r):
        if tailor_entry.handler is None:
            return _load(r)
        # The interpreter does so before the first request, which was another one here.
        if "random" in sys.modules:
            sys.modules["random"].seed()
        return super().handle(r)


_forget()
