"""给分馆做一份: what may be copied to an empty disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from appliance.store.placement import is_placed
from appliance.web.context import library, settings, words

if TYPE_CHECKING:
    from appliance.store.holdings import HeldRelease


def copy_choices() -> tuple[tuple[str, str], ...]:
    """What may be copied now: value of the choice, and its words.

    First the library as it is, by bundle; of a set that came by an update each drive of it too. Then the drives that
    are plugged in, without those that are the whole library themselves.
    """
    holdings = library().holdings
    found = [choice for release in holdings.live() for choice in _of_library(release)]
    whole = {release.folder for release in holdings.live() if release.disks == 1}
    editions = {release.folder: release.edition for release in holdings.releases}
    for drive in holdings.drives:
        if drive.serves and not drive.duplicate and drive.folder not in whole:
            edition = words().edition(editions.get(drive.folder, ""))
            found.append((f"drive:{drive.key}", words().label("staff.branch_drive", drive=drive.name, edition=edition)))
    return tuple(found)


def _of_library(release: HeldRelease) -> Iterator[tuple[str, str]]:
    """What readers have of a bundle, as far as it is known what is on which drive."""
    edition = words().edition(release.edition)
    if not is_placed(settings().releases_folder / release.folder, release.disks):
        return
    key = "staff.branch_library" if release.disks == 1 else "staff.branch_library_set"
    yield f"bundle:{release.bundle}", words().label(key, bundle=release.name, edition=edition, total=release.disks)
    if release.disks > 1 and not any(d.serves and d.folder == release.folder for d in library().holdings.drives):
        for n in range(1, release.disks + 1):
            label = words().label("staff.branch_drive", drive=release.drive_name(n), edition=edition)
            yield f"disk:{release.bundle}:{n}", label
