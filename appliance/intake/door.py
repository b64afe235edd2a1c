"""What updates need of intake: they come beside drives, and end as releases like those of drives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.intake.entry import Entry
    from appliance.intake.publisher import Publisher
    from appliance.intake.trusting import SharedTrust
    from appliance.store.releases import ReleaseStore, Stored

UPDATE = "update"
"""Stands for a part in the news that a whole release has come."""


@dataclass(frozen=True)
class Door:
    """Every part of it may be used in any thread.

    Attributes:
        store: the releases on the SSD.
        trust: whom the box trusts.
        board: told what staff read, and that items came.
        came: told of a release that came.
        roots: folders of the plugged drives of a release, by its folder.
    """

    store: ReleaseStore
    trust: SharedTrust
    board: Publisher
    came: Callable[[Stored], None]
    roots: Callable[[str], list[Path]]


def roots_of(entries: Iterable[Entry], folder: str) -> list[Path]:
    """Folders of the drives of a release that serve."""
    ready = [entry for entry in list(entries) if entry.drive.phase == "ready" and entry.drive.carried is not None]
    return [e.place.folder for e in ready if e.drive.carried is not None and e.drive.carried.folder == folder]
