"""What the driver keeps of one place where a drive can be."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from itertools import count

from appliance.intake.place import LEAST_ROOM, Place
from appliance.intake.publishing import Standing
from appliance.intake.states import WORKING, Drive
from appliance.intake.taking import Parcel, bytes_needed
from packager.format.release import Admission

START_SECONDS = 20.0
"""After a start, commands wait so long for drives that are being recognised: what was asked of the worker before."""

BLANK_SECONDS = 8.0
"""A plain empty folder that the settings name counts as a blank drive after so long: something may just be copied."""

_NUMBERS = count()


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
        parts: names of the folders in the place that are drives of their own.
        number: of the entry; a place that comes back after it was gone has another.
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
    parts: tuple[str, ...] = ()
    number: int = field(default_factory=_NUMBERS.__next__)

    def standing(self) -> Standing:
        """What is published of it."""
        return Standing(
            self.key, self.place.folder, self.drive, self.since, self.order, self.seconds_left, looked=self.looked
        )

    def is_blank(self, now: float, *, empty: bool, named: bool) -> bool:
        """Whether a plain folder is to be told as a blank drive.

        Args:
            now: monotonic seconds.
            empty: whether the look just taken found nothing in it.
            named: whether the settings name it as a place of a drive.
        """
        if not empty:
            self.empty_since = None
            return False
        if not named or self.drive.last is not None or self.drive.carried is not None:
            return False
        self.empty_since = now if self.empty_since is None else self.empty_since
        return now - self.empty_since >= BLANK_SECONDS

    def room(self, held: Container[str]) -> int:
        """Bytes that must be free on the SSD before a drive that waits is tried again; `held`: folders of releases."""
        need = LEAST_ROOM
        if self.admission is not None and self.drive.carried is not None:
            need = bytes_needed(self.admission.release, held=self.drive.carried.folder in held)
        return need

    def facts(self) -> dict[str, str | int]:
        """What the journal says of it."""
        facts: dict[str, str | int] = {"drive": self.key, "attempt": self.drive.attempt}
        if self.drive.reason is not None:
            facts["reason"] = self.drive.reason.key
        if self.drive.carried is not None:
            facts |= {"release": self.drive.carried.folder, "disk": self.drive.carried.disk}
        return facts


def all_known(entries: Iterable[Entry], seconds: float) -> bool:
    """Whether a command would find its drive, as it did before this worker began so many seconds ago."""
    return seconds > START_SECONDS or all(e.looked and e.drive.phase not in WORKING for e in entries)
