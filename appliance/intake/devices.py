"""What the system says of devices that never became drives: a format that is not read, an unreadable disk, a keyboard.

The drive helper leaves one small file a device in `Settings.event_spool`. A drive that is mounted is found in the mount
table and not by its file; the others have nothing else that tells of them. Names and labels in these files come from
outside: few files, few bytes, nothing of them but the kernel's name of the device is used, and a device that the kernel
no longer knows is gone, whatever its file says.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.box.state import read_small
from appliance.store.holdings import HeldDrive, Message

_log = logging.getLogger(__name__)

MAX_BYTES = 4096
MAX_NAMES = 1000
MAX_DEVICES = 16
"""Devices that are told of at a time."""
SYSTEM = Path("/sys")
_LOCKED = ("crypto_", "bitlocker")
_BLOCK = re.compile(r"[a-z][a-z0-9]{1,31}\Z", re.ASCII)
_USB = re.compile(r"usb-([0-9]+-[0-9.]{1,24})\Z", re.ASCII)
_SENTENCES = {
    "refused": "intake.refused.format",
    "failed": "intake.refused.unreadable",
    "unreadable": "intake.refused.unreadable",
    "blocked": "box.not_storage",
}


@dataclass(frozen=True, slots=True)
class Device:
    """One. name: the kernel's. sentence: what is said of it. at: since when, ISO time in UTC."""

    name: str
    sentence: str
    at: str

    def held(self) -> HeldDrive:
        """As a line among the drives."""
        return HeldDrive(f"device-{self.name}", "", "", "refused", Message(self.sentence), since=self.at)


def read_devices(spool: Path | None, mounted: Collection[str], *, system: Path = SYSTEM) -> tuple[Device, ...]:
    """The devices that are no drives, by name.

    Args:
        spool: the folder; None or not there: none.
        mounted: what is mounted (`/dev/sdb1`): such a device is a drive, whatever its file says.
        system: where the kernel tells of devices.
    """
    if spool is None:
        return ()
    try:
        with os.scandir(spool) as entries:
            names = sorted(entry.name for entry, _ in zip(entries, range(MAX_NAMES), strict=False))
    except OSError:
        return ()
    found: list[Device] = []
    for name in names:
        device = name.removesuffix(".json")
        if device == name or f"/dev/{device}" in mounted or not _is_there(device, system):
            continue
        if (one := _read(spool / name, device)) is not None:
            found.append(one)
        if len(found) == MAX_DEVICES:
            break
    return tuple(found)


def _is_there(device: str, system: Path) -> bool:
    """Whether the kernel knows it; a kernel that tells nothing at all is not asked."""
    if _BLOCK.match(device):
        folder, name = system / "class/block", device
    elif usb := _USB.match(device):
        folder, name = system / "bus/usb/devices", usb[1]
    else:
        return False
    return not folder.is_dir() or (folder / name).exists()


def _read(path: Path, device: str) -> Device | None:
    try:
        body = json.loads(read_small(path, MAX_BYTES))
        if body["schema"] != 1 or body["device"] != device:
            return None
        sentence = _SENTENCES.get(body["state"])
        if sentence == "intake.refused.format" and str(body.get("file_system", "")).lower().startswith(_LOCKED):
            sentence = "intake.refused.locked"
        at = f"{datetime.fromtimestamp(body['at'], UTC):%Y-%m-%dT%H:%M:%SZ}"
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        _log.warning("the event of %s cannot be read: %r", device, error)
        return None
    return Device(device, sentence, at) if sentence is not None else None
