"""Lists of withdrawn resources, each with a notice of the role that can only withdraw and what comes of the two."""

from __future__ import annotations

from typing import Any

_DAY = "2026-11-22"


def _case(name: str, text: str, notice: int, named: list[str], withdrawn: list[str]) -> dict[str, Any]:
    return {"name": name, "input": text, "ok": True, "notice": notice, "named": named, "withdrawn": withdrawn}


def _list(resources: str, lifted: str | None = None) -> str:
    more = "" if lifted is None else f'"lifted":{lifted},'
    return f'{{"bundle":"national",{more}"resources":{resources}}}\n'


_A = f'{{"A1":"{_DAY}"}}'

WITHDRAWN: list[dict[str, Any]] = [
    _case("two people", _list(_A), 0, [], ["A1"]),
    _case("one person", _list("{}"), 7, ["b-2"], ["b-2"]),
    _case("both of them", _list(_A), 7, ["A1", "b-2"], ["A1", "b-2"]),
    _case("lifted at the number of the notice", _list("{}", '{"b-2":7}'), 7, ["b-2"], []),
    _case("lifted, an older notice shown again", _list("{}", '{"b-2":7}'), 6, ["b-2"], []),
    _case("withdrawn again by the next notice", _list("{}", '{"b-2":7}'), 8, ["b-2"], ["b-2"]),
    _case("one lifted, another not", _list("{}", '{"b-2":7}'), 7, ["b-2", "c"], ["c"]),
    _case("lifted and withdrawn by two again", _list(_A, '{"A1":7}'), 7, ["A1"], ["A1"]),
    _case("lifted without a notice", _list("{}", '{"A1":7}'), 0, [], []),
    _case("numbers that are none", _list("{}", '{"A1":"7","b-2":true,"c":0,"d":-1,"e":null}'), 1,
          ["A1", "b-2", "c", "d", "e"], ["A1", "b-2", "c", "d", "e"]),
    _case("lifted as a list", _list(_A, '["b-2"]'), 7, ["b-2"], ["A1", "b-2"]),
    _case("a name that is no id", _list(f'{{"../etc":"{_DAY}","A1":"{_DAY}"}}', '{"a b":9}'), 0, [], ["A1"]),
    _case("an unknown member", f'{{"bundle":"national","colour":"red","resources":{_A}}}\n', 0, [], ["A1"]),
    _case("no list of this form", "[]\n", 7, ["b-2"], ["b-2"]),
    _case("not canonical", _list(_A).replace(",", ", "), 7, ["b-2"], ["b-2"]),
]  # fmt: skip
