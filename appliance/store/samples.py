"""Some items of a drive, kept on the SSD, by which one sees quickly whether a drive is whole."""

from __future__ import annotations

import json
from pathlib import Path

from packager.format.errors import FormatError
from packager.format.files import Files

_DIGEST = 66
"""Bytes before the path in a line of a manifest: the digest and two spaces."""

SAMPLE = 400
"""At most so many payload files are looked at when a drive comes, and at least half as many where there are enough.

Each look costs a spinning disk one or two seeks (10-25 ms), so 400 are at most ten seconds. Of drives that lack a tenth
of their files, less than one in 10,000 gets by; what is lacking then is told item by item."""

Sample = tuple[tuple[str, int], ...]
"""Payload paths with their sizes in bytes."""


def write_sample(path: Path, manifest: Path, items: Path, count: int, files: Files) -> None:
    """Keep `SAMPLE` of a drive's items with their sizes, evenly spaced, the first and the last among them. Durable.

    Only the kept lines are taken apart, for a drive may carry a million: call it with lists that were proved
    (`verify_tag_files`). Memory: the sample.

    Args:
        path: of the new file.
        manifest: the drive's payload, sorted by path.
        items: the release's items, sorted by path.
        count: lines of the manifest.
        files: the writer.

    Raises:
        FormatError: the manifest names what the items do not.
    """
    step = max(1, -(-count // SAMPLE))
    with manifest.open("rb") as lines:
        wanted = [line[_DIGEST:-1] for n, line in enumerate(lines) if n % step == 0 or n == count - 1]
    kept: list[tuple[str, int]] = []
    with items.open("rb") as lines:
        for name in wanted:
            line = next((line for line in lines if line.endswith(b" %b\n" % name)), None)
            if line is None:
                raise FormatError("is in the manifest but not in items.txt", path=name.decode(errors="replace"))
            kept.append((name.decode(), int(line.split(b" ")[1])))
    files.write_atomic(path, json.dumps(kept).encode())


def read_sample(path: Path) -> Sample:
    """The kept items; none when the file is damaged."""
    try:
        return tuple((str(name), int(size)) for name, size in json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, OverflowError, RecursionError):
        return ()
