"""The full checks and the repairs of one box, beside intake in the worker process.

It knows the drives from the holdings document alone, as the serving process does, and reads them in pools of its own,
so a drive that never answers holds one thread here and nothing else. One thread looks at what is plugged in; each
check has a thread; the repairer has one.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from appliance.clock import Clock
from appliance.errors import HoldingsError, ServingError
from appliance.intake.carrying import carrier_root
from appliance.serving.pools import DrivePools, PoolLimits, Urgency
from appliance.settings import Settings
from appliance.store import commands
from appliance.store.checks import CheckStore
from appliance.store.holdings import HeldDrive, Holdings, read_holdings
from appliance.store.objects import ObjectStore
from appliance.store.repairs import THE_LINE, RepairStore, Report
from appliance.upkeep.checks import Checks
from appliance.upkeep.line import Fetching, Line, NoLine
from appliance.upkeep.medium import medium_of
from appliance.upkeep.origin import OriginSource
from appliance.upkeep.payload import Plugged
from appliance.upkeep.priority import give_way
from appliance.upkeep.putting import NOT_PUT, put_on_stick
from appliance.upkeep.repairer import Outcome, Repairer
from appliance.upkeep.sources import DriveSource, FolderSource, offers_repairs
from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.release import MAX_RELEASE, Release
from packager.format.repair_list import FOLDER, LIST_NAME, load_list

_log = logging.getLogger(__name__)

TURN_SECONDS = 0.5
AGAIN_SECONDS = 900.0
"""Servers that could not be asked are asked again after so long."""
SILENT_SECONDS = 60.0
"""Drives and sticks that did not answer in time are asked again after so long."""


class Upkeep:
    """Looks after the drives until `close`."""

    def __init__(self, settings: Settings, clock: Clock, files: Files, line: Line | None = None) -> None:
        """Open what is kept; `start` begins.

        Args:
            settings: of the box.
            clock: both of its sides.
            files: the writer.
            line: by which servers are asked for repairs; none: they are not.

        Raises:
            StoreError: a database cannot be opened.
        """
        self._settings, self._clock, self._files = settings, clock, files
        self._stop = threading.Event()
        self._commands: queue.Queue[dict[str, str]] = queue.Queue()
        self._ask_again = threading.Event()
        limits = PoolLimits(threads=1, deadline=float(settings.drive_deadline_seconds))
        self.pools = DrivePools(limits, on_sick=self._look_again)
        self.objects = ObjectStore(settings.objects_folder)
        self._check_store = CheckStore(settings.checks_file)
        self._repair_store = RepairStore(settings.repairs_file)
        self._checks = Checks(settings, clock, self._check_store, self.pools, self.objects)
        self._repairer = Repairer(
            settings, clock, files, store=self._repair_store, objects=self.objects, stopping=self._stop
        )
        self._line: Line = line or NoLine()
        self._fetching = Fetching(self._line, self._stop)
        self._servers: dict[str, OriginSource] = {}
        self._urgent = threading.Event()
        self._reading: set[str] = set()
        """Places of sticks of which it is said that they are being read."""
        self._waits = True  # as far as is known: the last run may have said so
        self._holdings = Holdings()
        self._media: dict[tuple[str, str], str] = {}
        self._seen: object = None
        self._threads = [
            threading.Thread(target=self._watch, name="upkeep", daemon=True),
            threading.Thread(target=self._repair, name="repair", daemon=True),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def command(self, command: dict[str, str]) -> None:
        """Do what staff asked, soon. From any thread."""
        self._commands.put(command)

    def close(self) -> None:
        """End; what was checked and repaired is kept."""
        self._stop.set()
        self._ask_again.set()
        watch, repair = self._threads
        if watch.is_alive():
            watch.join(3)
        self._checks.stop()
        self.pools.close()
        self._checks.join()
        if repair.is_alive():
            repair.join(3)
        self._repairer.close()
        self._check_store.close()
        self._repair_store.close()

    # What is plugged in

    def _watch(self) -> None:
        while not self._stop.wait(TURN_SECONDS):
            try:
                self._turn()
            except Exception:  # noqa: BLE001 - the next turn tries again; intake and readers must not notice
                _log.exception("upkeep")

    def _turn(self) -> None:
        holdings = self._read()
        drives = plugged_drives(holdings, self._settings.releases_folder)
        plugged = self._checks.identify(self._with_media(drives))
        while not self._commands.empty():
            self._obey(self._commands.get(), plugged)
        self._checks.turn(plugged, {p.identity: self._size(p, holdings) for p in plugged})
        kept = {p.key for p in drives} | {f"stick {d.key} {d.since}" for d in holdings.drives}
        for name in self.pools.states().keys() - kept:
            if not name.startswith("folder "):
                self.pools.drop(name)

    def _with_media(self, plugged: list[Plugged]) -> list[Plugged]:
        """The drives whose medium is known, each with it; a drive is asked once while it is plugged in.

        One that does not answer is left out until it does: under another name it would be checked anew, and asked again
        for what it never gave.
        """
        here = {(drive.key, drive.since) for drive in plugged}
        self._media = {mark: medium for mark, medium in self._media.items() if mark in here}
        known = []
        for drive in plugged:
            medium = self._media.get((drive.key, drive.since))
            if medium is None:
                medium = self._medium(drive)
            if medium is not None:
                self._media[drive.key, drive.since] = medium
                known.append(replace(drive, medium=medium))
        return known

    def _medium(self, drive: Plugged) -> str | None:
        """The name of a drive's medium, empty when it has none; None when the drive does not answer now."""
        try:
            job = self.pools.submit(drive.key, "medium", lambda: medium_of(drive.root).encode(), Urgency.AHEAD)
            return self.pools.wait(job).decode()
        except ServingError:
            return None
        except OSError:
            return ""

    def _obey(self, command: dict[str, str], plugged: list[Plugged]) -> None:
        what = command["do"]
        if what.startswith("check"):
            self._checks.command(what, [p for p in plugged if command.get("drive", p.key) == p.key])
        elif what == "repair-export":
            self._export(command.get("drive", ""))
        elif what == "diagnosis-export":
            self._export_diagnosis(command.get("drive", ""))
        elif what == "repair":
            self._repairer.forget_answers()
            self._urgent.set()
            self._ask_again.set()
        elif what in commands.LINE_CHANGES:
            self._ask_again.set()

    def _export(self, key: str) -> None:
        """Carry the list that the serving process wrote to a stick."""
        stick = next((d for d in self._holdings.drives if d.key == key and d.state == "refused"), None)
        if stick is None:
            return
        source = self._settings.repair_list_folder
        try:
            places = load_list(self._put(stick, source, FOLDER)[LIST_NAME])
        except (*NOT_PUT, FormatError, KeyError) as error:
            _log.warning("the repair list cannot be saved: %s", error)
            self._report(key, "repair.list.not_saved")
            return
        self._report(key, "repair.list.saved", count=len(places), size=sum(p.length for p in places))

    def _export_diagnosis(self, key: str) -> None:
        """Carry the diagnosis file that the serving process made to a stick."""
        stick = next((d for d in self._holdings.drives if d.key == key and d.state in commands.STICKS), None)
        try:
            found = self._put(stick, self._settings.diagnosis_folder, "") if stick is not None else {}
        except NOT_PUT as error:
            _log.warning("the diagnosis cannot be saved: %s", error)
            found = {}
        self._report(key, "box.diagnosis.ready" if found else "box.diagnosis.not_saved")

    def _put(self, stick: HeldDrive, source: Path, below: str) -> dict[str, bytes]:
        return put_on_stick(self._settings, self.pools, self._files, stick, source, below)

    def _read(self) -> Holdings:
        """The holdings as the worker published them last."""
        try:
            facts = self._settings.holdings_file.stat()
            seen = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
            if seen != self._seen:
                self._holdings, self._seen = read_holdings(self._settings.holdings_file), seen
        except (OSError, HoldingsError):
            _log.debug("there are no holdings yet")
        return self._holdings

    def _size(self, plugged: Plugged, holdings: Holdings) -> tuple[int, int]:
        """Bytes of payload on a drive, and about how many resources."""
        release = next((r for r in holdings.releases if r.folder == plugged.folder), None)
        count = release.count if release and plugged.disks == 1 else release.share(plugged.disk) if release else 0
        try:
            with (plugged.release / "release.json").open("rb") as file:
                signed = Release.from_bytes(file.read(MAX_RELEASE))
            return signed.disks[plugged.disk - 1].bytes, count
        except (OSError, FormatError, IndexError):
            return 0, count

    def _look_again(self, drive: str) -> None:
        """A read of ours did not come back: intake looks at the drive, and says so when it does not answer either."""
        command = {"do": "look-again", "drive": drive, "why": "sick"}
        if any(d.key == drive for d in self._holdings.drives):
            commands.send(self._settings.commands_folder, command, clock=self._clock, files=self._files)

    # Repairs

    def _repair(self) -> None:
        give_way()
        before: object = None
        kept: object = None
        last, tried = Outcome(), self._clock.monotonic()
        while not self._stop.is_set():
            try:
                holdings = self._holdings
                releases = {r.folder: self._settings.releases_folder / r.folder for r in holdings.releases}
                if not releases:
                    self._stop.wait(TURN_SECONDS)
                    continue
                plugged = plugged_drives(holdings, self._settings.releases_folder)
                folders = self._folders(holdings)
                now = {p.key + p.since for p in plugged} | {f.mark for f in folders}
                if self._repairer.news() or now != before or self._ask_again.is_set() or self._again(last, tried):
                    self._ask_again.clear()
                    before, tried = now, self._clock.monotonic()
                    last = self._round(releases, plugged, folders)
                if releases != kept:
                    self._repairer.collect(releases)
                    kept = releases
            except Exception:  # noqa: BLE001 - the next round tries again
                _log.exception("repair")
            self._ask_again.wait(TURN_SECONDS)

    def _again(self, last: Outcome, tried: float) -> bool:
        """Whether those who did not answer are to be asked once more."""
        waited = self._clock.monotonic() - tried
        return (last.silent and waited > SILENT_SECONDS) or bool(
            last.left and waited > AGAIN_SECONDS and self._line.origins()
        )

    def _round(self, releases: Mapping[str, Path], plugged: list[Plugged], folders: list[FolderSource]) -> Outcome:
        sticks = {f.mark: f.about for f in folders if f.about}

        calls = itertools.count()

        def progress(done: int, total: int) -> None:
            if next(calls) % 20:
                return
            for about in sticks.values():
                self._report(about, "repair.stick.reading", done=done, total=total)
                self._reading.add(about)

        urgent, here = self._urgent.is_set(), _here(self._holdings)
        self._urgent.clear()
        # What comes meanwhile may mend at once what would be fetched slowly.
        self._fetching.begin(urgent=urgent, news=lambda: self._ask_again.is_set() or _here(self._holdings) != here)
        outcome = self._repairer.round(
            releases,
            plugged,
            lambda p, paths: DriveSource(p, paths, self.pools),
            [*folders, *self._origins()],
            progress,
            lambda: self._fetching.broken_off,
        )
        self._tell_of_line(urgent=urgent)
        if outcome.done or outcome.left:
            _log.info("repair: %d places done, nobody has the bytes of %d", outcome.done, outcome.left)
        for mark, about in () if self._fetching.broken_off else sticks.items():
            done, wrong = outcome.by_mark.get(mark, (0, 0))
            if wrong and not done:
                self._report(about, "repair.stick.not_matching")
            elif done and outcome.left:
                self._report(about, "repair.partial", done=done, left=outcome.left)
            elif done:
                self._report(about, "repair.done.stick", done=done)
            elif outcome.fetched or about in self._reading:
                self._repair_store.forget_report(about)  # what was mended meanwhile came from elsewhere
            self._reading.discard(about)
        return outcome

    def _origins(self) -> list[OriginSource]:
        """The servers in the order of now; each keeps what it is known for."""
        addresses = self._line.origins()
        for address in addresses:
            if address not in self._servers:
                self._servers[address] = OriginSource(address, self._fetching)
        return [self._servers[address] for address in addresses]

    def _tell_of_line(self, *, urgent: bool) -> None:
        """Say what repairs wait for; a round that gave way is taken up again as it was asked for."""
        refused = self._fetching.refused
        if self._fetching.broken_off:
            if urgent:
                self._urgent.set()
            self._ask_again.set()
        elif refused is not None:
            self._report(THE_LINE, refused.key, **refused.params)
            self._waits = True
        elif self._waits:
            self._repair_store.forget_report(THE_LINE)
            self._waits = False

    def _report(self, about: str, key: str, **params: str | int) -> None:
        self._repair_store.report(Report(about, key, params, f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"))

    def _folders(self, holdings: Holdings) -> list[FolderSource]:
        """Folders from the settings, and plugged sticks that hold objects for repairs."""
        found = [FolderSource(path, f"folder {path}", self.pools) for path in self._settings.repair_folders]
        for drive in holdings.drives:
            mark = f"stick {drive.key} {drive.since}"
            if drive.state in {"refused", "told"} and (root := self._offered(Path(drive.path), mark)):
                # Of a stick with lists or updates it is said what became of those.
                about = drive.key if drive.state == "refused" else ""
                found.append(FolderSource(root, mark, self.pools, about=about))
        return found

    def _offered(self, root: Path, mark: str) -> Path | None:
        """Where a stick has objects: in its root, or where its lists stand; None when it has none."""

        def look() -> bytes:
            found = next((folder for folder in (root, carrier_root(root)) if offers_repairs(folder)), None)
            return b"" if found is None else bytes(found)

        try:
            found = self.pools.wait(self.pools.submit(mark, "look", look, Urgency.AHEAD))
        except (ServingError, OSError, FormatError):
            return None
        return Path(os.fsdecode(found)) if found else None


def _here(holdings: Holdings) -> list[tuple[str, str, str]]:
    """Which drives and sticks are plugged in, and what became of them."""
    return [(drive.key, drive.since, drive.state) for drive in holdings.drives]


def plugged_drives(holdings: Holdings, releases: Path) -> list[Plugged]:
    """The drives that serve, as the checks and repairs see them."""
    disks = {r.folder: r.disks for r in holdings.releases}
    return [
        Plugged(
            key=d.key,
            root=Path(d.path),
            name=d.name,
            release=releases / d.folder,
            folder=d.folder,
            disk=d.disk,
            disks=disks[d.folder],
            identity=d.tagmanifest,
            since=d.since,
        )
        for d in holdings.drives
        if d.serves and d.tagmanifest and d.folder in disks
    ]
