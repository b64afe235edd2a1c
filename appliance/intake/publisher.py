"""Keeping the releases on the SSD and the holdings document in step with what the driver knows."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from appliance.clock import Clock
from appliance.intake import wording
from appliance.intake.devices import Device, read_devices
from appliance.intake.journal import Journal
from appliance.intake.making import Maker
from appliance.intake.publishing import Standing, held_drives, held_releases, newest_numbers, up_to_date
from appliance.intake.trusting import SharedTrust
from appliance.intake.withdrawals import Withdrawals
from appliance.settings import Settings
from appliance.store.carried import CarriedStore
from appliance.store.editions import STAGED, Editions, dropped
from appliance.store.holdings import HeldRelease, Holdings, Message, WorkerState, write_holdings
from appliance.store.releases import ReleaseStore, Stored
from packager.format.files import Files

_log = logging.getLogger(__name__)

BEAT_SECONDS = 60.0
PROGRESS_SECONDS = 2.0
HOLD_SECONDS = 15.0
"""After a start the last document stands until drives that served are looked at again, at most so long."""
WORKING = ("recognising", "reading")


class Publisher:
    """Owns the document and the list of releases on the SSD; one thread.

    Attributes:
        editions: which releases are held back from readers; in any thread.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        files: Files,
        store: ReleaseStore,
        trust: SharedTrust,
        maker: Maker,
        journal: Journal,
        pid: int,
        before: Holdings,
    ) -> None:
        """Look at what is on the SSD; the rest as in `Intake`."""
        self._settings, self._clock, self._files = settings, clock, files
        self._store, self._trust, self._maker, self._journal = store, trust, maker, journal
        self.stored: dict[str, Stored] = {s.folder: s for s in store.all()}
        self._worker = WorkerState(pid, self.now(), self.now())
        self._generation = before.generation
        self._awaited = {d.key for d in before.drives if d.state == "ready" and d.tagmanifest}
        self._began = clock.monotonic()
        self._dirty, self._published = True, -BEAT_SECONDS
        self._withdrawals = Withdrawals.of(before)
        self._crowded = self._gently = False
        self._is_told = (
            False  # the last run may have ended before it told of what it made: its document stands until then
        )
        self._outdated = [path for stored in self.stored.values() for path in store.outdated(stored)]
        self._named: dict[str, dict[str, str]] = {}
        self._told: list[tuple[str, str]] = []
        self._updating: Message | None = None
        self._copying: Message | None = None
        self._reporting: Message | None = None
        self._devices: tuple[Device, ...] = ()
        # A run that was killed may have brought items and not said so; whoever kept what it knew of them looks again.
        self._carried = before.carried + any(CarriedStore(settings.carried_folder).all())
        self.editions = Editions(settings.updates_folder, files)

    def now(self) -> str:
        """Wall time as the document writes it."""
        return f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"

    def changed(self) -> None:
        """Something is to be told."""
        self._dirty = True

    def say_of_updates(self, message: Message | None) -> None:
        """What staff are told of updates; None: nothing. In any thread."""
        self._updating, self._dirty = message, True

    def say_of_branch(self, message: Message | None) -> None:
        """What staff are told of a copy for a branch; None: nothing. In any thread."""
        self._copying, self._dirty = message, True

    def say_of_reports(self, message: Message | None) -> None:
        """What staff are told of a report that they saved; None: nothing. In any thread."""
        self._reporting, self._dirty = message, True

    def carried_changed(self) -> None:
        """Items came by an update, or went. In any thread."""
        self._carried, self._dirty = self._carried + 1, True

    def look_at_devices(self, mounted: Collection[str]) -> None:
        """Tell of devices that came and are no drives, for as long as they are in.

        Args:
            mounted: what is mounted, such as `/dev/sdb1`.
        """
        found = read_devices(self._settings.event_spool, mounted)
        if found == self._devices:
            return
        for device in found:
            if device not in self._devices:
                self._journal.add("device", {"device": device.name, "reason": device.sentence})
        self._devices, self._dirty = found, True

    def releases(self) -> tuple[HeldRelease, ...]:
        """Held releases that are trusted now."""
        trusted = self._trust.current().releases
        issuer = self._settings.issuer_name
        held_back = {folder: hold.why for folder, hold in self.editions.holds().items()}
        return held_releases(list(self.stored.values()), trusted, self._maker.state, issuer, held_back)

    def order_making(self) -> None:
        """Have lacking derived files made, those of live releases first, the newest before older ones."""
        ordered = sorted(self.releases(), key=lambda r: (not r.live, -r.seq))
        self._maker.update([self.stored[r.folder] for r in ordered])
        self._dirty = True

    def look_again(self, folder: str) -> None:
        """A derived file may have come to a release."""
        if folder in self.stored and (found := self._store.get(folder)) is not None:
            self.stored[folder] = found

    def look_for_records(self) -> None:
        """Have derived files made of releases whose records have come meanwhile."""
        lacking = [folder for folder, stored in self.stored.items() if not stored.whole]
        for folder in lacking:
            self.look_again(folder)
        if any(self.stored[folder].whole for folder in lacking):
            self.order_making()

    def collect(self, *, gently: bool = False) -> None:
        """Drop, with the next publication, what nobody needs any more; in any thread.

        Args:
            gently: keep what drives carry that are only gone, so that nothing is read again when they come back.
        """
        self._gently = gently and (self._gently or not self._crowded)
        self._crowded = self._dirty = True

    def publish_if_due(self, places: Sequence[Standing]) -> None:
        """Write the document when something changed; progress alone every other second, a beat once a minute."""
        now = self._clock.monotonic()
        if self._holds_back(places, now):
            return
        while self._outdated and self._is_told and now - self._published >= PROGRESS_SECONDS:
            self._store.discard_outdated(self._outdated.pop())
        phases = [(p.key, p.drive.phase) for p in places]
        rests = now - self._published < PROGRESS_SECONDS
        if phases == self._told and rests and (self._maker.busy or any(phase in WORKING for _, phase in phases)):
            return
        if self._dirty or self._maker.busy or now - self._published >= BEAT_SECONDS:
            self._published, self._dirty, self._told = now, False, phases
            self._publish(places)

    def _holds_back(self, places: Sequence[Standing], now: float) -> bool:
        """Whether the last document stands a little longer, so that readers do not notice a restart of the worker."""
        if not self._awaited:
            return False
        if now - self._began < HOLD_SECONDS:
            open_ = {p.key for p in places if p.drive.phase in WORKING or not p.looked}
            if self._awaited & (open_ | ({*self._awaited} - {p.key for p in places})):
                return True
        self._awaited = set()
        return False

    def _unneeded(self, held: Sequence[HeldRelease], places: Sequence[Standing], *, gently: bool) -> set[str]:
        """Releases that are neither live, nor the one before, nor held back, nor carried by a drive that is here.

        One that lacks its records is kept only for drives that are to bring them.
        """
        carried = {p.drive.carried.folder for p in places if p.drive.carried is not None}
        keep = set(carried)
        if gently:
            keep |= {p.drive.last.folder for p in places if p.drive.last is not None}
        for bundle in {r.bundle for r in held}:
            keep.update(kept([r for r in held if r.bundle == bundle]))
        awaited = {p.drive.last.folder for p in places if p.drive.last is not None} | carried
        lacking = {folder for folder, stored in self.stored.items() if not stored.whole} - awaited
        return (set(self.stored) - keep) | {folder for folder in lacking if not self._is_whole(folder)}

    def _is_whole(self, folder: str) -> bool:
        found = self._store.get(folder)
        return found is not None and found.whole

    def _publish(self, places: Sequence[Standing]) -> None:
        """Write the document; then remove what it no longer names, so that it never names what is not there.

        On a full SSD the document may only fit after something went: the removal does not wait for it.
        """
        crowded, gently = self._crowded, self._gently
        self._crowded = self._gently = False  # before anything is looked at: `collect` may be called meanwhile
        held = self.releases()
        leaving = self._unneeded(held, places, gently=gently) if crowded else set()
        self._write(tuple(r for r in held if r.folder not in leaving), places)
        self._is_told = True
        for folder in sorted(leaving):
            self._journal.add("dropped", {"folder": folder})
            self._store.drop(self.stored.pop(folder))
        self._outdated += self._replaced()

    def _replaced(self) -> list[Path]:
        """Derived files that others replaced. They go some time after: somebody may still read the document before."""
        found: list[Path] = []
        for folder, stored in self.stored.items():
            if self._named.get(folder) != stored.parts:  # two may have followed each other since the last document
                found += self._store.outdated(stored)
                self._named[folder] = dict(stored.parts)
        return found

    def _write(self, releases: tuple[HeldRelease, ...], places: Sequence[Standing]) -> None:
        trusted = self._trust.current()
        told = self._withdrawals = self._withdrawals.followed_by(trusted, self.now())
        newest = newest_numbers(trusted.releases)
        places = [replace(p, drive=up_to_date(p.drive, newest)) for p in places]
        self._worker = replace(self._worker, beat=self.now())
        self._generation += 1
        holdings = Holdings(
            generation=self._generation,
            reference_time=f"{trusted.reference_time:%Y-%m-%dT%H:%M:%SZ}",
            releases=releases,
            drives=(*held_drives(places, releases), *(device.held() for device in self._devices)),
            notices=(
                *wording.notices(
                    [p.drive for p in places], releases, seen_any=any(p.drive.phase != "absent" for p in places)
                ),
                *((self._copying,) if self._copying else ()),
                *((self._updating,) if self._updating else ()),
                *((self._reporting,) if self._reporting else ()),
            ),
            withdrawn=told.withdrawn,
            withdrawals=told.withdrawals,
            withdrawn_at=told.withdrawn_at,
            lifted=told.lifted,
            carried=self._carried,
            dropped=dropped(releases, self.editions.holds()),
            worker=self._worker,
        )
        try:
            write_holdings(self._settings.holdings_file, holdings, self._files)
        except OSError:
            _log.exception("the holdings document cannot be written")
            self._dirty = True


def kept(held: Sequence[HeldRelease]) -> list[str]:
    """Of one bundle, falling: what readers have, what staff may go back to, what they went back from, and what waits.

    Of several that wait the newest is kept, and the newest that could be applied now.
    """
    live = next((n for n, r in enumerate(held) if r.live), 0)
    before = [r.folder for r in held[live + 1 :] if not r.held_back][:1]
    staged = [r for r in held[:live] if r.held_back == STAGED]
    ready = [r for r in staged if r.catalogue.state == r.search.state == "ready"]
    passed = {r.folder for r in staged} - {r.folder for r in (*staged[:1], *ready[:1])}
    return [*(r.folder for r in held[: live + 1] if r.folder not in passed), *before]
