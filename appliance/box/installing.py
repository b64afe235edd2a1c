"""Installing a system into the other slot, as root, so that the power may go at any moment.

The running slot, its entry and its kernel are never touched. First every part is read and compared: for one that is not
as signed the older system in the other slot is not given up. Then every entry goes that does not start the running
slot, so that nothing half written can be started; then the slot is written and read back, then kernel and first file
system; the entry, which makes all of it count, comes last. What is begun anew begins at the front.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from appliance.box.entries import Entry, entry_name, entry_text, read_entries
from appliance.box.offered import ASKED, READY, Offer, offers, opened_part, prove
from appliance.box.places import Places
from appliance.box.slot_writing import Slot
from appliance.box.slots import Slots
from appliance.box.state import read_small
from appliance.box.system_state import (
    REFUSED,
    WRITING,
    WRITTEN,
    SystemState,
    read_system_state,
    write_system_state,
)
from appliance.clock import Clock
from appliance.errors import SystemInstallError
from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.systems import System

_log = logging.getLogger(__name__)

INSTALLED = "installed.json"
REBOOT = "reboot"
"""Left in `Places.run` when the box is to start anew; a unit does it."""
MAX_ROOT = 1 << 20
_FOLDER = re.compile(r"[1-9][0-9]{0,13}\Z", re.ASCII)
_FILES = {"kernel": "vmlinuz", "initrd": "initrd"}


class Installer:
    """One run of the slot step."""

    def __init__(
        self,
        places: Places,
        clock: Clock,
        files: Files,
        *,
        slots: Callable[[], Slots],
        slot: Callable[[Path], Slot],
        running: int,
        boot: str,
    ) -> None:
        """Name what is used.

        Args:
            places: where it reads and writes.
            clock: for the time that is told.
            files: the writer.
            slots: finds the slots of this machine.
            slot: opens the slot at a device.
            running: version of the running system.
            boot: id of this boot.
        """
        self._places, self._clock, self._files = places, clock, files
        self._slots, self._slot, self._running, self._boot = slots, slot, running, boot

    @property
    def _entries(self) -> Path:
        return self._places.efi.parent / "loader" / "entries"

    def run(self) -> SystemState:
        """Install the newest system that asks for it; what came of it.

        Raises:
            OSError: what is to be told cannot be written.
        """
        self._files.remove(self._places.data / "system" / ASKED)  # first: what is asked from now on starts it anew
        asked = offers(self._places.data / "system")
        state = read_system_state(self._places.run)
        for n, offer in enumerate(asked):
            self._files.remove(offer.folder / READY)  # whatever comes of it, nothing asks twice
            if n or offer.boot != self._boot:
                _log.info("system %d was asked for in another boot, or a newer one is here", offer.version)
                continue
            state = self._install(offer)
        return state

    def _install(self, offer: Offer) -> SystemState:
        try:
            root = read_small(self._places.run / "root.json", MAX_ROOT)
            system = prove(offer, root, self._running)
            self._write(offer, system, self._slots())
        except SystemInstallError as error:
            _log.warning("system %d is not installed: %s", offer.version, error)
            return self._tell(error.state, offer.version)
        except (OSError, ValueError, FormatError) as error:
            _log.error("system %d is not installed: %s", offer.version, error)
            return self._tell(REFUSED, offer.version)
        state = self._tell(WRITTEN, system.version, 100)
        self._files.write_atomic(self._places.run / REBOOT, b"\n", durable=False)
        return state

    def _tell(self, state: str, version: int, percent: int = 0) -> SystemState:
        at = f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
        told = SystemState(self._running, state, version, percent, at)
        write_system_state(self._places.run, told, self._files)
        return told

    def _write(self, offer: Offer, system: System, slots: Slots) -> None:
        device = self._slot(slots.device)
        if device.size() < system.root.size:
            raise SystemInstallError(REFUSED, f"its {system.root.size} bytes do not fit into the slot")
        _check_parts(offer, system)
        self._tell(WRITING, system.version)
        self._disarm(slots)
        self._write_root(offer, system, device)
        folder = self._places.efi / str(system.version)
        self._files.make_dir(folder)
        for name, digest in system.parts():
            if name in _FILES:
                with opened_part(offer, name, digest.size) as blocks:
                    self._files.write_atomic(folder / _FILES[name], blocks, expected=digest.sha256)
        self._note(system, slots)
        text = entry_text(system.version, slots.other, system.options)
        self._files.write_atomic(self._entries / entry_name(system.version), text.encode())

    def _disarm(self, slots: Slots) -> None:
        """Nothing but the running slot can be started from here on."""
        entries = read_entries(self._entries)
        own = [entry for entry in entries if _starts(entry, slots.running)]
        if not own:
            raise SystemInstallError(REFUSED, "the running system has no entry of the boot loader")
        if all(entry.tries is not None for entry in own):
            raise SystemInstallError("", "the running system has not shown yet that it serves; the one before stays")
        for entry in entries:
            if not _starts(entry, slots.running):
                self._files.remove(entry.path)
        kept = {str(entry.version) for entry in own} | {str(self._running)}
        for path in sorted(self._places.efi.iterdir()):
            if _FOLDER.match(path.name) and path.name not in kept and path.is_dir():
                self._files.discard(path)
        self._files.fsync_dir(self._places.efi)

    def _write_root(self, offer: Offer, system: System, device: Slot) -> None:
        size = system.root.size
        with opened_part(offer, "root", size) as blocks:
            device.write(self._told(blocks, system.version, size))
        if device.digest(size) != system.root.sha256:
            raise SystemInstallError(REFUSED, "the slot does not hold what was signed")

    def _told(self, blocks: Iterable[bytes], version: int, size: int) -> Iterator[bytes]:
        done, percent = 0, 0
        for block in blocks:
            yield block
            done += len(block)
            if 100 * done // size >= percent + 10:
                percent = 100 * done // size
                self._tell(WRITING, version, min(99, percent))

    def _note(self, system: System, slots: Slots) -> None:
        """What was installed, for the boot after: it compares."""
        body = {"schema": 1, "version": system.version, "from": self._running, "boot": self._boot, "slot": slots.other}
        self._files.make_dir(self._places.state / "system")
        self._files.write_atomic(self._places.state / "system" / INSTALLED, json.dumps(body).encode() + b"\n")


def _check_parts(offer: Offer, system: System) -> None:
    """Read every part once before the system in the other slot is given up for it; writing compares them again.

    Raises:
        SystemInstallError: a part is not what was signed.
        OSError: it cannot be read.
    """
    for name, digest in system.parts():
        found = hashlib.sha256()
        with opened_part(offer, name, digest.size) as blocks:
            for block in blocks:
                found.update(block)
        if found.hexdigest() != digest.sha256:
            raise SystemInstallError(REFUSED, f"{name} is not what was signed")


def _starts(entry: Entry, guid: str) -> bool:
    return entry.guid == guid.lower()
