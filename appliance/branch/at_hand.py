"""Whether everything that a copy needs is at hand, looked at before a byte is written.

Reads what is on the SSD: what updates brought, and the lists of the drives that serve. A copy of terabytes is not to
end after a day with the word that a drive is in a cupboard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.errors import BranchError, StoreError
from appliance.store.carried import CarriedStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from appliance.branch.lists import Items
    from appliance.settings import Settings
    from appliance.store.holdings import HeldRelease, Holdings


def check_at_hand(items: Items, held: HeldRelease, holdings: Holdings, settings: Settings) -> None:
    """See that every item is among what updates brought, or on a drive that serves.

    Args:
        items: that are to be copied.
        held: the release that they are of.
        holdings: as the worker published them.
        settings: of the box.

    Raises:
        BranchError: some are on a drive that is not plugged in (`branch.away`, which names one).
    """
    carried = CarriedStore(settings.carried_folder)
    serving = {(drive.folder, drive.disk or 1) for drive in holdings.drives if drive.serves}
    own = [release for release in holdings.releases if release.bundle == held.bundle]
    known = {(r, n): _holds(settings, r, n) for r in own for n in range(1, r.disks + 1)}
    here = [holds for (release, n), holds in known.items() if (release.folder, n) in serving]
    for item in items():
        if any(holds(item.path) for holds in here) or carried.holds(item.sha256, item.size):
            continue
        away = [release.drive_name(n) for (release, n), holds in known.items() if holds(item.path)]
        raise BranchError("branch.away", f"{item.path} is not at hand", drive=away[-1] if away else held.drive_name(1))


def _holds(settings: Settings, release: HeldRelease, disk: int) -> Callable[[str], bool]:
    """Whether a drive has an item of that path, as far as it was here; the only drive of a release has all."""
    if release.disks == 1:
        return lambda _path: True
    from appliance.store.disks import DiskItems  # with NumPy, which single drives do without

    try:
        return DiskItems(settings.releases_folder / release.folder / "disks" / f"{disk}.items").holds
    except StoreError:
        return lambda _path: False
