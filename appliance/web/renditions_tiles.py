"""Tiles out of a stored zip: where each file lies, and its bytes. Nothing is unpacked and nothing is written."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from indexer.errors import RenditionError

if TYPE_CHECKING:
    from indexer.renditions.source import ByteSource

MAX_DIRECTORY = 32 << 20
MAX_FILES = 400_000
MAX_TILE = 4 << 20
_TAIL = 22 + 65535 + 76
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s4B4H3L5H2L")
_LOCAL = struct.Struct("<4s2B4HL2L2H")
_NAME_BYTES = 1024


@dataclass(frozen=True, slots=True)
class TileDirectory:
    """Name → (offset of the local header, bytes) of every stored file of a tile pack."""

    files: dict[str, tuple[int, int]]

    @classmethod
    def read(cls, source: ByteSource) -> Self:
        """Read the directory at the end of the zip.

        Raises:
            RenditionError: it is no zip that holds stored files only, or too large.
        """
        offset, size = _directory_place(source)
        if size > MAX_DIRECTORY or offset + size > source.size:
            raise RenditionError("the tile pack's directory does not fit")
        return cls(dict(_entries(source.read_at(offset, size))))


def read_tile(source: ByteSource, directory: TileDirectory, name: str) -> bytes | None:
    """The bytes of a file of the pack, None when there is none.

    Raises:
        RenditionError: the pack is not as its directory says.
    """
    place = directory.files.get(name)
    if place is None:
        return None
    offset, size = place
    header = source.read_at(offset, _LOCAL.size)
    if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
        raise RenditionError("a tile is not where the directory says")
    name_length, extra_length = _LOCAL.unpack(header)[-2:]
    data = source.read_at(offset + _LOCAL.size + name_length + extra_length, size)
    if len(data) != size:
        raise RenditionError("a tile ends too early")
    return data


def _directory_place(source: ByteSource) -> tuple[int, int]:
    start = max(0, source.size - _TAIL)
    tail = source.read_at(start, source.size - start)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise RenditionError("the tile pack is no zip")
    size, offset = _END.unpack_from(tail, at)[5:7]
    if offset != 0xFFFFFFFF and size != 0xFFFFFFFF:
        return int(offset), int(size)
    at = tail.rfind(b"PK\x06\x06", 0, at)
    if at < 0 or at + _END64.size > len(tail):
        raise RenditionError("the tile pack's directory is missing")
    size, offset = _END64.unpack_from(tail, at)[8:10]
    return int(offset), int(size)


def _entries(content: bytes) -> list[tuple[str, tuple[int, int]]]:
    out: list[tuple[str, tuple[int, int]]] = []
    at = 0
    while at + _ENTRY.size <= len(content) and content[at : at + 4] == b"PK\x01\x02":
        fields = _ENTRY.unpack_from(content, at)
        method, packed, size = fields[6], fields[10], fields[11]
        name_length, extra_length, comment_length, offset = fields[12], fields[13], fields[14], fields[18]
        end = at + _ENTRY.size + name_length
        name = content[at + _ENTRY.size : end].decode("utf-8", "replace")
        if method == 0 and packed == size and size <= MAX_TILE and name_length <= _NAME_BYTES:
            if offset == 0xFFFFFFFF:
                offset = _offset64(content[end : end + extra_length])
            out.append((name, (int(offset), int(size))))
        if len(out) > MAX_FILES:
            raise RenditionError("the tile pack holds too many files")
        at = end + extra_length + comment_length
    return out


def _offset64(extra: bytes) -> int:
    """The header's offset out of the ZIP64 field; only the offset can be that large, a tile never is."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1 and length >= 8:
            return int.from_bytes(extra[at + 4 : at + 12], "little")
        at += 4 + length
    raise RenditionError("a tile without a place")
