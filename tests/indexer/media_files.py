"""Containers of recordings with chapters, made by hand: there is a track of sound in them, and nothing to hear."""

from __future__ import annotations

import struct
from collections.abc import Sequence

Chapters = Sequence[tuple[float, str]]


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def m4b(chapters: Chapters, seconds: int = 300) -> bytes:
    """An MP4 with a track of AAC and chapters as audio books have them (`chpl`)."""
    full = bytes(4)
    entry = _box(b"mp4a", bytes(6) + b"\0\1" + bytes(8) + struct.pack(">HHIHH", 1, 16, 0, 44_100, 0))
    table = _box(
        b"stbl",
        _box(b"stsd", full, struct.pack(">I", 1), entry),
        _box(b"stts", full, struct.pack(">III", 1, seconds, 1000)),
        _box(b"stsc", full, struct.pack(">I", 0)),
        _box(b"stsz", full, struct.pack(">II", 10, seconds)),
        _box(b"stco", full, struct.pack(">I", 0)),
    )
    handler = _box(b"hdlr", full, bytes(4), b"soun", bytes(13))
    media = _box(
        b"mdia",
        _box(b"mdhd", full, struct.pack(">IIIIHH", 0, 0, 1000, seconds * 1000, 0x55C4, 0)),
        handler,
        _box(b"minf", _box(b"smhd", full, bytes(4)), table),
    )
    head = struct.pack(">IIII", 0, 0, 1000, seconds * 1000)
    names = [title.encode()[:255] for _, title in chapters]
    lines = b"".join(
        struct.pack(">QB", int(start * 10_000_000), len(name)) + name
        for (start, _), name in zip(chapters, names, strict=True)
    )
    listed = _box(b"udta", _box(b"chpl", b"\1\0\0\0", bytes(4), bytes([len(names)]), lines)) if names else b""
    track = _box(b"trak", _box(b"tkhd", full, struct.pack(">IIIII", 0, 0, 1, 0, seconds * 1000), bytes(60)), media)
    movie = _box(b"moov", _box(b"mvhd", full, head, bytes(80)), track, listed)
    return _box(b"ftyp", b"M4B ", bytes(4), b"M4B mp42") + movie + _box(b"mdat", bytes(100))


def _element(kind: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes.fromhex(kind) + (0x1000_0000 | len(body)).to_bytes(4, "big") + body


def webm(chapters: Chapters, language: str = "chi") -> bytes:
    """A WebM with a track of Opus and chapters in a language."""
    atoms = [
        _element(
            "b6",
            _element("73c4", number.to_bytes(2, "big")),
            _element("91", int(start * 1e9).to_bytes(8, "big")),
            _element("80", _element("85", title.encode()), _element("437c", language.encode())),
        )
        for number, (start, title) in enumerate(chapters, 1)
    ]
    sound = _element("ae", _element("d7", b"\1"), _element("83", b"\2"), _element("86", b"A_OPUS"))
    head = _element("1a45dfa3", _element("4286", b"\1"), _element("4282", b"webm"))
    listed = _element("1043a770", _element("45b9", *atoms)) if atoms else b""
    return head + _element("18538067", _element("1654ae6b", sound), listed)
