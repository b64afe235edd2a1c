"""Cases of reports and receipts (docs/format.md 1.6): what is said is written down by hand, known keys sign it."""

from __future__ import annotations

import json
from typing import Any

from tests.vectors.known import known_key

Case = dict[str, Any]

_BOX, _RECEIVER = known_key(1), known_key(2)
_DIGEST = "ab" * 32


def _line(members: object) -> str:
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def _head(**members: Any) -> str:
    found = {
        "facts": 0, "format": 1, "library": "SC-511702", "made": "2026-11-27T02:00:00Z", "month": "2026-11",
        "number": 2, "version": "0.9",
    }  # fmt: skip
    return _line({**found, **members})


def _signed(*lines: str) -> str:
    said = "".join(lines)
    signature = _BOX.sign(b"shuxiang report 1\n" + said.encode()).hex()
    return said + _line({"key": _BOX.id, "signature": signature})


_FACTS = sorted(
    _line(fact)
    for fact in (
        {"of": "edition", "bundle": "national", "live": True, "seq": 2, "truth": _DIGEST},
        {"of": "drive", "bundle": "", "disk": 0, "seq": 0, "state": "gone", "tagmanifest": ""},
        {"of": "damage", "item": "abcdefghijabcdefghij", "places": 3},
        {"of": "update", "fetched": 4096, "state": "sync.current"},
        {"of": "mirror", "host": "mirror.example.org:8080", "state": "stale"},
        {"of": "withdrawn", "resource": "A0001"},
        {"of": "wish", "count": 12, "kind": "words", "resource": "", "words": "想看养蜂的书"},
    )
)
_WHOLE = _signed(_head(facts=len(_FACTS)), *_FACTS)
_WITHDRAWN = {"of": "withdrawn", "resource": "a"}


def _good(name: str, content: str, **more: Any) -> Case:
    return {"name": name, "input": content, "ok": True, **more}


def _bad(name: str, content: str, code: str = "format") -> Case:
    return {"name": name, "input": content, "ok": False, "code": code}


REPORTS = [
    _good("every kind of fact", _WHOLE, facts=len(_FACTS), library="SC-511702", month="2026-11", number=2),
    _good("nothing to tell", _signed(_head()), facts=0, library="SC-511702", month="2026-11", number=2),
    _bad("a changed word", _WHOLE.replace("养蜂", "养猫"), "report-signature"),
    _bad("a changed signature", _WHOLE[:-10] + ("0" if _WHOLE[-10] != "0" else "1") + _WHOLE[-9:], "report-signature"),
    _bad("the key of somebody else", _WHOLE.replace(_BOX.id, _RECEIVER.id), "report-signature"),
    _bad("not signed", _head()),
    _bad("cut short", _WHOLE[:-1]),
    _bad("something behind it", _WHOLE + "\n"),
    _bad("another format", _signed(_head(format=2))),
    _bad("a month that there is not", _signed(_head(month="2026-13"))),
    _bad("a moment that there is not", _signed(_head(made="2026-02-30T00:00:00Z"))),
    _bad("a moment with an offset", _signed(_head(made="2026-11-27T02:00:00+08:00"))),
    _bad("number 0", _signed(_head(number=0))),
    _bad("a library above", _signed(_head(library="../a"))),
    _bad("one fact too few", _signed(_head(facts=1))),
    _bad("one fact too many", _signed(_head(), _line(_WITHDRAWN))),
    _bad("an unknown fact", _signed(_head(facts=1), _line({"of": "reader", "name": "张三"}))),
    _bad("a member more", _signed(_head(facts=1), _line({**_WITHDRAWN, "title": "b"}))),
    _bad("a member fewer", _signed(_head(facts=1), _line({"of": "withdrawn"}))),
    _bad("a fact twice", _signed(_head(facts=2), _line(_WITHDRAWN), _line(_WITHDRAWN))),
    _bad("unsorted", _signed(_head(facts=2), _line({**_WITHDRAWN, "resource": "b"}), _line(_WITHDRAWN))),
    _bad("not canonical", _signed(_head().replace(":", ": ", 1))),
    _bad("empty", ""),
]


def _receipt(key: Any = _RECEIVER, before: bytes = b"shuxiang receipt 1\n", **members: Any) -> str:
    said = {
        "at": "2026-11-27T03:00:00Z", "format": 1, "key": _RECEIVER.id, "library": "SC-511702", "month": "2026-11",
        "number": 2, "sha256": _DIGEST, **members,
    }  # fmt: skip
    return _line({**said, "signature": key.sign(before + _line(said).encode()).hex()})


RECEIPTS = [
    _good("a receipt", _receipt(), sha256=_DIGEST),
    _bad(
        "for another number, by the old signature", _receipt().replace('"number":2', '"number":3'), "report-signature"
    ),
    _bad("by another key", _receipt(_BOX), "report-signature"),
    _bad("signed as a report", _receipt(before=b"shuxiang report 1\n"), "report-signature"),
    _bad("another format", _receipt(format=2)),
    _bad("a member more", _receipt(title="a")),
    _bad("a digest in capitals", _receipt(sha256=_DIGEST.upper())),
    _bad("a moment that there is not", _receipt(at="2026-11-31T03:00:00Z")),
    _bad("cut short", _receipt()[:-1]),
    _bad("empty", ""),
]
