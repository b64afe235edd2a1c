"""Sticks and disks are mounted for reading only; the service may ask for one to write on, and gives it back.

It asks by a file `<device>.json` in a folder of its own (`requests`). Whatever it asks, only what `writing` allows is
mounted for writing: a stick of the staff's, no drive, never a disk of the box. It is taken back when the file is
removed, when it was not touched for `LEASE_SECONDS`, and when the disk is pulled. The folder is looked at every second
as long as something is in it; a path unit starts this process again.
"""

from __future__ import annotations

import os
import pwd
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from image.drive import events, mounting, owners, requests, writing
from image.drive.decision import OPTIONS
from image.drive.requests import Asked, Request

USER = "shuxiang"
LEASE_SECONDS = 600.0
TURN_SECONDS = 1.0
OWN_DISKS = Path("/run/shuxiang-disk")
"""The initial RAM disk leaves the name of the disk here from which this system was started."""


class RefusedError(Exception):
    """A disk is not given for writing; why, for the log."""


@dataclass(slots=True)
class Lent:
    """A disk that is writable now. place: in sysfs. mark: of the request's file. seen: when that last changed."""

    place: Path
    request: Request
    mark: tuple[int, int]
    seen: float


class Lender:
    """Follows the folder. For one thread."""

    def __init__(self, user: int, group: int, folder: Path = requests.FOLDER) -> None:
        """Nothing is lent yet. user, group: the service's."""
        self._user, self._group, self._folder = user, group, folder
        self.lent: dict[str, Lent] = {}

    def resume(self, now: float) -> None:
        """Take up what a run that broke off had lent."""
        asked = requests.read_all(self._folder, self._user)
        for path in sorted(events.SPOOL.glob("*.json")):
            event, place = events.read(path.stem), owners.place_of(path.stem)
            if event is None or not event.writable or event.state != "mounted" or place is None:
                continue
            found = asked.get(path.stem, Asked(None))
            lent = Lent(place, found.request or Request(path.stem, "", 0), found.mark, now)
            if found.request is None or found.request.at != event.at:
                self._take_back(path.stem, lent)
            else:
                self.lent[path.stem] = lent

    def turn(self, now: float) -> bool:
        """Do what was asked since the last turn; whether there is anything to come back for. now: monotonic seconds."""
        asked = requests.read_all(self._folder, self._user)
        for device, lent in list(self.lent.items()):
            found = asked.get(device)
            if found is not None and found.request == lent.request and found.mark != lent.mark:
                lent.mark, lent.seen = found.mark, now
            over = found is None or found.request != lent.request or now - lent.seen >= LEASE_SECONDS
            if over or not _belongs(device, lent.place):
                del self.lent[device]
                if asked.pop(device, None) is not None:
                    self._forget(device)  # before it is taken back: the service may ask anew as soon as it is
                self._take_back(device, lent)
        for device, found in asked.items():
            if device in self.lent:
                continue
            try:
                self.lent[device] = self._lend(found, now)
            except (RefusedError, OSError) as error:
                if self._forget(device):
                    _log(device, f"is not given for writing: {error}")
        return bool(self.lent) or any(True for _ in self._folder.iterdir())

    def _forget(self, device: str) -> bool:
        """Remove a request; that is also how the service hears that it is refused. Whether one was there."""
        try:
            (self._folder / f"{device}.json").unlink()
        except OSError:
            return False
        return True

    def _lend(self, asked: Asked, now: float) -> Lent:
        """Mount a disk for writing.

        Raises:
            RefusedError: it may not be, or cannot; it is as it was.
            OSError: it has gone.
        """
        if (request := asked.request) is None:
            raise RefusedError("this is no request")
        device = request.device
        event, place = events.read(device), owners.place_of(device)
        if event is None or place is None or (event.state, event.at) != ("mounted", request.at):
            raise RefusedError("it is not plugged in")
        check_place(device, place)
        if event.file_system not in writing.KINDS:
            raise RefusedError(f"{event.file_system} is not written")
        self._check(request, event.file_system, place)
        lent = Lent(place, request, asked.mark, now)
        try:
            self._mount(request, event.file_system, place)
        except (RefusedError, OSError):
            self._take_back(device, lent)
            raise
        _say(place, replace(event, writable=True))
        _log(device, "is writable")
        return lent

    def _mount(self, request: Request, kind: str, place: Path) -> None:
        device = request.device
        mounting.unmount(device)
        if not mounting.is_free(device):
            raise RefusedError("somebody holds it")
        for name in _with_disk(place):
            mounting.protect(name, on=False)
        done, detail = mounting.mount(device, kind, writing.options(kind, self._user, self._group))
        top = mounting.MEDIA / device
        if not done or mounting.is_read_only(device):
            raise RefusedError(events.plain(detail) or "it cannot be written")
        if self._check(request, kind, place) == "take":
            os.chown(top, self._user, self._group, follow_symlinks=False)

    def _check(self, request: Request, kind: str, place: Path) -> str:
        """Look at what is mounted; what is to be done with its top folder, see `writing.ownership`."""
        top = mounting.MEDIA / request.device
        if not _is_mount_of(top, place) or not _belongs(request.device, place):
            raise RefusedError("something else is mounted there")
        seen = writing.see(top)
        others = [other for other in _partitions(place) if other != place]
        beside = [
            writing.see(mounting.MEDIA / other.name)
            for other in others
            if _is_mount_of(mounting.MEDIA / other.name, other)
        ]
        if found := writing.objection(request.purpose, seen, beside):
            raise RefusedError(found)
        if (needed := writing.ownership(kind, seen, self._user)) == "never":
            raise RefusedError("it belongs to somebody else")
        return needed

    def _take_back(self, device: str, lent: Lent) -> None:
        """Mount it for reading only again; nothing is done when it has been pulled."""
        event = events.read(device)
        if event is None or event.state != "mounted" or not _belongs(device, lent.place) or not lent.place.exists():
            return
        mounting.sync(device)
        mounting.unmount(device)
        mounting.is_free(device)
        disk = _disk(lent.place)
        shared = any(_disk(other.place) == disk for other in self.lent.values())
        for name in {device} if shared else {device, disk.name}:
            with suppress(OSError):
                mounting.protect(name, on=True)
        done, detail = mounting.mount(device, event.file_system, OPTIONS[event.file_system])
        if done:
            _say(lent.place, replace(event, writable=False))
        else:
            failed = replace(event, state="failed", path="", reason="mount", detail=detail, writable=False)
            _say(lent.place, failed)
        _log(device, "is for reading only again")


