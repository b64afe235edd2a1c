"""How many pixels a picture makes on a screen, read from its header before anything unpacks it.

A browser unpacks what it is given: 34 bytes of WebP become a gigabyte. So a picture is looked at before it is sent.
Fixed places of a few bytes are read here, nothing is unpacked, and a header that is not understood has no answer.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

HEAD_BYTES = 256 << 10
"""First bytes that are enough for the header of every picture but odd ones."""
_GIF_BLOCKS = 4096


def header_pixels(head: bytes) -> int | None:
    """Width times height of a PNG, JPEG, GIF, WebP or AVIF as its header says; None for anything else.

    Args:
        head: the first bytes of the file, best `HEAD_BYTES` of them. More of them do not count.
    """
    head = head[:HEAD_BYTES]
    if head[4:12] == b"ftypavif":
        return _avif(head)
    for magic, read in _KINDS:
        if head.startswith(magic):
            try:
                return read(head)
            except (struct.error, IndexError):
                return None
    return None


def picture_type(head: bytes) -> str:
    """The media type of a picture that browsers show, by its first 16 bytes; empty for anything else."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:12] == b"ftypavif":
        return "image/avif"
    return next((media_type for magic, media_type in _TYPES if head.startswith(magic)), "")


def _png(head: bytes) -> int | None:
    kind, width, height = struct.unpack_from(">4sII", head, 12)
    return width * height if kind == b"IHDR" else None


def _gif(head: bytes) -> int | None:
    """The screen or the first picture, whichever is larger: browsers make room for both."""
    width, height, flags = struct.unpack_from("<HHB", head, 6)
    at = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    for _ in range(_GIF_BLOCKS):
        if head[at] == 0x2C:
            left, top, wide, high = struct.unpack_from("<4H", head, at + 1)
            return int(max(width, left + wide) * max(height, top + high))
        if head[at] != 0x21:
            return None
        at += 2
        while head[at]:
            at += head[at] + 1
        at += 1
    return None


def _webp(head: bytes) -> int | None:
    if head[8:12] != b"WEBP":
        return None
    if head[12:16] == b"VP8X":
        return (int.from_bytes(head[24:27], "little") + 1) * (int.from_bytes(head[27:30], "little") + 1)
    if head[12:16] == b"VP8L" and head[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", head, 21)
        return int(((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1))
    if head[12:16] == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        return int((width & 0x3FFF) * (height & 0x3FFF))
    return None


def _jpeg(head: bytes) -> int | None:
    at = 2
    while True:
        if head[at] != 0xFF:
            return None
        marker = head[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", head, at + 5)
            # Without a height here it stands behind the pixels: nobody can tell before.
            return width * height or None
        if marker in {0xD9, 0xDA}:
            return None
        at += 2 if marker == 0x01 or 0xD0 <= marker <= 0xD7 else 2 + struct.unpack_from(">H", head, at + 2)[0]


def _avif(head: bytes) -> int | None:
    """The largest of the sizes that its parts say, whichever of them a browser shows."""
    sizes = [struct.unpack(">II", found[1]) for found in _EXTENT.finditer(head)]
    return max((int(width * height) for width, height in sizes), default=None)


_EXTENT = re.compile(rb"(?=ispe\0\0\0\0(.{8}))", re.DOTALL)
_TYPES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_KINDS: tuple[tuple[bytes, Callable[[bytes], int | None]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"GIF87a", _gif),
    (b"GIF89a", _gif),
    (b"RIFF", _webp),
    (b"\xff\xd8", _jpeg),
)
