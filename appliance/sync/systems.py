"""Bringing a newer system of the box, and asking root to install it at closing time or when the director says so.

system/incoming/…                 parts in pieces, as `incoming`
system/<version>/root, kernel, initrd, system.json     whole and proved; the document is written last
system/<version>/tuf/…, ready.json                     for root, which proves all of it again (`appliance.box.offered`)
system/asked                                           written last: starts root's step
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.box.offered import ASKED, DOCUMENT, READY
from appliance.box.state import read_small
from appliance.box.system_state import FELL_BACK, REFUSED, read_system_state
from appliance.sync.closing import closed_hours
from appliance.sync.incoming import Incoming
from appliance.sync.room import check_room
from appliance.sync.schedule import Window
from packager.format.errors import DigestError, FormatError
from packager.format.origin import OriginError
from packager.format.systems import MAX_DOCUMENT, System, system_target

if TYPE_CHECKING:
    from appliance.clock import Clock
    from appliance.intake.door import Door
    from appliance.settings import Settings
    from appliance.store.preferences import PreferenceStore
    from appliance.sync.board import StateBoard
    from appliance.sync.supply import Supply
    from packager.format.files import Files
    from packager.format.release import Digest
    from packager.format.trust import Trusted

_log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
AGAIN_SECONDS = 12 * 3600.0
"""Root is asked again after so long, when it did nothing: the next night."""
_VERSION = re.compile(r"[1-9][0-9]{0,13}\Z", re.ASCII)


class Systems:
    """For the thread of updates."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        files: Files,
        door: Door,
        preferences: PreferenceStore,
        board: StateBoard,
        *,
        boot: Callable[[], str] | None = None,
    ) -> None:
        """Begin with what is here.

        Args:
            settings: of the box.
            clock: for closing time.
            files: the writer.
            door: to what is trusted, and to the room on the SSD.
            preferences: the hours for updates.
            board: told which system waits.
            boot: id of this boot; the kernel's when not given.
        """
        self._settings, self._clock, self._files, self._door = settings, clock, files, door
        self._preferences, self._board = preferences, board
        self._boot = boot or _boot
        self._folder = settings.systems_folder
        self._incoming = Incoming(self._folder / "incoming", files)
        self._asked, self._asked_at, self._tidied = 0, 0.0, False
        self._state = read_system_state(settings.box_folder)

    @property
    def running(self) -> int:
        """Version of the running system; 0: not known, and nothing is brought."""
        return self._state.running

    def turn(self) -> None:
        """Follow what root says, throw away what is no longer needed, ask at closing time.

        Raises:
            OSError: the SSD does not answer.
        """
        before, self._state = self._state, read_system_state(self._settings.box_folder)
        if not self.running:
            return
        if not self._tidied or before != self._state or self._state.state == REFUSED:
            self._tidy()
            self._tidied = True
        waits = self.waiting()
        self._board.change(system=waits)
        if waits and (waits != self._asked or self._waits_long()) and self._is_closed():
            self.ask()

    def _waits_long(self) -> bool:
        """Whether root was asked some time ago, and did not do it then."""
        return self._clock.monotonic() - self._asked_at > AGAIN_SECONDS

    def waiting(self) -> int:
        """Version of the system that is here whole and may be installed; 0: none."""
        here = (v for v in self._versions() if self._is_wanted(v) and (self._of(v) / DOCUMENT).exists())
        return max(here, default=0)

    def bring(self, supply: Supply, trusted: Trusted, begin: Callable[[int, int], None] = lambda _n, _m: None) -> int:
        """Bring the newest system that may replace the running one, from where the last try ended.

        Args:
            supply: where it comes from.
            trusted: what is listed.
            begin: told how many bytes there are to bring, and how many of them are here.

        Returns:
            Its version when it is here whole; 0 when there is none.

        Raises:
            WaitError: not now. IntakeError: there is no room.
            OriginError, SourceError: it cannot be had.
            OSError: the SSD is full or does not answer.
        """
        system = self._newest(supply, trusted)
        if system is None:
            return 0
        if self.waiting() >= system.version:
            return system.version
        parts = dict(system.parts())
        done = sum(map(self._incoming.fetched, parts.values()))
        check_room(self._door.store, self._settings.reserve_bytes, 2 * system.size - done)
        begin(system.size, done)
        for digest in parts.values():
            if self._incoming.fetch(digest, supply.sources(), supply.allow, supply.took) is None:
                raise OriginError(f"a part of system {system.version} cannot be had")
        self._assemble(system)
        self._board.change(system=self.waiting())
        _log.info("system %d is here", system.version)
        return system.version

    def has_older_only(self, supply: Supply, trusted: Trusted) -> bool:
        """Whether a supply has systems that are listed, and none of them is newer than the one that runs."""
        had = [v for v, wanted in trusted.systems.items() if supply.has(system_target(v), wanted)]
        return bool(had) and bool(self.running) and max(had) < self.running

    def ask(self) -> None:
        """Ask root to install what is here; asked again after another start only.

        Raises:
            OSError: the SSD is full or does not answer.
        """
        version = self.waiting()
        if not version or not self._boot():
            return
        folder = self._of(version)
        for name, content in self._door.trust.repository().items():
            path = folder / "tuf" / name
            self._files.make_dir(path.parent, durable=False)
            self._files.write_atomic(path, content, durable=False)
        self._files.sync_all()
        body = {"schema": 1, "version": version, "boot": self._boot()}
        self._files.write_atomic(folder / READY, json.dumps(body).encode() + b"\n")
        self._files.write_atomic(self._folder / ASKED, b"\n")
        self._asked, self._asked_at = version, self._clock.monotonic()
        _log.info("root is asked to install system %d", version)

    def _newest(self, supply: Supply, trusted: Trusted) -> System | None:
        for version, wanted in sorted(trusted.systems.items(), reverse=True):
            if not self._is_wanted(version) or not supply.has(system_target(version), wanted):
                continue
            try:
                system = System.from_bytes(self._document(supply, version, wanted))
            except (FormatError, OriginError) as error:  # a mirror may hold content only
                _log.info("system %d cannot be had, or is for newer boxes: %s", version, error)
                continue
            if system.version == version and system.minimum <= self.running:
                return system
        return None

    def _document(self, supply: Supply, version: int, wanted: Digest) -> bytes:
        """A signed document, brought once."""
        path = self._folder / "documents" / wanted.sha256
        if not path.exists():
            self._files.make_dir(path.parent)
            try:
                self._files.write_atomic(path, supply.document(system_target(version), wanted), expected=wanted.sha256)
            except DigestError as error:
                raise OriginError(f"the document of system {version} is another") from error
        return read_small(path, MAX_DOCUMENT)

    def _assemble(self, system: System) -> None:
        """Whole files of the pieces; the document comes last and says that all is here."""
        folder = self._of(system.version)
        self._files.make_dir(folder)
        for name, digest in system.parts():
            blocks = (path.read_bytes() for path in self._incoming.pieces(digest))
            self._files.write_atomic(folder / name, blocks, expected=digest.sha256)
        self._files.write_atomic(folder / DOCUMENT, system.to_bytes())
        for _, digest in system.parts():
            self._incoming.forget(digest)

    def _is_wanted(self, version: int) -> bool:
        """Newer than the one that runs, and not one that did not start."""
        fell_back = self._state.version if self._state.state == FELL_BACK else 0
        return bool(self.running) and version > self.running and version != fell_back

    def _is_closed(self) -> bool:
        local = self._clock.now() + timedelta(minutes=self._settings.utc_offset_minutes)
        window = Window.parse(self._preferences.read().window)
        return closed_hours(self._settings.opening_hours, window).is_open(local)

    def _tidy(self) -> None:
        """What is installed, did not start, or was refused by root (it is brought anew) goes."""
        refused = self._state.version if self._state.state == REFUSED else 0
        for version in self._versions():
            asks = (self._of(version) / READY).exists()
            if not self._is_wanted(version) or (version == refused == self._asked and not asks):
                self._files.remove(self._of(version) / DOCUMENT)
                self._files.discard(self._of(version))
        if refused == self._asked:
            self._asked = 0

    def _versions(self) -> Iterator[int]:
        if self._folder.is_dir():
            yield from (int(path.name) for path in self._folder.iterdir() if _VERSION.match(path.name))

    def _of(self, version: int) -> Path:
        return self._folder / str(version)


def _boot() -> str:
    try:
        return read_small(BOOT_ID, 100).decode().strip()
    except (OSError, ValueError):
        return ""
