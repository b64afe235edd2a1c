"""Cases of deltas (docs/format.md 1.5): heads, operations, frames and patches of lists, written down by hand."""

from __future__ import annotations

import base64
import json
from typing import Any

Case = dict[str, Any]

_A = "a" * 64
_NUMBER = "1234 5678 9012 3456 7890 1234"
_PACK = 64 << 20


def _line(members: object) -> str:
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def _case(name: str, content: str | bytes, code: str = "", **more: Any) -> Case:
    found = {"input": content} if isinstance(content, str) else {"base64": base64.b64encode(content).decode()}
    return {"name": name, **found, "ok": not code, **({"code": code} if code else {}), **more}


_HEAD: Case = {
    "bundle": "national", "catalogue": 120, "count": {"added": 1, "changed": 2, "removed": 0}, "format": 1,
    "from": {"number": _NUMBER, "seq": 11}, "items": 90, "operations": 3, "packs": [{"sha256": _A, "size": 4096}],
    "to": {"number": _NUMBER[::-1], "seq": 12},
}  # fmt: skip


def _head(**members: Any) -> str:
    return _line({**_HEAD, **members})


def _without(name: str) -> str:
    return _line({key: value for key, value in _HEAD.items() if key != name})


HEADS = [
    _case("one pack", _head(), target="deltas/national/11-12.jsonl"),
    _case("no pack", _head(packs=[], catalogue=0, items=0), target="deltas/national/11-12.jsonl"),
    _case(
        "two packs", _head(packs=[{"sha256": _A, "size": _PACK}, {"sha256": _A, "size": 1}]),
        target="deltas/national/11-12.jsonl",
    ),
    _case("back to an older one", _head(to={"number": _NUMBER, "seq": 3}), target="deltas/national/11-3.jsonl"),
    _case("another format", _head(format=2), "format"),
    _case("no format", _without("format"), "format"),
    _case("to itself", _head(to={"number": _NUMBER, "seq": 11}), "format"),
    _case("release 0", _head(to={"number": _NUMBER, "seq": 0}), "format"),
    _case("a seq that is text", _head(to={"number": _NUMBER, "seq": "12"}), "format"),
    _case("a seq that is true", _head(to={"number": _NUMBER, "seq": True}), "format"),
    _case("a build number cut short", _head(to={"number": _NUMBER[:-1], "seq": 12}), "format"),
    _case("a bundle above", _head(bundle="../x"), "format"),
    _case("a first pack that is not full", _head(packs=[{"sha256": _A, "size": 5}] * 2), "format"),
    _case("too large a pack", _head(packs=[{"sha256": _A, "size": _PACK + 1}]), "format"),
    _case("an empty pack", _head(packs=[{"sha256": _A, "size": 0}]), "format"),
    _case("a digest in capitals", _head(packs=[{"sha256": _A.upper(), "size": 1}]), "format"),
    _case("negative", _head(operations=-1), "format"),
    _case("more operations than two releases have items", _head(operations=40_000_001), "format"),
    _case("no count", _without("count"), "format"),
    _case("packs that are an object", _head(packs={}), "format"),
    _case("not canonical", _head().replace(":", ": ", 1), "format"),
    _case("no line feed", _head()[:-1], "format"),
    _case("a list", "[]\n", "format"),
    _case("empty", "", "format"),
]  # fmt: skip

_P, _Q = "data/ab/abcdefghijabcdefghij.txt", "data/cd/cdefghijabcdefghijab"


def _operation(**members: Any) -> str:
    return _line({"op": "patch", "path": _P, "from": _Q, "frames": [12], **members})


OPERATIONS = [
    _case("add", _line({"op": "add", "path": _P, "frames": [5]}), size=5),
    _case("add an empty one", _line({"op": "add", "path": _P, "frames": []}), size=0),
    _case("patch", _operation(), size=12),
    _case("patch of itself, two windows", _operation(**{"from": _P, "frames": [12, 30]}), size=42),
    _case("copy", _line({"op": "copy", "path": _P, "from": _Q}), size=0),
    _case("remove", _line({"op": "remove", "path": _P}), size=0),
    _case("of an unknown kind", _operation(op="move"), "format"),
    _case("a kind that is a number", _operation(op=1), "format"),
    _case("patch out of nothing", _line({"op": "patch", "path": _P, "frames": [1]}), "format"),
    _case("add out of something", _operation(op="add"), "format"),
    _case("copy with frames", _operation(op="copy"), "format"),
    _case("remove with a source", _line({"op": "remove", "path": _P, "from": _Q}), "format"),
    _case("no frames", _line({"op": "add", "path": _P}), "format"),
    _case("frames that are one number", _operation(frames=12), "format"),
    _case("a negative frame", _operation(frames=[-1]), "format"),
    _case("a frame that is true", _operation(frames=[True]), "format"),
    _case("a frame longer than any", _operation(frames=[68 << 20]), "format"),
    _case("a path above", _operation(path="data/../x"), "format"),
    _case("a tag file", _operation(path="meta/items.txt"), "format"),
    _case("out of a path above", _operation(**{"from": "data/../x"}), "format"),
    _case("no path", _line({"op": "remove"}), "format"),
    _case("an unknown member", _operation(colour="red"), "format"),
    _case("not canonical", _operation().replace(",", ", ", 1), "format"),
    _case("a list", "[]\n", "format"),
]


