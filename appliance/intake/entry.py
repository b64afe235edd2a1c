"""What the driver keeps of one place where a drive can be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from appliance.intake.place import Place
from appliance.intake.publishing import Standing
from appliance.intake.states import WORKING, Drive
from appliance.intake.taking import Parcel
from packager.format.release import Admission

START_SECONDS = 20.0
"""After a start, commands wait so long for drives that are being recognised: what was asked of the worker before."""


@dataclass(slots=True)
class Entry:
    """One place, its thread and its state.

    Attributes:
        place: the thread. key: see `publishing.drive_key`. drive: the state.
        since: when the state was entered, ISO time in UTC. order: grows with every change of state anywhere.
        last_mark: fingerprint of the last look; two equal ones in a row mean that nothing is being copied.
        empty_since: since when the plain folder is empty, monotonic seconds.
        began: when the state was entered, monotonic seconds. seconds_left: of reading the catalogue.
        admission, parcel: what trusting and copying brought, for the present attempt.
        looked: whether a look was taken since the worker began.
    """

    place: Place
    key: str
    drive: Drive = field(default_factory=Drive)
    since: str = ""
    order: int = 0
    last_mark: str = ""
    empty_since: float | None = None
    began: float = 0.0
    seconds_left: int = 0
    admission: Admission | None = None
    parcel: Parcel | None = None
    looked: bool = False

    def standing(self) -> Standing:
        """What is published of it."""
        return Standing(
            self.key, self.place.folder, self.drive, self.since, self.order, self.seconds_left, looked=self.looked
        )


def all_known(entries: Iterable[Entry], seconds: float) -> bool:
    """Whether a command would find its drive, as it did before this worker began so many seconds ago."""
    return seconds > START_SECONDS or all(e.looked and e.drive.phase not in WORKING for e in entries)
