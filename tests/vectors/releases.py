"""Release documents, good and bad, each with the error that a reader must answer with."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

A, B = "a" * 64, "b" * 64

_GOOD: dict[str, Any] = {
    "accelerators": {"search/MAIN_1.seg": {"format": "1", "sha256": B, "size": 9, "tool": "shuxiang 1"}},
    "bundle": "national",
    "count": 3,
    "disks": [{"bytes": 5, "n": 1, "tagmanifest": B}, {"bytes": 7, "n": 2, "tagmanifest": A}],
    "edition": "2026年11月版",
    "issued": "2026-11-22",
    "requires": ["chunks-v1"],
    "seq": 11,
    "supersedes": 10,
    "truth": {name: {"sha256": A, "size": 10} for name in ("catalogue.jsonl", "chunks.bin", "items.txt")},
}
_NUMBER = "6731 9240 0322 8119 2760 9816"


def _text(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


def _with(**members: Any) -> str:
    return _text({**_GOOD, **members})


def _changed(change: Callable[[dict[str, Any]], Any]) -> str:
    document = copy.deepcopy(_GOOD)
    change(document)
    return _text(document)


def _good(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "input": text, "ok": True, "number": _NUMBER}


def _bad(name: str, text: str, code: str = "format") -> dict[str, Any]:
    return {"name": name, "input": text, "ok": False, "code": code}


def _without(name: str) -> dict[str, Any]:
    return _bad(f"without {name}", _text({key: value for key, value in _GOOD.items() if key != name}))


RELEASES: list[dict[str, Any]] = [
    _good("whole", _text(_GOOD)),
    _good("the first of its bundle", _with(seq=1, supersedes=None)),
    _good("the last number", _with(seq=(1 << 31) - 1)),
    _good("no accelerators", _with(accelerators={})),
    _good("an unknown member", _with(colour="red")),
    _good("a name of its bundle", _with(name="国家版")),
    _good("drives that count their resources", _changed(lambda d: d["disks"][0].update(count=2))),
    _good("a drive whose resources are not told", _changed(lambda d: d["disks"][0].update(count=0))),
    _good("one letter for a bundle", _with(bundle="a")),
    *map(_without, _GOOD),
    _bad("an unknown feature", _with(requires=["chunks-v1", "chunks-v2"]), "needs-newer-box"),
    _bad("an unknown feature in another form", _with(requires=["chunks-v2"], disks="elsewhere"), "needs-newer-box"),
    _bad("features that are no list", _with(requires="chunks-v1")),
    _bad("features twice", _with(requires=["chunks-v1", "chunks-v1"])),
    _bad("bundle in capitals", _with(bundle="National")),
    _bad("bundle too long", _with(bundle="a" * 33)),
    _bad("bundle with a line feed", _with(bundle="national\n")),
    _bad("number 0", _with(seq=0, supersedes=None)),
    _bad("number 2^31", _with(seq=1 << 31)),
    _bad("number as text", _with(seq="11")),
    _bad("number true", _with(seq=True, supersedes=None)),
    _bad("number with a fraction", _text(_GOOD).replace('"seq":11', '"seq":11.0')),
    _bad("a date in short", _with(issued="20261122")),
    _bad("a date that there is not", _with(issued="2026-02-30")),
    _bad("an edition without a name", _with(edition="")),
    _bad("an edition too long", _with(edition="a" * 65)),
    _bad("an edition with a line feed", _with(edition="a\nb")),
    _bad("an edition not in NFC", _with(edition="e\u0301")),
    _bad("a truth file less", _changed(lambda d: d["truth"].pop("items.txt"))),
    _bad("a truth file more", _changed(lambda d: d["truth"].update(more=d["truth"]["items.txt"]))),
    _bad("a digest in capitals", _changed(lambda d: d["truth"]["items.txt"].update(sha256="A" * 64))),
    _bad("a size below nothing", _changed(lambda d: d["truth"]["items.txt"].update(size=-1))),
    _bad("no drives", _with(disks=[])),
    _bad("drives that begin at 0", _changed(lambda d: d["disks"][0].update(n=0))),
    _bad("drives out of order", _with(disks=_GOOD["disks"][::-1])),
    _bad("a drive too many", _with(disks=[{"bytes": 1, "n": n, "tagmanifest": A} for n in range(1, 1001)])),
    _bad("an accelerator above", _with(accelerators={"../x": _GOOD["accelerators"]["search/MAIN_1.seg"]})),
    _bad(
        "an accelerator of a truth file's name",
        _with(accelerators={"items.txt": {**_GOOD["accelerators"]["search/MAIN_1.seg"]}}),
    ),
    _bad("a name with a line feed", _with(name="国家\n版")),
    _bad("a name that is no text", _with(name=1)),
    _bad("a drive with fewer resources than none", _changed(lambda d: d["disks"][0].update(count=-1))),
    _bad("it supersedes itself", _with(supersedes=11)),
    _bad("it supersedes 0", _with(supersedes=0)),
    _bad("a space", _text(_GOOD).replace(":", ": ", 1)),
    _bad("no line feed", _text(_GOOD)[:-1]),
    _bad("two line feeds", _text(_GOOD) + "\n"),
    _bad("escaped letters", _text(_GOOD).replace("年", "\\u5e74")),
    _bad("keys in another order", _text(_GOOD).replace('"seq":11,"supersedes":10', '"supersedes":10,"seq":11')),
    _bad("a member twice", _text(_GOOD).replace('"seq":11', '"seq":11,"seq":11')),
    _bad("a list", "[]\n"),
    _bad("empty", ""),
    _bad("cut short", _text(_GOOD)[:100]),
    _bad("nested without end", "[" * 2_000),
    {**_bad("too large", _with(more="~"), "too-large"), "expand": 256 << 10},
]