def stored(content: bytes) -> bytes:
    """A zstd frame of one raw block (RFC 8878 3.1.1): fewer than 256 bytes."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(content)]) + (len(content) << 3 | 1).to_bytes(3, "little") + content


def repeated(byte: bytes, count: int) -> bytes:
    """A zstd frame of one block that says a byte and how often."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([count]) + (count << 3 | 3).to_bytes(3, "little") + byte


_OLD = "The old bytes of an item, which its patch may take from; a frame refers back to them as to its own content."
_NEW = _OLD.replace("old bytes", "former bytes") + " And this is new."
_WITH_OLD = base64.b64decode("KLUv/SB/FQEA2FRoZSBmb3JtZXIgQW5kIHRoaXMgaXMgbmV3LgEAIU4DEg==")
FRAMES = [
    _case("a byte again and again", repeated(b"a", 200), size=200, old="", makes="a" * 200),
    _case("as it is", stored(b"abc"), size=3, old="", makes="abc"),
    _case("out of nothing", stored(b""), size=0, old="", makes=""),
    _case("with old bytes before it", _WITH_OLD, size=127, old=_OLD, makes=_NEW),
    _case("without the old bytes", _WITH_OLD, "patch", size=127, old=""),
    _case("fewer than promised", repeated(b"a", 200), "patch", size=201, old=""),
    _case("more than promised", repeated(b"a", 200), "patch", size=199, old=""),
    _case("something behind it", repeated(b"a", 200) + b"x", "patch", size=200, old=""),
    _case("a second frame behind it", repeated(b"a", 200) + stored(b""), "patch", size=200, old=""),
    _case("cut short", repeated(b"a", 200)[:-1], "patch", size=200, old=""),
    _case("no frame", b"abc", "patch", size=30, old=""),
    _case("empty", b"", "patch", size=3, old=""),
    _case("a frame to be skipped", b"\x50\x2a\x4d\x18\x01\0\0\0x" + repeated(b"a", 200), "patch", size=200, old=""),
    _case("an unknown dictionary", b"\x28\xb5\x2f\xfd\x21\x01" + repeated(b"a", 200)[5:], "patch", size=200, old=""),
    _case("a window of 4 GiB", b"\x28\xb5\x2f\xfd\x00\xb0" + repeated(b"a", 200)[6:], "patch", size=200, old=""),
]  # fmt: skip

_LINES = "a\nb\nc\n"


def patch(*parts: bytes) -> bytes:
    return b"SXLP0001" + b"".join(parts)


def stretch(steps: bytes, gone: int, come: bytes) -> bytes:
    frame = stored(come)
    return bytes([len(steps), gone, len(come), len(frame)]) + steps + frame


_ONE = stretch(b"\x01\x01\x01", 2, b"x\n")
LIST_PATCHES = [
    _case("a line in the middle", patch(_ONE, b"\0"), old=_LINES, makes="a\nx\nc\n"),
    _case("nothing", patch(b"\0"), old=_LINES, makes=_LINES),
    _case("at the end", patch(stretch(b"\x03\x00\x02", 0, b"d\ne\n"), b"\0"), old=_LINES, makes="a\nb\nc\nd\ne\n"),
    _case("all goes", patch(stretch(b"\x00\x03\x00", 6, b""), b"\0"), old=_LINES, makes=""),
    _case("out of nothing", patch(stretch(b"\x00\x00\x01", 0, b"x\n"), b"\0"), old="", makes="x\n"),
    _case(
        "two stretches", patch(stretch(b"\x00\x01\x00", 2, b""), stretch(b"\x01\x00\x01", 0, b"x\n"), b"\0"),
        old=_LINES, makes="b\nx\nc\n",
    ),
    _case("another beginning", b"SXLP0002" + _ONE + b"\0", "patch", old=_LINES),
    _case("no end", patch(_ONE), "patch", old=_LINES),
    _case("something behind it", patch(_ONE, b"\0\0"), "patch", old=_LINES),
    _case("cut short", patch(_ONE)[:-1], "patch", old=_LINES),
    _case("empty", b"", "patch", old=_LINES),
    _case("a number longer than it need be", patch(b"\x83\0" + _ONE[1:], b"\0"), "patch", old=_LINES),
    _case("a number without end", patch(b"\xff" * 6), "patch", old=_LINES),
    _case("more lines stay than there are", patch(stretch(b"\x04\x00\x01", 0, b"x\n"), b"\0"), "patch", old=_LINES),
    _case("more lines go than there are", patch(stretch(b"\x00\x04\x00", 6, b""), b"\0"), "patch", old=_LINES),
    _case("fewer bytes go than it says", patch(stretch(b"\x01\x01\x01", 3, b"x\n"), b"\0"), "patch", old=_LINES),
    _case("more bytes go than it says", patch(stretch(b"\x01\x01\x01", 1, b"x\n"), b"\0"), "patch", old=_LINES),
    _case("a line that no step takes", patch(stretch(b"\x01\x01\x01", 2, b"x\ny\n"), b"\0"), "patch", old=_LINES),
    _case("a step of too many", patch(stretch(b"\x01\x01\x02", 2, b"x\n"), b"\0"), "patch", old=_LINES),
    _case("half a step", patch(stretch(b"\x01\x01", 2, b"x\n"), b"\0"), "patch", old=_LINES),
]  # fmt: skip

DELTAS: dict[str, list[Case]] = {
    "delta-heads": HEADS, "delta-operations": OPERATIONS, "frames": FRAMES, "list-patches": LIST_PATCHES,
}  # fmt: skip
