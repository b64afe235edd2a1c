"""A delta: the way from one release of a bundle to another (docs/format.md, "Deltas").

`delta.jsonl` is canonical JSON lines: a head, then one operation a line, sorted by path, each path once. What the
operations need lies in packs of at most 64 MiB, one after the other: the patch of catalogue.jsonl, the patch of
items.txt, then the frames of each operation in their order. chunks.bin is computed.

A delta is a signed target, and still proves nothing about what it makes: that must have the digests of the new
release's truth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packager.format.errors import FormatError, LayoutError, TooLargeError
from packager.format.items import MAX_ITEM_SIZE, MAX_ITEMS
from packager.format.layout import check_payload_path
from packager.format.patches import WINDOW, longest_frame, windows_of
from packager.format.release import BUNDLE, MAX_BYTES, MAX_SEQ, Digest, canonical_json, is_sha256, load_canonical

FORMAT = 1
ADD, PATCH, COPY, REMOVE = "add", "patch", "copy", "remove"
MAX_PACK = WINDOW
MAX_PACKS = 80_000
MAX_LINE = 8 << 20
"""Most bytes in a line of delta.jsonl: the head names every pack."""
MAX_DELTA = 4 << 30
"""Most bytes in a delta.jsonl."""
_NUMBER = 29
"""Characters of a build number."""


@dataclass(frozen=True, slots=True)
class Operation:
    """How one item of the new release comes about.

    Attributes:
        kind: `ADD` whole; `PATCH` out of an old item; `COPY` of an old item under another path; `REMOVE`: it goes.
        path: of the item. source: of the old item that a patch or a copy takes from.
        frames: bytes of each window's frame (`patches.windows_of`); as many as the window makes: the bytes themselves.
    """

    kind: str
    path: str
    source: str = ""
    frames: tuple[int, ...] = ()

    def to_bytes(self) -> bytes:
        """The canonical line."""
        members: dict[str, Any] = {"op": self.kind, "path": self.path}
        if self.source:
            members["from"] = self.source
        if self.kind in {ADD, PATCH}:
            members["frames"] = list(self.frames)
        return canonical_json(members)

    @property
    def size(self) -> int:
        """Bytes that it takes in the packs."""
        return sum(self.frames)


@dataclass(frozen=True, slots=True)
class Delta:
    """The head of a delta.

    Attributes:
        bundle: of both releases. old: number of the one it begins with; new: of the other.
        old_number: build number of the old release; new_number: of the new one.
        operations: how many follow. packs: digest and size of each, in order.
        catalogue: bytes of the patch of catalogue.jsonl; items: of the patch of items.txt.
        added, changed, removed: resources, for people.
    """

    bundle: str
    old: int
    old_number: str
    new: int
    new_number: str
    operations: int
    packs: tuple[Digest, ...]
    catalogue: int
    items: int
    added: int = 0
    changed: int = 0
    removed: int = 0

    def __post_init__(self) -> None:
        """Check every member.

        Raises:
            FormatError: a member is not what it may be.
        """
        numbers = (self.operations, self.catalogue, self.items, self.added, self.changed, self.removed)
        _must(isinstance(self.bundle, str) and bool(BUNDLE.match(self.bundle)), "bundle", self.bundle)
        for seq, number in ((self.old, self.old_number), (self.new, self.new_number)):
            _must(type(seq) is int and 0 < seq <= MAX_SEQ, "seq", seq)
            _must(isinstance(number, str) and len(number) == _NUMBER and number.isascii(), "number", number)
        _must(self.old != self.new, "seq", self.new)
        _must(all(type(n) is int and 0 <= n <= MAX_BYTES for n in numbers), "numbers", numbers)
        _must(self.operations <= 2 * MAX_ITEMS, "operations", self.operations)
        _must(len(self.packs) <= MAX_PACKS, "packs", len(self.packs))
        for n, pack in enumerate(self.packs, 1):
            _must(is_sha256(pack.sha256) and type(pack.size) is int, "packs", pack)
            _must(0 < pack.size <= MAX_PACK and (pack.size == MAX_PACK or n == len(self.packs)), "packs", pack.size)

    @property
    def target(self) -> str:
        """Its name as a TUF target."""
        return delta_target(self.bundle, self.old, self.new)

    @property
    def size(self) -> int:
        """Bytes of its packs."""
        return sum(pack.size for pack in self.packs)

    def to_bytes(self) -> bytes:
        """The canonical head."""
        return canonical_json(
            {
                "bundle": self.bundle,
                "catalogue": self.catalogue,
                "count": {"added": self.added, "changed": self.changed, "removed": self.removed},
                "format": FORMAT,
                "from": {"number": self.old_number, "seq": self.old},
                "items": self.items,
                "operations": self.operations,
                "packs": [{"sha256": pack.sha256, "size": pack.size} for pack in self.packs],
                "to": {"number": self.new_number, "seq": self.new},
            }
        )

    @classmethod
    def from_bytes(cls, line: bytes) -> Delta:
        """The head of a canonical line.

        Raises:
            FormatError: it is not canonical, of another format, or a member is not what it may be.
            TooLargeError: it is longer than `MAX_LINE`.
        """
        found = load_canonical(line, MAX_LINE, "delta.jsonl")
        if found.get("format") != FORMAT:
            raise FormatError("is of another format", path="delta.jsonl", expected=str(FORMAT))
        _must(isinstance(found.get("packs"), list), "packs", found.get("packs"))
        try:
            count: Mapping[str, int] = found["count"]
            return cls(
                bundle=found["bundle"],
                old=found["from"]["seq"],
                old_number=found["from"]["number"],
                new=found["to"]["seq"],
                new_number=found["to"]["number"],
                operations=found["operations"],
                packs=tuple(Digest(pack["sha256"], pack["size"]) for pack in found["packs"]),
                catalogue=found["catalogue"],
                items=found["items"],
                added=count["added"],
                changed=count["changed"],
                removed=count["removed"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise FormatError(
                f"has a member that is missing or of another shape: {error}", path="delta.jsonl"
            ) from error


DELTA_PREFIX = "deltas/"
"""What names of deltas as TUF targets begin with."""
_TARGET = re.compile(r"deltas/([a-z][a-z0-9-]{0,31})/([1-9][0-9]{0,9})-([1-9][0-9]{0,9})\.jsonl\Z")


def parse_target(name: str) -> tuple[str, int, int] | None:
    """Bundle and the two numbers of a delta's target name, None when it is none."""
    found = _TARGET.match(name)
    return (found[1], int(found[2]), int(found[3])) if found else None


