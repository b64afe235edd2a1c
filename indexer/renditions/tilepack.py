"""A tile pack: the Deep Zoom pyramids of all pictures of a resource in one stored ZIP, and how to find a tile in it.

Names, with the picture's number from 0001 and as OpenSeadragon asks for them:
    0001.dzi                     the descriptor
    0001_files/12/3_4.jpeg       level, column and row; webp of black and white, and of all pictures in older packs
Nothing is compressed and all dates are fixed, so a tile is a range of bytes of the pack (served and verified as
such), and the same pictures and tools give the same pack.
"""

from __future__ import annotations

import re
import struct
import zipfile
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import BinaryIO

from indexer.errors import IndexFormatError, RenditionError

MAX_ENTRIES = 1_000_000
MAX_DIRECTORY = 96 << 20
MEDIA_TYPES = {"dzi": "application/xml", "webp": "image/webp", "jpeg": "image/jpeg"}
ReadAt = Callable[[int, int], bytes]

_DATE = (1980, 1, 1, 0, 0, 0)
_TILE_NAME = re.compile(r"(?:t\.dzi|\d{1,2}/\d{1,4}_\d{1,4}\.(?:webp|jpeg))\Z")
_PACK_NAME = re.compile(r"([0-9]{4,6})(?:\.(dzi)|_files/([0-9]{1,2})/([0-9]{1,4})_([0-9]{1,4})\.(webp|jpeg))", re.ASCII)
_KINDS = ("dzi", "webp", "jpeg")
_PIECE = 1 << 20
_LONGEST_ENTRY = 256 << 10
"""Bytes that one line of a directory takes at most: three fields of 64 KiB."""
MAX_TILE = 8 << 20
MAX_DESCRIPTOR = 2000
_SPACE = "http://schemas.microsoft.com/deepzoom/2008"
_DESCRIBED = {
    "Format": (0, 0),
    "Overlap": (0, 16),
    "TileSize": (64, 2048),
    "Width": (1, 200_000),
    "Height": (1, 200_000),
}
_END, _END64_PLACE, _END64 = b"PK\x05\x06", b"PK\x06\x07", b"PK\x06\x06"
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")


# — writing —


def write_tilepack(out: BinaryIO, pictures: Iterable[Iterable[bytes]]) -> None:
    """Write a pack of pictures in order, each given as pieces of what `indexer.renditions.api.Renditions.tiles` gave.

    `out` must be seekable; nothing is flushed or fsynced. After an error its content is void.

    Raises:
        RenditionError: what came is no pyramid.
    """
    with closing(TilepackWriter(out)) as writer:
        for pieces in pictures:
            sink = writer.picture()
            for piece in pieces:
                sink(piece)
            sink.finish()


class TilepackWriter:
    """Writes a pack; `picture` gives the sink for one picture's tiles (see `indexer.renditions.tiles`)."""

    def __init__(self, out: BinaryIO) -> None:
        """Write to `out` from its present place; it must be seekable. Nothing is flushed or fsynced here."""
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_STORED)
        self._number = 0

    def picture(self) -> _PictureSink:
        """The sink of the next picture."""
        self._number += 1
        return _PictureSink(self._number, self._write)

    def close(self) -> None:
        """Write the directory."""
        self._zip.close()

    def _write(self, name: str, body: bytes) -> None:
        info = zipfile.ZipInfo(name, _DATE)
        info.create_system = 3
        info.external_attr = 0o644 << 16
        self._zip.writestr(info, body)


