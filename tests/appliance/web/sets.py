"""The holding of the page tests spread over a set of three drives, of which some are plugged in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from appliance.intake.publishing import Standing, held_drives
from appliance.intake.states import Carried, Drive
from appliance.intake.wording import notices
from appliance.store.disks import write_disk_items
from packager.format.files import RealFiles

if TYPE_CHECKING:
    from collections.abc import Collection

    from appliance.store.holdings import HeldRelease
    from tests.appliance.web.holding import World

DISK_OF = {"x.sanguo": 2, "x.kao": 2, "x.sanzijing": 3}
"""Resources on other drives than the first; the last two lectures of x.tangshi are on the second."""
LECTURES = "x.tangshi"


def spread(world: World, *plugged: int, older: Collection[int] = (), others: Collection[HeldRelease] = ()) -> None:
    """Publish the holding as a set of three of which the drives `plugged` serve.

    Args:
        world: the holding.
        plugged: numbers of drives of this edition.
        older: numbers of drives of the edition before.
        others: live releases of other bundles, without drives.
    """
    release = next(r for r in world.holdings.releases if r.bundle == "national")
    paths: dict[int, list[str]] = {1: [], 2: [], 3: []}
    owners: dict[int, set[str]] = {1: set(), 2: set(), 3: set()}
    for record in world.records.values():
        for item in record.items:
            disk = DISK_OF.get(record.id, 1)
            if record.id == LECTURES and item.role == "part" and item.order > 2:
                disk = 2
            paths[disk].append(item.path)
            owners[disk].add(record.id)
    folder = world.settings.releases_folder / release.folder / "disks"
    RealFiles().make_dir(folder)
    for disk, names in paths.items():
        write_disk_items(folder / f"{disk}.items", names, RealFiles())
    shares = tuple(len(owners[n]) for n in (1, 2, 3))
    release = replace(release, disks=3, shares=shares)
    before = replace(
        release, seq=6, edition="2026.10", issued="2026-10-20", folder="national/6-000000000000", live=False
    )
    drives = [_drive(release, n) for n in plugged] + [_drive(before, n) for n in older]
    standings = [
        Standing(f"d{n}", world.drive, drive, "2026-11-22T01:00:00+00:00", n) for n, drive in enumerate(drives, 1)
    ]
    releases = (release, *([before] if older else []), *others)
    world.write(
        releases=releases, drives=held_drives(standings, releases), notices=notices(drives, releases, seen_any=True)
    )


def _drive(release: HeldRelease, disk: int) -> Drive:
    carried = Carried(
        release.bundle, release.seq, release.edition, release.issuer, release.name, release.folder,
        f"{release.seq:02d}{disk:02d}" * 16, disk, release.disks, newest=release.live, count=release.count,
    )  # fmt: skip
    return Drive("ready", 1, "mark", carried=carried, last=carried)