def listed_deltas(targets: bytes) -> dict[str, Digest]:
    """The deltas that verified targets metadata lists: name → what the document must be; odd entries are left out."""
    found = {}
    for name, target in json.loads(targets)["signed"]["targets"].items():
        sha256, size = target["hashes"].get("sha256"), target["length"]
        if parse_target(name) and is_sha256(sha256) and 0 < size <= MAX_DELTA:
            found[name] = Digest(sha256, size)
    return found


def joins(name: str, bundle: str, seq: int) -> bool:
    """Whether a target is a delta that begins or ends with that release."""
    found = parse_target(name)
    return found is not None and found[0] == bundle and seq in found[1:]


def delta_target(bundle: str, old: int, new: int) -> str:
    """The name of a delta as a TUF target: `deltas/<bundle>/<old>-<new>.jsonl`."""
    return f"deltas/{bundle}/{old}-{new}.jsonl"


def parse_operation(line: bytes) -> Operation:
    """The operation of a canonical line.

    Raises:
        FormatError: it is not canonical, of an unknown kind, or a member is not what it may be.
    """
    found = load_canonical(line, MAX_LINE, "delta.jsonl")
    kind: Any = found.get("op")
    path: Any = found.get("path")
    source: Any = found.get("from", "")
    frames: Any = found.get("frames", [])
    _must(isinstance(kind, str) and kind in {ADD, PATCH, COPY, REMOVE}, "op", kind)
    _must(isinstance(path, str) and isinstance(source, str), "path", path)
    try:
        check_payload_path(path)
        if source:
            check_payload_path(source)
    except LayoutError as error:
        raise FormatError("names a path that no drive may hold", path="delta.jsonl", found=path) from error
    _must(bool(source) == (kind in {PATCH, COPY}), "from", source)
    _must(isinstance(frames, list) and all(type(n) is int and 0 <= n <= longest_frame(WINDOW) for n in frames),
          "frames", frames)  # fmt: skip
    _must(("frames" in found) == (kind in {ADD, PATCH}), "frames", kind)
    _must(set(found) <= {"op", "path", "from", "frames"}, "members", sorted(found))
    return Operation(kind, path, source, tuple(frames))


def read_delta(path: Path) -> tuple[Delta, Iterator[Operation]]:
    """The head and the operations of a delta.jsonl, streaming.

    Raises:
        FormatError, TooLargeError: the head is not what it may be; the operations raise as they are read: one is
            malformed or out of order, or there are more or fewer than the head says.
        OSError: the file is not there or the disk does not answer.
    """
    if path.stat().st_size > MAX_DELTA:
        raise TooLargeError("is too large", path=path.name, expected=f"at most {MAX_DELTA} bytes")
    lines = _lines(path)
    head = Delta.from_bytes(next(lines, b""))
    return head, _operations(lines, head.operations, path.name)


def write_lines(head: Delta, operations: Iterable[Operation]) -> Iterator[bytes]:
    """The lines of a delta.jsonl."""
    yield head.to_bytes()
    for operation in operations:
        yield operation.to_bytes()


def windows(operation: Operation, size: int, old: int) -> list[tuple[int, int, int, int]]:
    """The windows of an added or patched item, see `patches.windows_of`.

    Args:
        operation: which.
        size: bytes of the new item.
        old: bytes of its source; 0 for none.

    Raises:
        FormatError: it has another number of frames, or one is longer than it may be.
    """
    if size > MAX_ITEM_SIZE:
        raise TooLargeError("is too large", path=operation.path)
    found = list(windows_of(size, old))
    right = len(found) == len(operation.frames)
    if not right or any(n > window[1] for n, window in zip(operation.frames, found, strict=True)):
        raise FormatError("has frames that do not fit its size", path=operation.path)
    return found


def _operations(lines: Iterator[bytes], count: int, name: str) -> Iterator[Operation]:
    before, found = "", 0
    for line in lines:
        operation = parse_operation(line)
        found += 1
        if operation.path <= before or found > count:
            raise FormatError("is not sorted, or has more operations than its head says", path=name)
        before = operation.path
        yield operation
    if found != count:
        raise FormatError("has fewer operations than its head says", path=name)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                raise TooLargeError("holds a line that is too long", path=path.name, expected=f"{MAX_LINE} bytes")
            yield line


def _must(right: bool, member: str, found: object) -> None:
    if not right:
        shown = json.dumps(found, default=str)[:200]
        raise FormatError("has a member that is not what it may be", path=f"delta.jsonl, {member}", found=shown)
