"""Patches of single items: the new bytes, told by what they share with the old ones (zstd with the old bytes before).

A patch is one zstd frame a window. A window is up to 64 MiB of the new file and the stretch of the old one that it
may take from, so that a patch of any file is applied with at most two windows in memory. A frame that is wrong, or
gives another number of bytes than was promised, ends in `PatchError`; what it gives proves nothing until its digest
is compared.
"""

from __future__ import annotations

from collections.abc import Iterator

from backports import zstd

from packager.format.errors import PatchError

WINDOW = 64 << 20
"""Most bytes of the new file, and of the old one, in a window."""
SMALL = 8 << 20
"""Windows up to this size are worth the strongest search."""
STRONG, QUICK = 19, 9
"""Levels of zstd: for small windows, and for others."""
_LOG = 27
"""Base-two logarithm of how far back a frame may point: two windows."""
_SLACK = 1 << 10
"""A frame of random bytes is longer than these by less (zstd's own bound is one part in 256 and 64 bytes)."""


def longest_frame(size: int) -> int:
    """Most bytes in a frame that makes `size` bytes."""
    return size + (size >> 8) + _SLACK


def make_frame(new: bytes, old: bytes = b"") -> bytes:
    """The frame that makes `new` out of `old`. Memory: about six times both, for small ones up to 100 MB.

    Deterministic for one version of libzstd.

    Args:
        new: at most `WINDOW` bytes.
        old: likewise.
    """
    options: dict[int, int] = {
        zstd.CompressionParameter.compression_level: STRONG if len(new) + len(old) <= 2 * SMALL else QUICK,
        zstd.CompressionParameter.window_log: _window_log(len(new) + len(old)),
        zstd.CompressionParameter.enable_long_distance_matching: 1,
        zstd.CompressionParameter.content_size_flag: 1,
    }
    before = zstd.ZstdDict(old, is_raw=True).as_prefix if len(old) >= _SHORTEST else None
    compressor = zstd.ZstdCompressor(options=options, zstd_dict=before)
    return compressor.compress(new, zstd.ZstdCompressor.FLUSH_FRAME)


def quick_frame(content: bytes) -> bytes:
    """A frame made with little work, to see whether more is worth it."""
    return zstd.compress(content, level=1)


_SHORTEST = 8
"""A dictionary of fewer bytes is refused by zstd, and helps nobody."""


def _window_log(size: int) -> int:
    return max(10, min(_LOG, (size - 1).bit_length() if size else 10))


def apply_frame(frame: bytes, size: int, old: bytes = b"") -> bytes:
    """What a frame makes out of `old`. Memory: twice `size` and the window.

    Args:
        frame: from `make_frame`.
        size: bytes that it must make.
        old: as when it was made.

    Raises:
        PatchError: it is no frame, makes another number of bytes, or has more behind it.
    """
    if size > WINDOW or len(old) > WINDOW or len(frame) > longest_frame(size):
        raise PatchError("is larger than a window may be")
    options: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _LOG}
    before = zstd.ZstdDict(old, is_raw=True).as_prefix if len(old) >= _SHORTEST else None
    try:
        reader = zstd.ZstdDecompressor(zstd_dict=before, options=options)
        made = reader.decompress(frame, max_length=size + 1)
        ended = reader.eof or (len(made) == size and _ends(reader))
    except zstd.ZstdError as error:
        raise PatchError(f"is no frame: {error}") from error
    if len(made) != size or not ended or reader.unused_data:
        raise PatchError("makes another number of bytes", expected=str(size), found=str(len(made)))
    return made


def _ends(reader: zstd.ZstdDecompressor) -> bool:
    """Whether nothing but the end of the frame is left (its checksum, an empty block)."""
    return not reader.needs_input and not reader.decompress(b"", max_length=1) and reader.eof


def windows_of(size: int, old: int) -> Iterator[tuple[int, int, int, int]]:
    """(first new byte, bytes, first old byte, bytes) of each window, the old stretch about the same place.

    One window for what fits into one; others are half as long, so that the old stretch reaches a quarter of a window
    further on both sides: what an insertion near the beginning has moved is still found.
    """
    if size <= WINDOW and old <= WINDOW:
        yield 0, size, 0, old
        return
    step = WINDOW // 2
    for first in range(0, size, step):
        start = min(max(0, first - step // 2), max(0, old - WINDOW))
        yield first, min(step, size - first), start, min(WINDOW, old - start)
