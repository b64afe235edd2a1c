"""What updates need of intake: they come beside drives, and end as releases like those of drives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.intake.states import Told

if TYPE_CHECKING:
    from appliance.intake.entry import Entry
    from appliance.intake.publisher import Publisher
    from appliance.intake.trusting import SharedTrust
    from appliance.store.holdings import Message
    from appliance.store.releases import ReleaseStore, Stored

UPDATE = "update"
"""Stands for a part in the news that a whole release has come."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A place whose signed lists were taken: a stick, or a drive that serves. It may carry updates too.

    Attributes:
        key: of the place. number: of its entry. attempt: of its state, see `states.Drive`.
        root: its folder. is_stick: whether it has no bag, so that updates are all that is to be said of it.
        offers: whether it is a stick whose updates are still to be read.
    """

    key: str
    number: int
    attempt: int
    root: Path
    is_stick: bool
    offers: bool = False

    @property
    def mark(self) -> str:
        """Names this very occasion: plugged in again, or looked at again, it is another."""
        return f"update {self.key} {self.number} {self.attempt}"


@dataclass(frozen=True)
class Door:
    """Every part of it may be used in any thread.

    Attributes:
        store: the releases on the SSD.
        trust: whom the box trusts.
        board: told what staff read, and that items came.
        entries: the places, by folder. news: takes what the driver is to know.
    """

    store: ReleaseStore
    trust: SharedTrust
    board: Publisher
    entries: Mapping[Path, Entry]
    news: Callable[[Any], None]

    def came(self, stored: Stored) -> None:
        """Tell of a release that came."""
        self.news(((stored.folder, UPDATE), stored))

    def drives(self, bundle: str) -> list[tuple[str, Path]]:
        """The drives of a bundle that serve, of whatever edition: folder of the release, and of the drive."""
        ready = [entry for entry in list(self.entries.values()) if entry.drive.phase == "ready"]
        carried = [(entry, entry.drive.carried) for entry in ready]
        return [
            (what.folder, entry.place.folder) for entry, what in carried if what is not None and what.bundle == bundle
        ]

    def carriers(self) -> list[Carrier]:
        """What is plugged in and may carry updates."""
        here = [entry for entry in list(self.entries.values()) if entry.drive.phase in {"told", "ready"}]
        return [_carrier(entry) for entry in here]

    def is_here(self, carrier: Carrier) -> bool:
        """Whether it has not been pulled, or looked at anew."""
        return any(other.mark == carrier.mark for other in self.carriers())

    def tell(self, carrier: Carrier, message: Message) -> None:
        """Say of a stick what becomes of its updates; of a drive nothing, it says already that it serves."""
        for entry in list(self.entries.values()):
            if entry.number == carrier.number and carrier.is_stick:
                self.news((entry.place, Told(carrier.attempt, message)))


def _carrier(entry: Entry) -> Carrier:
    drive = entry.drive
    offers = drive.reason is not None and drive.reason.key == "sync.stick.reading"
    return Carrier(
        entry.key, entry.number, drive.attempt, entry.place.folder, is_stick=drive.phase == "told", offers=offers
    )
