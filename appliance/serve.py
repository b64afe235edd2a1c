"""The serving process put together: library, verified bytes, pages, and the housekeeping between them."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from appliance.app import create_app
from appliance.box.state import BoxReader
from appliance.box.system_state import read_system_state
from appliance.clock import Clock
from appliance.errors import ServingError, StoreError
from appliance.library.keeper import LibraryKeeper
from appliance.library.model import HeldItem, Place
from appliance.library.shelf import ItemDigests
from appliance.people.accounts import Accounts
from appliance.people.recoveries import RecoveryLog
from appliance.people.seeding import seed_director
from appliance.service.ground import UNWRITABLE
from appliance.service.journal import Voice, hears
from appliance.serving.chunks import ChunkStore, ServedItem, read_exactly
from appliance.serving.memory import keep_little
from appliance.serving.pools import DrivePools, PoolLimits, Urgency
from appliance.serving.texts import TextSearch
from appliance.serving.texts_made import MadeIndexes
from appliance.serving.throttle import ByteShares
from appliance.serving.upkeep_view import UpkeepView
from appliance.settings import Settings
from appliance.store import commands
from appliance.store.databases import IN_MEMORY
from appliance.store.diary import Diary
from appliance.store.faults import MAX_STANDING, Fault, FaultStore
from appliance.store.holdings import HeldDrive
from appliance.store.objects import ObjectStore
from appliance.store.outbox import OutboxReader
from appliance.store.preferences import PreferenceStore
from appliance.store.reading import ReadingSign
from appliance.store.starts import read_starts
from appliance.store.updating import read_state
from appliance.store.wishes import WishStore
from appliance.web.context import EXTENSION
from appliance.web.diary_keeping import DiaryKeeping
from appliance.web.renditions import RenditionService
from appliance.web.renditions_cache import DEFAULT_BYTES, RenditionCache
from appliance.web.seats import Seats
from appliance.web.services import Services
from indexer.errors import IndexerError
from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.layout import CHUNK, DriveLayout, read_bounded
from packager.format.manifest import MAX_TAGMANIFEST

_log = logging.getLogger(__name__)

HOUSE_SECONDS = 1.0
SETTLE_SECONDS = 3.0
"""A drive whose reads fail is given so long to be found unplugged before its items count as unreadable."""
RECHECKED = 50
"""Faults looked at again in one turn, when the drives have changed."""
RELEASE_SECONDS = 5.0
"""A drive that is being ejected is let go of when nobody has read from it for so long."""

SPARE_CACHE_BYTES = 64 << 20
"""Of rendered pages, when they may lie in memory."""
SICK_MEMORY = timedelta(days=1)
"""Places that such a drive could not read are not tried again for so long."""

_OF_THE_ITEM = frozenset({errno.ENOENT, errno.ELOOP, errno.EIO, errno.ENOTDIR, errno.EUCLEAN, 0})


class ServingBox:
    """Everything that the serving process owns, from settings to the application."""

    def __init__(self, settings: Settings, clock: Clock, files: Files, *, degraded: str = "") -> None:
        """Open everything; `start` begins the housekeeping. A damaged database does not keep readers from reading.

        Args:
            settings: of the box.
            clock: the time.
            files: the writer.
            degraded: why the box's own disk cannot be relied upon, `service.ground.WHY`; empty: it can.

        Raises:
            StoreError: no database can be made.
            OSError: nothing can be written.
        """
        keep_little()
        self._settings, self._clock, self._files = settings, clock, files
        files.make_dir(settings.data_folder)
        self.faults = FaultStore(settings.faults_file, clock)
        self.accounts, accounts_away = _accounts(settings, clock, make=not degraded)
        self.wishes = None if degraded else _wishes(settings)
        told = degraded or (UNWRITABLE if accounts_away or self.wishes is None else "")
        self.keeper = LibraryKeeper(
            settings.holdings_file, settings.releases_folder, broken=self._broken, carried=settings.carried_folder
        )
        limits = PoolLimits(threads=settings.drive_threads, deadline=float(settings.drive_deadline_seconds))
        self.pools = DrivePools(limits, on_sick=self._fell_sick)
        self.upkeep = UpkeepView(settings, self.faults)
        self.chunks = ChunkStore(
            settings.chunk_cache_bytes,
            on_damage=self._damaged,
            on_gone=self._unreadable,
            on_late=self._late,
            on_asked=ReadingSign(settings.reading_folder).mark,
            repaired=ObjectStore(settings.objects_folder).read,
        )
        cache = RenditionCache(settings.cache_folder, SPARE_CACHE_BYTES if degraded else DEFAULT_BYTES)
        self.renditions = RenditionService(cache, self.chunks, self.pools)
        made = MadeIndexes(settings.texts_folder)
        self.texts = TextSearch(lambda: self.keeper.library, self.chunks, self.pools, made=made)
        diary = Diary(settings.diary_file, files, clock, Voice(heard=hears()).say)
        self.app = create_app(
            settings,
            Services(
                keeper=self.keeper,
                clock=clock,
                faults=self.faults,
                accounts=self.accounts,
                chunks=self.chunks,
                pools=self.pools,
                command=self.command,
                shares=ByteShares(settings.download_rate) if settings.download_rate else None,
                renditions=self.renditions,
                upkeep=lambda: self.upkeep.state,
                texts=self.texts,
                wishes=self.wishes,
                box=BoxReader(settings.box_folder).read,
                system=lambda: read_system_state(settings.box_folder),
                recoveries=None if degraded or accounts_away else RecoveryLog(settings.data_folder, clock, files),
                degraded=told,
                accounts_away=accounts_away,
                happened=lambda: diary.lines,
                starts=lambda: read_starts(settings.data_folder),
                updates=lambda: read_state(settings.updates_folder),
                reports=OutboxReader(settings.outbox_folder).rows,
                preferences=PreferenceStore(settings, files).read,
            ),
        )
        self._diary = DiaryKeeping(self.app, diary, clock)
        self._seats: Seats = self.app.extensions[EXTENSION].seats
        self._stop = threading.Event()
        self._house = threading.Thread(target=self._keep_house, name="housekeeping", daemon=True)
        self._serving: dict[str, HeldDrive] = {}
        self._quiet_since: dict[str, float] = {}
        self._unchecked: list[Fault] = []

    def start(self) -> None:
        """Follow the holdings and keep house."""
        self.keeper.start()
        self.texts.start()
        self._house.start()

    def close(self) -> None:
        """End everything; views must have ended before."""
        self._stop.set()
        if self._house.is_alive():
            self._house.join()
        self.texts.close()
        self.keeper.close()
        self.renditions.close()
        self.pools.close()
        self.accounts.close()
        self.upkeep.close()
        if self.wishes is not None:
            self.wishes.close()
        self.faults.close()

    def retire(self) -> None:
        """Another process takes over: say no more, and keep no more in memory than open answers need."""
        self._diary.rest()
        self.chunks.shrink()

    def command(self, command: Mapping[str, str]) -> None:
        """Ask the worker to do something."""
        commands.send(self._settings.commands_folder, command, clock=self._clock, files=self._files)

    def _broken(self, folder: str, part: str) -> None:
        """A derived file cannot be opened: have it made again."""
        self.command({"do": "rebuild", "folder": folder, "part": part, "why": "broken"})

    def _fell_sick(self, drive: str) -> None:
        self.faults.note_sick(drive)
        self.command({"do": "look-again", "drive": drive, "why": "sick"})

    def _damaged(self, item: ServedItem, index: int) -> None:
        """In a drive's thread: bytes are not the signed ones."""
        self._record(item, index, "damaged")

    def _unreadable(self, item: ServedItem, index: int, error: Exception) -> None:
        """In a drive's thread: an item cannot be read, or its drive was pulled; time tells which."""
        if getattr(error, "errno", 0) in _OF_THE_ITEM:
            before = self._serving.get(item.drive)
            threading.Timer(SETTLE_SECONDS, self._if_still_there, (item, index, before)).start()

    def _late(self, item: ServedItem, index: int) -> None:
        """In the watching thread: a read did not come back, so it is not to be tried again before it is repaired."""
        self._record(item, index, "unreadable")

    def _if_still_there(self, item: ServedItem, index: int, before: HeldDrive | None) -> None:
        drive = self.keeper.library.holdings.drive(item.drive)
        there = drive is not None and drive.serves and before is not None and drive.since == before.since
        if there and not self._stop.is_set() and drive is not None and not self._is_away(drive):
            self._record(item, index, "unreadable")

    def _is_away(self, drive: HeldDrive) -> bool:
        """Whether that drive is not in its place, whatever the worker says: it may be starting again just now."""

        def look() -> bytes:
            try:
                with DriveLayout(Path(drive.path)).opened() as root:
                    content = read_bounded(root, "bag/tagmanifest-sha256.txt", MAX_TAGMANIFEST)
            except FileNotFoundError:
                return b""
            return hashlib.sha256(content).hexdigest().encode()

        try:
            job = self.pools.submit(drive.key, ("look", drive.since), look, Urgency.AHEAD)
            found = self.pools.wait(job).decode()
        except (ServingError, OSError, FormatError):
            return False
        return not found or (bool(drive.tagmanifest) and found != drive.tagmanifest)

    def _record(self, item: ServedItem, index: int, kind: str) -> None:
        if isinstance(item.digest, ItemDigests):
            new = self.faults.record(item.key, index, item_id=item.digest.item_id, drive=item.drive, kind=kind)
            if new:
                _log.warning("item %s, MiB %d on drive %s: %s", item.digest.item_id, index, item.drive, kind)

    # Housekeeping

    def _keep_house(self) -> None:
        while not self._stop.wait(HOUSE_SECONDS):
            try:
                self._tidy()
                self._diary.turn()
            except Exception:  # noqa: BLE001 - the next turn tries again; readers must not notice
                _log.exception("housekeeping")

    def _tidy(self) -> None:
        self._seats.forget()
        self.upkeep.refresh()
        holdings = self.keeper.library.holdings
        serving = {d.key: d for d in holdings.drives if d.serves}
        states = self.pools.states()
        for drive in holdings.drives:
            if drive.state == "ejecting":
                busy = drive.key in states and (states[drive.key].running or states[drive.key].queued)
                self._release(drive.key, busy=bool(busy))
        leaving = {d.key for d in holdings.drives if d.state == "ejecting"}
        for key in states.keys() - serving.keys() - leaving:
            self.pools.drop(key)
        if {k: d.since for k, d in serving.items()} != {k: d.since for k, d in self._serving.items()}:
            self._serving = serving
            self._unchecked = self.faults.standing(MAX_STANDING)
        self._recheck()

    def _release(self, key: str, *, busy: bool) -> None:
        now = time.monotonic()
        since = now if busy else self._quiet_since.setdefault(key, now)
        self._quiet_since[key] = since
        if now - since >= RELEASE_SECONDS:
            del self._quiet_since[key]
            self.pools.drop(key)
            self.command({"do": "released", "drive": key})

    def _recheck(self) -> None:
        """The drives have changed: damage on a drive that was replaced need not be told any longer."""
        some, self._unchecked = self._unchecked[:RECHECKED], self._unchecked[RECHECKED:]
        if not some:
            return
        sick = self.faults.sick_times(f"{self._clock.now() - SICK_MEMORY:%Y-%m-%dT%H:%M:%SZ}")
        for fault in some:
            if self._stop.is_set():
                return
            if fault.kind == "unreadable" and fault.drive in sick:
                continue  # reading it again may hold the drive up again
            held = self.keeper.library.item(fault.item_id)
            if held is None or held.item.sha256 != fault.sha256 or not held.places:
                continue
            place = next((p for p in held.places if p.drive == fault.drive), None)
            if place is None or self._reads_well(held, place, fault):
                self.faults.clear(fault.sha256, fault.chunk, drive=fault.drive)

    def _reads_well(self, held: HeldItem, place: Place, fault: Fault) -> bool:
        """Read the place again, past the cache."""
        index = max(0, fault.chunk)
        size = min(CHUNK, held.item.size - index * CHUNK)

        def read() -> bytes:
            descriptor = held.open(place)
            try:
                return hashlib.sha256(read_exactly(descriptor, size, index * CHUNK)).digest()
            finally:
                os.close(descriptor)

        try:
            job = self.pools.submit(place.drive, ("recheck", fault.sha256, index), read, Urgency.AHEAD)
            return self.pools.wait(job) == held.digest(index)
        except (ServingError, OSError, FormatError, IndexError, IndexerError):
            return False


def _accounts(settings: Settings, clock: Clock, *, make: bool) -> tuple[Accounts, bool]:
    """The accounts, and whether they are away: then nobody can sign in, and none is ever made in their place.

    Args:
        settings: of the box.
        clock: the time.
        make: whether the director's account may be made from the box file. Never while the box's own disk is out of
            order: the password of the card was replaced long ago.
    """
    tries, rest = settings.sign_in_tries, settings.sign_in_rest_minutes
    try:
        accounts = Accounts(settings.accounts_file, clock, tries=tries, rest_minutes=rest)
    except StoreError as error:
        _log.error("nobody can sign in: %s", error)
        return Accounts(IN_MEMORY, clock, tries=tries, rest_minutes=rest), True
    if make:
        seed_director(accounts, settings.box_folder)
    return accounts, not make and accounts.director_waits()


def _wishes(settings: Settings) -> WishStore | None:
    """The wishes of readers; None when their database cannot be used, for the library goes on without them."""
    try:
        return WishStore(settings.wishes_file, renew=True)
    except StoreError as error:
        _log.error("no wishes are registered: %s", error)
        return None