@dataclass
class _PictureSink:
    """Takes a picture's records in pieces of any size; called with a piece, finished by `finish`."""

    number: int
    write: Callable[[str, bytes], None]
    files: int = 0
    _waiting: bytearray = field(default_factory=bytearray)

    def __call__(self, piece: bytes) -> None:
        """Take the next piece.

        Raises:
            RenditionError: what came is no pyramid.
        """
        self._waiting += piece
        while record := self._record():
            name, body = record
            head = f"{self.number:04d}"
            self.write(f"{head}.dzi" if name == "t.dzi" else f"{head}_files/{name}", body)
            self.files += 1

    def finish(self) -> None:
        """Check that nothing is left over.

        Raises:
            RenditionError: the pyramid is empty or broken off.
        """
        if self._waiting or self.files < 2:
            raise RenditionError("the tiles broke off")

    def _record(self) -> tuple[str, bytes] | None:
        waiting = self._waiting
        if len(waiting) < 2:
            return None
        (name_length,) = struct.unpack_from(">H", waiting)
        if name_length > 40:
            raise RenditionError("a tile of a strange name")
        if len(waiting) < 6 + name_length:
            return None
        (length,) = struct.unpack_from(">I", waiting, 2 + name_length)
        if length > MAX_TILE:
            raise RenditionError(f"a tile of {length} bytes")
        end = 6 + name_length + length
        if len(waiting) < end:
            return None
        name = bytes(waiting[2 : 2 + name_length]).decode("ascii", "replace")
        if not _TILE_NAME.match(name):
            raise RenditionError("a tile of a strange name")
        body = bytes(waiting[6 + name_length : end])
        del waiting[:end]
        return name, body


# — reading —


class TilepackIndex:
    """Where the tiles of a pack are. Reads the directory once, a piece at a time; 20 bytes of memory a tile."""

    def __init__(self, read_at: ReadAt, size: int, name: str = "tilepack") -> None:
        """Read the directory at the end of the pack.

        Args:
            read_at: the bytes from an offset, as many as asked.
            size: bytes of the pack.
            name: said in errors.

        Raises:
            IndexFormatError: it is no pack, or its directory is out of bounds.
        """
        self._read_at, self._name = read_at, name
        start, length, count = self._directory(size)
        self._end = start
        names, headers, lengths = array("Q"), array("Q"), array("I")
        for number, header, packed in self._entries(start, length, count):
            names.append(number)
            headers.append(header)
            lengths.append(packed)
        order = sorted(range(count), key=names.__getitem__)
        # A dict of a million tiles takes 300 MB, and a box has eight packs open.
        self._names, self._headers, self._lengths = (
            array(column.typecode, map(column.__getitem__, order)) for column in (names, headers, lengths)
        )

    def __len__(self) -> int:
        return len(self._names)

    @property
    def pictures(self) -> int:
        """How many pictures the pack holds."""
        return sum(1 for number in self._names if number & 3 == _KINDS.index("dzi"))

    def entry(self, name: str) -> tuple[int, int] | None:
        """Offset and length in bytes of a file of the pack, None when it is not there.

        Raises:
            IndexFormatError: its local header is not where the directory says.
        """
        number = _number_of(name)
        at = bisect_right(self._names, number) - 1 if number is not None else -1
        if at < 0 or self._names[at] != number:
            return None
        header, length = self._headers[at], self._lengths[at]
        body = self._read_at(header, _LOCAL.size)
        if len(body) != _LOCAL.size or body[:4] != b"PK\x03\x04":
            raise self._fault("a file's header is missing")
        fields = _LOCAL.unpack(body)
        start = header + _LOCAL.size + fields[9] + fields[10]
        if start + length > self._end:
            raise self._fault("a file reaches into the directory")
        return start, length

    def _fault(self, reason: str) -> IndexFormatError:
        return IndexFormatError(self._name, reason)

    def _directory(self, size: int) -> tuple[int, int, int]:
        """Start, length and count of the directory; the pack ends with its end record, without a comment."""
        if size < 22:
            raise self._fault("is too short")
        end = self._read_at(size - 22, 22)
        if len(end) != 22 or end[:4] != _END or end[20:] != b"\0\0":
            raise self._fault("is no stored ZIP, or does not end with its directory")
        count, length, start = struct.unpack("<HII", end[10:20])
        limit = size - 22
        if count == 0xFFFF or length == 0xFFFF_FFFF or start == 0xFFFF_FFFF:
            start, length, count, limit = self._directory64(size)
        if count > MAX_ENTRIES or length > MAX_DIRECTORY or start + length != limit:
            raise self._fault("its directory is out of bounds")
        return start, length, count

    def _directory64(self, size: int) -> tuple[int, int, int, int]:
        place = self._read_at(size - 42, 20) if size >= 98 else b""
        if place[:4] != _END64_PLACE:
            raise self._fault("its large directory is missing")
        (at,) = struct.unpack("<Q", place[8:16])
        end = self._read_at(at, 56) if at <= size - 98 else b""
        if len(end) != 56 or end[:4] != _END64:
            raise self._fault("its large directory is missing")
        count, length, start = struct.unpack("<QQQ", end[32:56])
        return start, length, count, at

    def _entries(self, start: int, length: int, count: int) -> Iterator[tuple[int, int, int]]:
        """Number of the name, place of the header and length of each file."""
        waiting, at, place = b"", 0, start
        for _ in range(count):
            if len(waiting) - at < _LONGEST_ENTRY and place < start + length:
                piece = self._read_at(place, min(_PIECE, start + length - place))
                place += len(piece)
                waiting, at = waiting[at:] + piece, 0
            if at + _CENTRAL.size > len(waiting):
                raise self._fault("its directory broke off")
            fields = _CENTRAL.unpack_from(waiting, at)
            name_length, extra, comment = fields[10:13]
            packed, unpacked, header = fields[8], fields[9], fields[16]
            name = waiting[at + _CENTRAL.size : at + _CENTRAL.size + name_length].decode("ascii", "replace")
            number = _number_of(name)
            if fields[0] != b"PK\x01\x02" or fields[4] != 0 or packed != unpacked or number is None:
                raise self._fault("its directory holds something else than stored tiles")
            if header == 0xFFFF_FFFF:
                more = at + _CENTRAL.size + name_length
                header = self._large_offset(waiting[more : more + extra])
            yield number, header, packed
            at += _CENTRAL.size + name_length + extra + comment
        if place != start + length or at != len(waiting):
            raise self._fault("its directory holds more than it counts")

    def _large_offset(self, extra: bytes) -> int:
        if len(extra) < 12 or extra[:2] != b"\x01\x00":
            raise self._fault("a large offset is missing")
        return int(struct.unpack("<Q", extra[4:12])[0])


