"""The list of what a box lacks, for carrying to whoever has the bytes; and the folder that brings them back.

    {"format":1,"places":2}
    {"chunk":3,"digest":"<SHA-256>","length":1048576,"offset":3145728,"path":"objects/ab/<SHA-256>","sha256":"…","size":…}

One canonical JSON object a line. The list needs no signature: it asks, it proves nothing. What is brought back is a
folder with `repair/objects/ab/<digest of the chunk>`; the box compares every chunk with its own signed digests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from packager.format.errors import FormatError, TooLargeError
from packager.format.items import MAX_ITEM_SIZE
from packager.format.layout import CHUNK
from packager.format.origin import object_path

FORMAT = 1
MAX_PLACES = 20_000
MAX_BYTES = 16 << 20
FOLDER = "repair"
"""Where list and chunks stand on a stick."""
LIST_NAME = "list.jsonl"
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Lacking:
    """One chunk that a box lacks.

    Attributes:
        sha256: of the whole item, hexadecimal. size: of the item in bytes.
        chunk: the chunk's number from 0. offset, length: of the chunk within the item, in bytes.
        digest: of the chunk, hexadecimal.
    """

    sha256: str
    size: int
    chunk: int
    offset: int
    length: int
    digest: str

    @property
    def path(self) -> str:
        """Where the item stands below an origin."""
        return object_path(self.sha256)


def lacking(sha256: str, size: int, chunk: int, digest: bytes) -> Lacking:
    """The entry of one chunk."""
    return Lacking(sha256, size, chunk, chunk * CHUNK, min(CHUNK, size - chunk * CHUNK), digest.hex())


def dump_list(places: Iterable[Lacking]) -> bytes:
    """The list's bytes, sorted, each place once, at most `MAX_PLACES` of them."""
    found = sorted(set(places), key=lambda place: (place.sha256, place.chunk))[:MAX_PLACES]
    lines = [{"format": FORMAT, "places": len(found)}, *({**asdict(p), "path": p.path} for p in found)]
    return b"".join(json.dumps(line, sort_keys=True, separators=(",", ":")).encode() + b"\n" for line in lines)


def load_list(content: bytes) -> list[Lacking]:
    """The places of a list.

    Raises:
        TooLargeError: it is longer than a list may be.
        FormatError: it is no such list.
    """
    if len(content) > MAX_BYTES:
        raise TooLargeError("is too large", path=LIST_NAME, expected=f"at most {MAX_BYTES} bytes")
    try:
        head, *lines = [json.loads(line) for line in content.splitlines()]
        if _whole(head, "format") != FORMAT or _whole(head, "places") != len(lines) or len(lines) > MAX_PLACES:
            raise FormatError("is no whole list of this format", path=LIST_NAME)
        return [_place(line) for line in lines]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"is no repair list: {error!r}", path=LIST_NAME) from error


def _place(line: dict[str, object]) -> Lacking:
    sha256, digest = line["sha256"], line["digest"]
    size, chunk, _, _ = (_whole(line, name) for name in ("size", "chunk", "offset", "length"))
    if not isinstance(sha256, str) or not isinstance(digest, str):
        raise TypeError("a member is of another type")
    if not _SHA256.match(sha256) or not _SHA256.match(digest):
        raise ValueError("a digest is malformed")
    if not 0 < size <= MAX_ITEM_SIZE or not 0 <= chunk * CHUNK < size:
        raise ValueError("there is no such chunk")
    place = lacking(sha256, size, chunk, bytes.fromhex(digest))
    if {**asdict(place), "path": place.path} != line:
        raise ValueError("members do not fit each other")
    return place


def _whole(line: dict[str, object], name: str) -> int:
    """A member that is an integer: 1.0 and true are equal to 1 and are none."""
    value = line[name]
    if type(value) is not int:
        raise TypeError("a member is of another type")
    return value
