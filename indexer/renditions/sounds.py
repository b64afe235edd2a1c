"""What a sound is by its first bytes: of the files in a book only these are given to a browser as sound."""

from __future__ import annotations

_MAGIC = (
    (0, b"ID3", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (4, b"ftyp", "audio/mp4"),
    (8, b"WAVE", "audio/wav"),
)
_SYNC, _LAYER_3 = 0xE0, 0x02
LONGEST_HEAD = 12
"""Bytes that are looked at."""


def sound_type(head: bytes) -> str:
    """The media type of a sound that begins so, empty when it is none that browsers play."""
    for place, mark, media_type in _MAGIC:
        if head[place : place + len(mark)] == mark:
            return media_type
    if len(head) > 1 and head[0] == 0xFF and head[1] & _SYNC == _SYNC and head[1] & 0x06 == _LAYER_3:
        return "audio/mpeg"
    return ""
