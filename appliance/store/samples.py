"""Some items of a drive, kept on the SSD, by which one sees quickly whether a drive is whole."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from packager.format.errors import FormatError
from packager.format.files import Files

_DIGEST = 66
"""Bytes before the path in a line of a manifest: the digest and two spaces."""

SAMPLE = 400
"""At most so many payload files are looked at when a drive comes, and at least half as many where there are enough.

Each look costs a spinning disk one or two seeks (10-25 ms), so 400 are at most ten seconds. Of drives that lack a tenth
of their files, less than one in 10,000 gets by; what is lacking then is told item by item."""

_LINE = 512
"""More bytes than a line of a manifest or of items.txt has."""
_BLOCK = 1 << 20

_MANY = 4 * SAMPLE
"""Of more items the sample is taken at places of the file instead of counting lines; none is met twice then."""

Sample = tuple[tuple[str, int], ...]
"""Payload paths with their sizes in bytes."""


def write_sample(path: Path, manifest: Path, items: Path, count: int, files: Files) -> None:
    """Keep `SAMPLE` of a drive's items with their sizes, evenly spaced, the first and the last among them. Durable.

    Only the kept lines are taken apart, for a drive may carry a million, of which they are found by their places in the
    file: call it with lists that were proved (`verify_tag_files`). Memory: the sample.

    Args:
        path: of the new file.
        manifest: the drive's payload, sorted by path.
        items: the release's items, sorted by path.
        count: lines of the manifest.
        files: the writer.

    Raises:
        FormatError: the manifest names what the items do not.
    """
    wanted = _some_paths(manifest) if count > _MANY else _every_nth(manifest, count)
    files.write_atomic(path, json.dumps(_sizes(items, wanted) if wanted else []).encode())


def _every_nth(manifest: Path, count: int) -> list[bytes]:
    step = max(1, -(-count // SAMPLE))
    with manifest.open("rb") as lines:
        return [line[_DIGEST:-1] for n, line in enumerate(lines) if n % step == 0 or n == count - 1]


def _some_paths(manifest: Path) -> list[bytes]:
    """Paths at places evenly spaced, and the last one."""
    found: dict[bytes, None] = {}
    with manifest.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for place in (*(size * n // SAMPLE for n in range(SAMPLE)), size - 1):
            around = max(0, place - _LINE)
            content = os.pread(file.fileno(), 2 * _LINE, around)
            start = content.rfind(b"\n", 0, place - around) + 1
            found[content[start + _DIGEST : content.find(b"\n", start)]] = None
    return list(found)


def _sizes(items: Path, wanted: Sequence[bytes]) -> list[tuple[str, int]]:
    """The paths with their sizes; both are sorted by path."""
    kept: list[tuple[str, int]] = []
    content = b""
    with items.open("rb", buffering=0) as file:
        for name in wanted:
            while (place := content.find(b" %b\n" % name)) < 0:
                if not (more := file.read(_BLOCK)):
                    raise FormatError("is in the manifest but not in items.txt", path=name.decode(errors="replace"))
                content = content[-_LINE:] + more
            kept.append((name.decode(), int(content[content.rfind(b" ", 0, place) + 1 : place])))
    return kept


def read_sample(path: Path) -> Sample:
    """The kept items; none when the file is damaged."""
    try:
        return tuple((str(name), int(size)) for name, size in json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, OverflowError, RecursionError):
        return ()
