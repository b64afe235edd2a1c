"""Four editions at an origin, each with a delta from the one before: the third is in use, the fourth is the update.

The fourth makes the second go, and with it items that no other edition names.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packager.build import build
from packager.delta.editions import edition_of
from packager.delta.listing import delta_folder
from packager.delta.making import make_delta
from packager.delta.signing import sign_deltas
from packager.drives import write_drive
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from packager.signing import sign_release
from tests.generated import epub
from tests.packager.editions import CHAPTERS, FILES, NEW, OLD, OPTIONS, noise, write_source
from tests.simulator import DAY, passphrase

_AGAIN = epub("改过的书", [*CHAPTERS[:9], CHAPTERS[9] + "又添的一句。", *CHAPTERS[10:]])
THIRD = {name: row for name, row in NEW.items() if name != "renamed"} | {
    "edited": ("改过的书", {"edited.epub": _AGAIN}),
    "fresh": ("第三版的新书", {"fresh.dat": noise(70_000, 9)}),
}
FOURTH = {name: row for name, row in THIRD.items() if name not in {"fresh", "moved"}} | {
    "edited": ("改过两次的书", OLD["edited"][1]),
    "grown": ("补录的数据", {"grown.dat": NEW["grown"][1]["grown.dat"][:2_000_000] + b"again" + noise(400_000, 12)}),
    # Until now only on the drive, which carries the first edition.
    "stays": ("没有变的书", {"stays.dat": OLD["stays"][1]["stays.dat"][:1_500_000] + b"once" + noise(100_000, 13)}),
    "last": ("第四版的新书", {"last.dat": noise(600_000, 11), "last.txt": "末一版的正文。".encode() * 3000}),
}
TITLES = {seq: {identity: title for identity, (title, _) in rows.items()} for seq, rows in ((3, THIRD), (4, FOURTH))}
"""Number of the edition → id → title."""


@dataclass(frozen=True)
class FourEditions:
    """Where everything stands. `three`: an origin up to the third edition; `four`: with the fourth."""

    root_file: Path
    drive: Path
    three: Path
    four: Path


def make_editions(published: tuple[Any, Path, Path], folder: Path) -> FourEditions:
    """Go on from the two editions of `tests.published`."""
    publisher, archive, second = published
    ours = publisher.fork(folder / "publisher")
    (root_file := folder / "root.json").write_bytes(publisher.root)
    write_drive(archive, folder / "drive", FILES, quiet=True)
    site = FolderSite(folder / "four", FILES)
    publish(second, ours.keys, site, DAY)
    before = second
    for seq, rows in ((3, THIRD), (4, FOURTH)):
        work = Path(shutil.copytree(before, folder / f"work-{seq}"))
        source = write_source(folder / f"source-{seq}", rows)
        release = build(source, work, replace(OPTIONS, edition=f"2026.{9 + seq}"), FILES).release
        assert release.seq == seq
        sign_release(work, ours.keys, passphrase, FILES)
        make_delta(edition_of([before]), edition_of([work]), delta_folder(work, "national", seq - 1, seq), FILES)
        sign_deltas(work, ours.keys, passphrase, release, DAY, FILES)
        publish(work, ours.keys, site, DAY)
        if seq == 3:
            shutil.copytree(folder / "four", folder / "three")
        before = work
    return FourEditions(root_file, folder / "drive", folder / "three", folder / "four")
