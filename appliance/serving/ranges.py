"""Which bytes a request asks for: RFC 9110, section 14, one range at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADER = re.compile(r"bytes[ \t]*=[ \t]*(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))[ \t]*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `start` to `stop` (one past the last). Empty when the range cannot be satisfied."""

    start: int
    stop: int

    @property
    def satisfiable(self) -> bool:
        """Whether there is at least one byte in it."""
        return self.start < self.stop

    def content_range(self, size: int) -> str:
        """The value of Content-Range for an item of `size` bytes."""
        return f"bytes {self.start}-{self.stop - 1}/{size}" if self.satisfiable else f"bytes */{size}"


def requested_range(header: str, size: int) -> ByteRange | None:
    """The single range that `header` asks for.

    Args:
        header: value of the Range header, empty when there is none.
        size: length of the item in bytes.

    Returns:
        None when the whole item is to be sent: no header, another unit, a malformed one, or several ranges (which a
        server may answer whole), and for an empty item, of which no part can be named.
    """
    match = _HEADER.match(header)
    if match is None or size == 0:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        length = min(int(suffix), size)
        return ByteRange(size - length, size)
    start = int(first)
    if last and int(last) < start:
        return None
    stop = min(int(last) + 1, size) if last else size
    return ByteRange(start, stop)
