"""The box step: chooses the box file and makes what the box runs with, at every boot and whenever sticks come and go.

It runs as root and never touches /etc. Everything it makes stands in /run and is made anew at the next boot; only the
accepted box file is kept, and what cannot be kept is used all the same. What it reads from sticks is hostile: few and
small files, plain ones only, and nothing is believed before a signature holds.
"""

from __future__ import annotations

import grp
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from appliance.box.booted import boot_id, note_boot
from appliance.box.choosing import Choice, choose, in_force
from appliance.box.facts import SystemFacts, box_keys, system_facts
from appliance.box.found import BOX, MAX_BOX, MAX_RECOVERY, RECOVERY, find
from appliance.box.network import NAME as NETWORK_NAME
from appliance.box.network import network_text
from appliance.box.places import Places
from appliance.box.recovery import recovery_sticks
from appliance.box.settings_file import settings_text
from appliance.box.state import NAME, STAFF_NAME, BoxState, read_small
from appliance.clock import Clock, plausible_now
from packager.format.files import Files, PrivateFiles
from packager.format.repository import root_version
from provisioning.box_file import BoxFile

_log = logging.getLogger(__name__)

GROUP = "shuxiang"
RESTART, NETWORK_CHANGED = "restart", "network-changed"
"""Left in `Places.run` when the running service, or the network, must be told; a unit acts on it and removes it."""
MAX_ROOT = 1 << 20
MAX_HOLDINGS = 8 << 20
HORIZON = timedelta(days=365 * 20)
_KEPT = "current.box"


@dataclass(frozen=True, slots=True)
class Applied:
    """What the step did. state: what it told. restart: whether the running service must start anew."""

    state: BoxState
    restart: bool


