"""attach DEV, detach DEV: a block device came or went. blocked PATH, unblocked PATH: a USB device that is no disk."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from image.drive import events, mounting, sticks
from image.drive.decision import decide
from image.drive.events import Event
from image.drive.probe import Found, probe

_DEVICE = re.compile(r"[a-z][a-z0-9]{1,31}", re.ASCII)
_USB = re.compile(r"/sys/devices/[0-9A-Za-z._:/+-]{1,400}", re.ASCII)


def main(arguments: list[str]) -> int:
    """Do what the unit asks for; return 2 for a command line that no unit of ours has."""
    match arguments:
        case ["attach", device] if _DEVICE.fullmatch(device):
            attach(device)
        case ["detach", device] if _DEVICE.fullmatch(device):
            detach(device)
        case ["blocked", path] if _USB.fullmatch(path):
            blocked(Path(path))
        case ["unblocked", path] if _USB.fullmatch(path):
            unblocked(Path(path))
        case _:
            return 2
    return 0


def _now() -> int:
    return int(time.time())  # noqa: TID251 -- a process of seconds, which has no clock to be passed in


def attach(device: str) -> None:
    """Look at a block device, mount it if it may be, and say what became of it."""
    try:
        found = probe(device)
    except OSError:
        return
    decision = decide(found)
    if decision.act == "ignore":
        return
    if decision.act != "mount":
        say(found, decision.act, reason=decision.reason)
        return
    done, detail = mounting.mount(device, found.kind, decision.options)
    if not done:
        say(found, "failed", reason="mount", detail=detail)
        return
    copied = sticks.collect(mounting.MEDIA / device, device)
    say(found, "mounted", path=str(mounting.MEDIA / device))
    if copied:
        sticks.call_box_step()


def say(found: Found, state: str, *, path: str = "", reason: str = "", detail: str = "") -> None:
    """Write the event of a block device."""
    event = Event(
        device=found.device, state=state, at=_now(), path=path, file_system=found.kind, label=found.label,
        uuid=found.uuid, reason=reason, detail=detail,
    )  # fmt: skip
    events.write(event)


def detach(device: str) -> None:
    """A block device has gone, or its unit was stopped."""
    mounting.unmount(device)
    if events.state_of(device):
        events.write(Event(device=device, state="removed", at=_now()))
    if sticks.forget(device):
        sticks.call_box_step()


def usb_name(path: Path) -> str:
    """How a USB device is called in events: `usb-1-2`."""
    return "usb-" + re.sub(r"[^0-9a-z.-]", "", path.name.lower())[:32]


def blocked(path: Path) -> None:
    """Say that a USB device was not let in; the unit asks only after usbguard has decided."""
    detail = f"{_line(path / 'manufacturer')} {_line(path / 'product')}"
    event = Event(device=usb_name(path), state="blocked", at=_now(), reason="not_storage", detail=detail)
    events.write(event)


def unblocked(path: Path) -> None:
    """It has been pulled out."""
    device = usb_name(path)
    if events.state_of(device) == "blocked":
        events.write(Event(device=device, state="removed", at=_now()))


def _line(path: Path) -> str:
    try:
        return path.read_bytes()[:400].decode("utf-8", "replace").strip()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
