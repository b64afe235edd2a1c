"""Write the golden bytes of a format version: `python -m tests.vectors.make v1`.

Run it once for a new version of the format, never for an old one: the files are what drives in the field look like,
and every later version of the code must read them. The keys are thrown away.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from packager.format.layout import CHUNK
from tests.simulator import Publisher

SOURCES = {
    "red-chamber": ("红楼梦", {"红楼梦.txt": "满纸荒唐言，一把辛酸泪。\n".encode()}),
    "big-map": ("大地图", {"map.bin": bytes(range(256)) * (CHUNK // 256) + b"the last, short chunk"}),
    "two-parts": ("上下册", {"a.txt": b"first\n", "b.txt": b"second\n"}),
    "entry-only": ("只有目录", {}),
}
"""The payload of the golden drive; it is not kept, the tests make it again from this."""


def write(folder: Path) -> None:
    """Write `root.json` and the drive (all but `bag/data`) to `folder`: release 2 of two, under the second root."""
    with tempfile.TemporaryDirectory() as scratch:
        publisher = Publisher(Path(scratch))
        publisher.release(1, sources={"red-chamber": SOURCES["red-chamber"]})
        publisher.rotate("online")
        work = publisher.release(2, sources=SOURCES, supersedes=1, meta={"catalogue.db": b"an accelerator"})
        drive = publisher.drive(work, folder / "drive")
        shutil.rmtree(drive / "bag" / "data")
        (folder / "root.json").write_bytes(publisher.root)
        shutil.copy(work / "release.json", folder)


if __name__ == "__main__":
    write(Path(__file__).parent / sys.argv[1])
