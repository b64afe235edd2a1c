"""What a drive carries of a release: its manifest beside items.txt, both sorted by path.

A drive that carries all of it, the usual one, has a manifest that follows from items.txt byte for byte; then nothing of
it is taken apart. Of a drive of a set both lists are walked side by side.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from packager.format.chunks import chunk_count
from packager.format.errors import FormatError
from packager.format.items import read_item_rows
from packager.format.layout import CHUNK
from packager.format.manifest import read_manifest_rows

Carried = tuple[int, int, int]
"""Payload files and their bytes on the drive, and digests in chunks.bin of the whole release."""


def carried(manifest: Path, items: Path) -> Carried:
    """Prove that the manifest is a part of items.txt with equal digests, and count. Memory: a few MiB.

    Args:
        manifest: manifest-sha256.txt, a file of our own (already copied from the drive).
        items: items.txt, the same.

    Raises:
        FormatError: one of them is malformed, or the manifest names what items.txt does not, or another digest.
        TooLargeError: a line is too long, or there are too many.
        OSError: the disk does not answer.
    """
    return _all(manifest, items) or _some(manifest, items)


def _all(manifest: Path, items: Path) -> Carried | None:
    """Of a drive that carries every item; None when it does not."""
    count = size = digests = 0
    with manifest.open("rb") as lines:
        for rows in read_item_rows(items):
            expected = b"".join([b"%b  %b\n" % (sha256, path) for sha256, _, path in rows])
            if lines.read(len(expected)) != expected:
                return None
            sizes = [int(text) for _, text, _ in rows]
            count += len(sizes)
            size += sum(sizes)
            digests += sum([-(-length // CHUNK) for length in sizes if length > CHUNK])
        return None if lines.read(1) else (count, size, digests)


def _some(listed: Path, items: Path) -> Carried:
    manifest = chain.from_iterable(read_manifest_rows(listed))
    end = (b"", b"")
    known, wanted = next(manifest, end)
    count = size = digests = 0
    for sha256, text, path in chain.from_iterable(read_item_rows(items)):
        length = int(text)
        if length > CHUNK:
            digests += chunk_count(length)
        if path == wanted:
            if sha256 != known:
                raise FormatError("has another digest than in items.txt", path=path.decode())
            count += 1
            size += length
            known, wanted = next(manifest, end)
    if wanted:
        raise FormatError("is in the manifest but not in items.txt", path=wanted.decode())
    return count, size, digests
