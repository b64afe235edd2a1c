"""Which bundles there are, and of each which drives are here, missing or of another edition, in words for staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from appliance.library.union import precedence
from appliance.web.context import library, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.store.holdings import HeldDrive, HeldRelease, Holdings

_BUSY = frozenset({"recognising", "reading", "waiting"})
_LEAVING = frozenset({"ejecting", "ejected"})


@dataclass(frozen=True, slots=True)
class DiskRow:
    """One drive of a bundle.

    Attributes:
        name: 第 2 块. light: normal, working or attention. state: 已接上, 没有接上. note: what follows from it.
    """

    name: str
    light: str
    state: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class BundleSet:
    """A bundle with its drives. name, edition: of its live release; about: how many resources and drives."""

    name: str
    edition: str
    about: str
    rows: tuple[DiskRow, ...]


def bundle_sets() -> tuple[BundleSet, ...]:
    """Every bundle, in the order in which bundles speak; none where one drive of one bundle says all itself."""
    holdings = library().holdings
    live = sorted(holdings.live(), key=precedence)
    if len(live) < 2 and not any(r.disks > 1 for r in live):
        return ()
    return tuple(_set_of(release, holdings) for release in live)


def _set_of(release: HeldRelease, holdings: Holdings) -> BundleSet:
    spoken = words()
    editions = {r.folder: r for r in holdings.releases if r.bundle == release.bundle and r.folder != release.folder}
    others = [(d, editions[d.folder]) for d in holdings.drives if d.serves and d.folder in editions]
    rows = [_row(release, n, holdings.drives, mixed=bool(others)) for n in range(1, release.disks + 1)]
    rows += [
        DiskRow(
            f"{_name(other, drive.disk)} {spoken.edition(other.edition)}",
            "normal",
            spoken.label("staff.set_other"),
            spoken.label("staff.set_other_note"),
        )
        for drive, other in sorted(others, key=lambda pair: (-pair[1].seq, pair[0].disk))
    ]
    about = spoken.label("staff.set_about", count=release.count, total=release.disks)
    return BundleSet(release.name, spoken.edition(release.edition), about, tuple(rows))


def _name(release: HeldRelease, disk: int) -> str:
    spoken = words()
    return spoken.label("staff.set_disk", n=disk) if release.disks > 1 else spoken.label("staff.set_only")


def _row(release: HeldRelease, disk: int, drives: Sequence[HeldDrive], *, mixed: bool) -> DiskRow:
    """A drive of the live edition; with drives of another edition beside it (`mixed`) what is missed is not counted."""
    spoken, name = words(), _name(release, disk)
    mine = [d for d in drives if (d.folder, d.disk) == (release.folder, disk)]
    count = release.share(disk)
    serving = sum(d.serves for d in mine)
    if serving:
        spare = spoken.label("staff.set_spare", count=serving - 1) if serving > 1 else ""
        here = spoken.label("staff.resources_count", count=count) if count else ""
        note = spoken.label("list.join").join(filter(None, (here, spare)))
        return DiskRow(name, "normal", spoken.label("staff.set_here"), note)
    lost = spoken.label("staff.set_lost", count=count) if count else ""
    if mixed:
        lost = spoken.label("staff.set_lost_mixed")
    states = {d.state for d in mine}
    if states & _BUSY:
        return DiskRow(name, "working", spoken.label("staff.set_busy"))
    if states & _LEAVING:
        return DiskRow(name, "working", spoken.label("staff.set_leaving"), lost)
    if "sick" in states:
        return DiskRow(name, "attention", spoken.label("staff.set_sick"), lost)
    return DiskRow(name, "attention", spoken.label("staff.set_missing"), lost)
