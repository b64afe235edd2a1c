"""Shut every door through which Whoosh would unpickle: an index arrives on a disk and is never trusted to run code.

Our own files hold no pickle at all, so nothing needs to be let through. `shut_pickle` replaces each reference to
Python's unpicklers inside Whoosh's modules by a function that refuses. It is called when `indexer.codec` is imported,
which is before any index can be opened.
"""

from __future__ import annotations

import importlib
import pickle
import sys
from types import ModuleType
from typing import Any, NoReturn

from indexer.errors import IndexFormatError

# Modules that bind an unpickler under their own name. Modules imported later take theirs from whoosh.compat, which is
# shut by then.
_BINDERS = (
    "whoosh.compat",
    "whoosh.index",
    "whoosh.legacy",
    "whoosh.columns",
    "whoosh.util.loading",
    "whoosh.filedb.structfile",
    "whoosh.filedb.filetables",
    "whoosh.filedb.compound",
    "whoosh.codec.whoosh3",
)


def refuse(*_arguments: Any, **_options: Any) -> NoReturn:
    """Stand in for `pickle.load`, `pickle.loads` and `pickle.Unpickler`.

    Raises:
        IndexFormatError: always.
    """
    raise IndexFormatError("index", "holds a pickle, and pickles are never read")


class ShutPickle(ModuleType):
    """Stand in for the module `pickle`: writes as before, never reads."""

    load = loads = Unpickler = _Unpickler = staticmethod(refuse)
    dump = staticmethod(pickle.dump)
    dumps = staticmethod(pickle.dumps)
    PicklingError = pickle.PicklingError
    UnpicklingError = pickle.UnpicklingError
    HIGHEST_PROTOCOL = pickle.HIGHEST_PROTOCOL


class ShutUnpickler:
    """Stand in for subclasses of `pickle.Unpickler`."""

    __init__ = refuse


_SHUT = ShutPickle("pickle")


def _is_unpickler(value: object) -> bool:
    return value in (pickle.load, pickle.loads) or (isinstance(value, type) and issubclass(value, pickle.Unpickler))


def shut_pickle() -> None:
    """Replace every unpickler that a loaded Whoosh module refers to. Safe to call again."""
    for name in _BINDERS:
        importlib.import_module(name)
    for name, module in list(sys.modules.items()):
        if name == "whoosh" or name.startswith("whoosh."):
            _shut_module(module)


def _shut_module(module: ModuleType) -> None:
    for name, value in list(vars(module).items()):
        if value is pickle:
            setattr(module, name, _SHUT)
        elif isinstance(value, type) and issubclass(value, pickle.Unpickler):
            setattr(module, name, ShutUnpickler)
        elif callable(value) and _is_unpickler(value):
            setattr(module, name, refuse)