def _number_of(name: str) -> int | None:
    """A number of 64 bits that no other name of a pack has, None when it is none: digits count, leading zeros too."""
    found = _PACK_NAME.fullmatch(name)
    if found is None:
        return None
    picture, descriptor_kind, level, column, row, tile_kind = found.groups("")
    number = 0
    for digits, value_bits, length_bits, least in (
        (picture, 20, 2, 4), (level, 7, 1, 1), (column, 14, 2, 1), (row, 14, 2, 1),
    ):  # fmt: skip
        length = max(len(digits) - least, 0)
        number = (number << value_bits | int(digits or 0)) << length_bits | length
    return number << 2 | _KINDS.index(descriptor_kind or tile_kind)


def descriptor(body: bytes) -> bytes:
    """A pack's descriptor written anew from its numbers, so that it names no other address and no script.

    Raises:
        RenditionError: it is none, or its numbers are out of bounds.
    """
    text = body[:MAX_DESCRIPTOR].decode("ascii", "replace")
    found = {name: re.findall(rf'\b{name}="([a-z0-9]{{1,9}})"', text) for name in _DESCRIBED}
    if any(len(values) != 1 for values in found.values()) or found["Format"][0] not in MEDIA_TYPES:
        raise RenditionError("the tile pack has no such descriptor")
    try:
        numbers = {name: int(values[0]) for name, values in found.items() if name != "Format"}
    except ValueError as error:
        raise RenditionError("the tile pack's descriptor has no numbers") from error
    if not all(low <= numbers[name] <= high for name, (low, high) in _DESCRIBED.items() if name != "Format"):
        raise RenditionError("the tile pack's descriptor is out of bounds")
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Image xmlns="{_SPACE}" Format="{found["Format"][0]}" '
        f'Overlap="{numbers["Overlap"]}" TileSize="{numbers["TileSize"]}">'
        f'<Size Width="{numbers["Width"]}" Height="{numbers["Height"]}"/></Image>\n'
    ).encode()


def media_type(name: str) -> str:
    """The media type of a file of a pack."""
    return MEDIA_TYPES[name.rpartition(".")[2]]


def tilepack_entry(read_at: ReadAt, size: int, name: str) -> tuple[int, int] | None:
    """Offset and length of one file of a pack; keep a `TilepackIndex` when more than one is wanted.

    Raises:
        IndexFormatError: it is no pack.
    """
    return TilepackIndex(read_at, size).entry(name)