class Applier:
    """One run of the box step."""

    def __init__(self, places: Places, clock: Clock, files: Files) -> None:
        """Name what is used.

        Args:
            places: where it reads and writes.
            clock: of the machine, believed only within what is plausible.
            files: the writer.
        """
        self._places, self._clock, self._files = places, clock, files
        self._facts: SystemFacts = system_facts(places.system)

    def apply(self) -> Applied:
        """Choose and write.

        Raises:
            OSError: what the box runs with cannot be written. That a box file cannot be kept raises nothing.
        """
        places, keys = self._places, box_keys(self._places.trust)
        kept = in_force(self._kept(), keys, self._texts)
        choice = choose(
            kept,
            find(places.inbox, BOX, MAX_BOX),
            find(places.efi, BOX, MAX_BOX),
            keys,
            today=self._today,
            fits=self._texts,
        )
        self._files.make_dir(places.run)
        is_kept = self._keep(choice)
        state = self._state(choice, is_kept=is_kept)
        changed = self._write_all(choice.box)
        note_boot(places, self._facts.version, boot_id(), self._clock, self._files)
        self._put(places.run / NAME, state.to_bytes())
        return Applied(state, changed)

    def _kept(self) -> list[bytes]:
        """The copies of the file in force: of earlier boots, and of this boot alone when it could not be kept."""
        found = []
        for path in (self._places.state / "box" / _KEPT, self._places.run / _KEPT):
            try:
                found.append(read_small(path, MAX_BOX))
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                _log.error("the kept box file cannot be read: %s", error)
        return found

    def _today(self, box: BoxFile | None) -> date:
        """The day, never below the system's own nor any that was signed, whatever the clock says."""
        floors = [self._facts.made, *((box.issued, box.image_floor) if box is not None else ())]
        earliest = max(_midnight(max(floors)), self._newest_signed())
        now = plausible_now(self._clock, earliest=earliest, horizon=_midnight(self._facts.made) + HORIZON)
        return (now or earliest).date()

    def _newest_signed(self) -> datetime:
        """The highest date that the library's drives have shown; the service's word, so it can only bring days near."""
        lowest = _midnight(self._facts.made)
        try:
            body = json.loads(read_small(self._places.data / "holdings.json", MAX_HOLDINGS))
            found = datetime.fromisoformat(body["reference_time"])
            return max(lowest, found) if found <= lowest + HORIZON else lowest
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return lowest

    def _texts(self, box: BoxFile | None) -> tuple[str, str]:
        """Settings and network file.

        Raises:
            SettingsError, TrustError, ValueError: the box file would make something that cannot be used.
        """
        if box is not None:
            root_version(box.root.encode())
        places = self._places
        settings = settings_text(box, run=places.run, data=places.data, media=places.media, image_date=self._facts.made)
        return settings, network_text(box)

    def _keep(self, choice: Choice) -> bool:
        """Keep the file for the next boot; whether it is kept. Kept for this boot in any case."""
        if choice.box is None:
            return False
        content, private = choice.box.content, PrivateFiles()
        _put(private, self._places.run / _KEPT, content)
        folder = self._places.state / "box"
        try:
            self._files.make_dir(folder)
            _put(self._files, folder / _KEPT, content, durable=True)
        except OSError as error:
            _log.error("the box file is applied, but cannot be kept: %s", error)
            return False
        return True

    def _state(self, choice: Choice, *, is_kept: bool) -> BoxState:
        box, places = choice.box, self._places
        found = find(places.inbox, RECOVERY, MAX_RECOVERY)
        recovery = recovery_sticks(found, box)
        if box is None:
            return BoxState(known=True, system=self._facts.version, refused=choice.refused, recovery=recovery)
        return BoxState(
            known=True,
            configured=True,
            library=box.library.name,
            library_id=box.library.id,
            serial=box.serial,
            issued=box.issued.isoformat(),
            staff=box.staff.name,
            applied=self._since(is_kept=is_kept),
            kept=is_kept,
            system=self._facts.version,
            refused=choice.refused,
            recovery=recovery,
        )

    def _since(self, *, is_kept: bool) -> str:
        """Since when the file in force is applied: when its copy was written."""
        path = self._places.state / "box" / _KEPT if is_kept else self._places.run / _KEPT
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return f"{at:%Y-%m-%dT%H:%M:%SZ}"

    def _write_all(self, box: BoxFile | None) -> bool:
        """Write what the box runs with; whether the running service must be told."""
        places = self._places
        first = not (places.run / NAME).exists()  # the image puts settings there for a box without this step
        settings, network = self._texts(box)
        root = self._root(box)
        changed = self._put(places.run / "root.json", root) if root else False
        changed |= self._write_staff(box)
        changed |= self._put(places.run / "settings.toml", settings.encode())
        self._files.make_dir(places.networkd)
        rewired = self._put(places.networkd / NETWORK_NAME, network.encode())
        for told, name in ((changed, RESTART), (rewired, NETWORK_CHANGED)):
            if told and not first:
                self._put(places.run / name, b"\n")
        return changed and not first

    def _root(self, box: BoxFile | None) -> bytes:
        """The root that the library's drives are proved by; on a box that knows no library, the image's own, if any."""
        if box is not None:
            return box.root.encode()
        try:
            return read_small(self._places.trust / "root.json", MAX_ROOT)
        except (OSError, ValueError) as error:
            _log.error("the image trusts nobody: %s", error)
            return b""

    def _write_staff(self, box: BoxFile | None) -> bool:
        """What the first account is made from: for the service alone."""
        path = self._places.run / STAFF_NAME
        if box is None:
            return False
        body: Mapping[str, str] = {"name": box.staff.name, "password_hash": box.staff.password_hash}
        changed = _put(PrivateFiles(), path, json.dumps(body, ensure_ascii=False).encode() + b"\n")
        with suppress(KeyError, PermissionError):  # on a machine of ours there is no such group
            os.chown(path, -1, grp.getgrnam(GROUP).gr_gid)
            path.chmod(0o640)
        return changed

    def _put(self, path: Path, content: bytes) -> bool:
        return _put(self._files, path, content)


def _put(files: Files, path: Path, content: bytes, *, durable: bool = False) -> bool:
    """Write a file unless it is so already; whether it was written."""
    with suppress(OSError, ValueError):
        if read_small(path, len(content)) == content:
            return False
    files.write_atomic(path, content, durable=durable)
    return True


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