def check_place(device: str, place: Path, own: Path = OWN_DISKS) -> None:
    """A disk of the box is never given, whatever else speaks for it.

    Raises:
        RefusedError: it is one, or no USB device.
    """
    if place.name != device or "usb" not in {part.rstrip("0123456789") for part in place.parts}:
        raise RefusedError("it is not plugged in by USB")
    if (own / _disk(place).name).exists() or (own / device).exists():
        raise RefusedError("it is the box's own")


def _disk(place: Path) -> Path:
    return place if place.parent.name == "block" else place.parent


def _with_disk(place: Path) -> list[str]:
    return list(dict.fromkeys((_disk(place).name, place.name)))


def _partitions(place: Path) -> list[Path]:
    return [child for child in _disk(place).iterdir() if (child / "partition").exists()]


def _is_mount_of(top: Path, place: Path) -> bool:
    """Whether the very device at a place in sysfs is mounted at a folder."""
    try:
        number = top.stat().st_dev
        return (place / "dev").read_text().strip() == f"{os.major(number)}:{os.minor(number)}"
    except OSError:
        return False


def _belongs(device: str, place: Path) -> bool:
    with owners.held():
        return owners.belongs(device, place)


def _say(place: Path, event: events.Event) -> None:
    with owners.held():
        if owners.belongs(event.device, place):
            events.write(event)


def _log(device: str, text: str) -> None:
    sys.stderr.write(f"{device} {text}\n")
    sys.stderr.flush()


def run() -> None:
    """Follow the folder until it is empty and nothing is lent."""
    account = pwd.getpwnam(USER)
    lender = Lender(account.pw_uid, account.pw_gid)
    lender.resume(time.monotonic())
    while lender.turn(time.monotonic()):
        time.sleep(TURN_SECONDS)
