"""A stand-in for the kernel and the first process: mounting for writing is a change of permissions."""

from __future__ import annotations

import functools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from image.drive import events, lending, mounting, owners
from image.drive.events import Event
from image.drive.lending import Lender

USB = "sys/devices/pci0/usb2/2-1/host6/block"


class Machine:
    """One with a folder for each thing. `asked`: what the first process and the kernel were asked for."""

    def __init__(self, base: Path, monkeypatch, media: Path | None = None) -> None:
        """Nothing is plugged in. media: where the system mounts."""
        self.base, self.asked, self.fails = base, [], set()
        self.spool, self.requests, self.media = base / "events", base / "requests", media or base / "media"
        self.owners = base / "drives"
        for folder in (self.spool, self.requests, self.media, self.owners, base / "own"):
            folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(mounting, "MEDIA", self.media)
        monkeypatch.setattr(events, "SPOOL", self.spool)
        monkeypatch.setattr(lending, "OWN_DISKS", base / "own")
        for module, names in ((events, ("read", "write")), (owners, ("held", "take", "belongs", "leave", "place_of"))):
            folder = {"spool": self.spool} if module is events else {"folder": self.owners}
            for name in names:
                monkeypatch.setattr(module, name, functools.partial(getattr(module, name), **folder))
        monkeypatch.setattr(lending, "check_place", functools.partial(lending.check_place, own=base / "own"))
        monkeypatch.setattr(mounting, "mount", self._mount)
        monkeypatch.setattr(mounting, "unmount", lambda device: self.asked.append(f"unmount {device}"))
        monkeypatch.setattr(mounting, "sync", lambda device: self.asked.append(f"sync {device}"))
        monkeypatch.setattr(mounting, "is_free", lambda _device: "free" not in self.fails)
        monkeypatch.setattr(mounting, "is_read_only", lambda _device: "switch" in self.fails)
        monkeypatch.setattr(mounting, "protect", self._protect)
        monkeypatch.setattr(lending, "_is_mount_of", lambda top, place: top.name == place.name and top.is_dir())
        self.lender = Lender(os.getuid(), os.getgid(), self.requests)

    def plug(self, device: str = "sdb1", kind: str = "exfat", at: int = 7, under: str = USB) -> Path:
        """A stick is mounted for reading only; its folder."""
        disk = device.rstrip("0123456789")
        place = self.base / under / disk / device
        place.mkdir(parents=True)
        (place / "partition").write_text("1")
        owners.take(device, place)
        top = self.media / device
        top.mkdir(exist_ok=True)
        top.chmod(0o555)
        events.write(Event(device=device, state="mounted", at=at, path=str(top), file_system=kind, label="U"))
        return top

    def pull(self, device: str = "sdb1") -> None:
        """It is gone, and the helper says so."""
        owners.leave(device)
        events.write(Event(device=device, state="removed", at=9))

    @contextmanager
    def following(self) -> Iterator[None]:
        """Root's step runs meanwhile, and looks often."""
        ended = threading.Event()

        def follow() -> None:
            while not ended.wait(0.01):
                self.lender.turn(time.monotonic())

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def event(self, device: str = "sdb1") -> Event:
        """What is told of it."""
        return events.read(device)

    def _mount(self, device: str, kind: str, options: str) -> tuple[bool, str]:
        way = options.split(",")[0]
        self.asked.append(f"mount {way} {device}")
        if way in self.fails:
            return False, "write-protected"
        (self.media / device).chmod(0o755 if way == "rw" else 0o555)
        return True, ""

    def _protect(self, device: str, *, on: bool) -> None:
        self.asked.append(f"{'protect' if on else 'open'} {device}")
