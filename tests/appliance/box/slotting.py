"""A box with two slots, its boot partition and a system that its service has brought; slots are plain files."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from appliance.box.entries import entry_text
from appliance.box.installing import Installer
from appliance.box.places import Places
from appliance.box.slot_writing import Slot
from appliance.box.slots import Slots
from appliance.box.system_state import SystemState
from appliance.clock import FixedClock
from packager.format.files import Files, RealFiles
from packager.systems.commands import sign_system
from packager.systems.making import FILES, read_system
from tests.packager.system_folders import system_folder
from tests.powercut.recording import RecordingFiles
from tests.simulator import DAY, Publisher, passphrase

GUID = {"a": "0000aaaa-0000-0000-0000-000000000001", "b": "0000bbbb-0000-0000-0000-000000000002"}
ROOM = 60_000


@dataclass
class FileSlot:
    """A slot that is a file; what is written is noted where a recorder is."""

    path: Path
    files: Files

    def size(self) -> int:
        return ROOM

    def write(self, blocks: Iterable[bytes]) -> None:
        recorder = self.files if isinstance(self.files, RecordingFiles) else None
        name = recorder.name(self.path) if recorder else ""
        if recorder:
            recorder._note("create", name)
        with self.path.open("wb") as file:
            for block in blocks:
                file.write(block)
                file.flush()
                if recorder:
                    recorder._note("append", name, bytes(block))
        if recorder:
            recorder._note("sync", name)

    def digest(self, size: int) -> str:
        return hashlib.sha256(self.path.read_bytes()[:size]).hexdigest()


@dataclass
class Box:
    """Version 3 runs from slot a; slot b still holds version 2, which may be started too."""

    folder: Path
    running: int = 3
    files: Files = field(default_factory=RealFiles)
    clock: FixedClock = field(default_factory=lambda: FixedClock(datetime(2026, 12, 1, tzinfo=UTC)))

    def __post_init__(self) -> None:
        f = self.folder
        self.places = Places(
            run=f / "run", state=f / "state", efi=f / "efi" / "shuxiang", trust=f / "trust",
            networkd=f / "networkd", data=f / "data", media=f / "media", system=f / "system.json",
        )  # fmt: skip
        self.entries = f / "efi" / "loader" / "entries"

    def furnish(self, root: bytes) -> None:
        """Make what a box has before an update."""
        for folder in (self.places.run, self.places.state, self.entries, self.folder / "dev", self.places.data):
            folder.mkdir(parents=True)
        (self.places.run / "root.json").write_bytes(root)
        (self.places.state / "kept").write_bytes(b"x")
        for slot, version in (("a", 3), ("b", 2)):
            (self.folder / "dev" / slot).write_bytes(self.root_of(version))
            text = entry_text(version, GUID[slot], "ro")
            (self.entries / f"shuxiang-{version}.conf").write_text(text)
            boot = self.places.efi / str(version)
            boot.mkdir(parents=True)
            for name in ("vmlinuz", "initrd"):
                (boot / name).write_bytes(f"{name} of {version}".encode())

    @staticmethod
    def root_of(version: int) -> bytes:
        return f"root of {version}. ".encode() * 1000

    def bring(self, publisher: Publisher, system: Path, boot: str = "this boot") -> Path:
        """What the service leaves of a signed system."""
        found = read_system(system)
        folder = self.places.data / "system" / str(found.version)
        folder.mkdir(parents=True)
        shutil.copytree(publisher.keys / "tuf" / "metadata", folder / "tuf" / "metadata")
        for name in ("releases",):
            shutil.copytree(publisher.keys / "tuf" / "targets" / name, folder / "tuf" / "targets" / name)
        (folder / "system.json").write_bytes(found.to_bytes())
        for part, name in FILES.items():
            shutil.copyfile(system / name, folder / part)
        (folder / "ready.json").write_text(json.dumps({"schema": 1, "boot": boot}))
        return folder

    def install(self, *, slot: Callable[[Path], Slot] | None = None, boot: str = "this boot") -> SystemState:
        """Run the slot step."""
        return Installer(
            self.places, self.clock, self.files,
            slots=lambda: Slots(GUID["a"], GUID["b"], self.folder / "dev" / "b"),
            slot=slot or (lambda path: FileSlot(path, self.files)), running=self.running, boot=boot,
        ).run()  # fmt: skip


def signed_system(
    publisher: Publisher, folder: Path, version: int = 4, *, minimum: int = 1, size: int = 50_000
) -> Path:
    """A system that two people signed."""
    made = system_folder(folder, version, size=size)
    sign_system(made, publisher.keys, passphrase, DAY, RealFiles(), minimum=minimum)
    return made
