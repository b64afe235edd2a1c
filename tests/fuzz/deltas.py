"""Targets: deltas: their document, the patch of a list, a frame of an item."""

from __future__ import annotations

import io
from collections.abc import Sequence

from packager.format.deltas import ADD, COPY, PATCH, REMOVE, Delta, Operation, read_delta, write_lines
from packager.format.errors import FormatError, PatchError
from packager.format.line_patches import MAGIC, apply_line_patch, make_line_patch, number
from packager.format.patches import apply_frame, make_frame
from packager.format.release import Digest
from tests.fuzz.lists import outcome
from tests.fuzz.target import Target, kept

_OLD = b"".join(b"%04d the line of this number\n" % n for n in range(60))
_MOST = 1 << 20
_SIZE = 5000
_NUMBER = "1234 5678 9012 3456 7890 1234"


def run_delta(data: bytes) -> bool:
    path = kept("delta.jsonl", data)

    def read() -> tuple[Delta, list[Operation]]:
        head, operations = read_delta(path)
        return head, list(operations)

    found = outcome(read, FormatError)
    if found is None:
        return False
    head, operations = found
    again = read_delta(kept("again.jsonl", b"".join(write_lines(head, operations))))
    assert (again[0], list(again[1])) == (head, operations)
    assert [operation.path for operation in operations] == sorted({operation.path for operation in operations})
    assert all(pack.size <= 64 << 20 for pack in head.packs)
    return True


def run_line_patch(data: bytes) -> bool:
    out = io.BytesIO()
    try:
        apply_line_patch(io.BytesIO(_OLD), io.BytesIO(MAGIC + data), out.write, _MOST)
    except PatchError:
        return False
    made = out.getvalue()
    assert len(made) <= _MOST
    if sorted(made.splitlines()) == made.splitlines() and len(set(made.splitlines())) == made.count(b"\n"):
        again = io.BytesIO()
        patch = b"".join(make_line_patch(_lines(_OLD), _lines(made), bytes))
        apply_line_patch(io.BytesIO(_OLD), io.BytesIO(patch), again.write, _MOST)
        assert again.getvalue() == made
    return True


def run_frame(data: bytes) -> bool:
    try:
        made = apply_frame(data, _SIZE, _OLD)
    except PatchError:
        return False
    assert len(made) == _SIZE
    return True


def _lines(content: bytes) -> list[bytes]:
    return io.BytesIO(content).readlines()


def _documents() -> Sequence[bytes]:
    digest = "ab" * 32
    head = Delta("national", 10, _NUMBER, 11, _NUMBER, 4, (Digest(digest, 1234),), 100, 200, 1, 2, 3)
    operations = [
        Operation(ADD, "data/ab/abcdefghijklmnopqrst.pdf", "", (1000,)),
        Operation(COPY, "data/ac/bbcdefghijklmnopqrst.pdf", "data/ad/cbcdefghijklmnopqrst.pdf"),
        Operation(PATCH, "data/ba/dbcdefghijklmnopqrst", "data/ba/dbcdefghijklmnopqrst", (20, 30)),
        Operation(REMOVE, "data/ca/ebcdefghijklmnopqrst.epub"),
    ]
    empty = Delta("sichuan", 1, _NUMBER, 2, _NUMBER, 0, (), 9, 9)
    return [b"".join(write_lines(head, operations)), empty.to_bytes()]


def _patches() -> Sequence[bytes]:
    lines = _lines(_OLD)
    news = ([*lines[:10], b"0010x\n", *lines[11:]], lines[5:50], [], [*lines, b"zzzz\n"], lines)
    return [b"".join(make_line_patch(lines, new, bytes))[len(MAGIC) :] for new in news]


def _frames() -> Sequence[bytes]:
    return [make_frame(new, _OLD) for new in (bytes(_SIZE), (_OLD * 4)[7 : 7 + _SIZE], bytes(range(250)) * 20)]


DELTAS = (
    Target(
        "delta", "packager.format.deltas.read_delta", _documents, run_delta,
        tokens=(b'"op":"add"', b'"op":"patch"', b'"frames":[', b'"from":', b'"packs":[', b'"seq":'),
    ),
    Target(
        "line-patch", "packager.format.line_patches.apply_line_patch", _patches, run_line_patch, tokens=(number(300),),
    ),
    Target("frame", "packager.format.patches.apply_frame", _frames, run_frame, tokens=(b"\x28\xb5\x2f\xfd",)),
)  # fmt: skip
