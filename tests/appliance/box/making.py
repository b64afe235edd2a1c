"""Box files of libraries of ours, and the folders of a box that reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from appliance.box.applying import Applied, Applier
from appliance.box.places import Places
from appliance.clock import FixedClock
from packager.authority import new_root
from packager.format.files import RealFiles
from provisioning.box_file import BoxFile, make_box
from provisioning.box_members import Facts, Library, Staff, Support
from provisioning.keys import Key
from provisioning.recovery_file import make_recovery
from provisioning.roles import ROLES

if TYPE_CHECKING:
    from pathlib import Path

    from packager.format.files import Files

HASH = "$argon2id$v=19$m=8,t=1,p=1$MTIzNDU2Nzg5MDEyMzQ1Ng$4XJ6qA53KDLg5CC+8cVyeL0dVjCxnJMGR0n0FjcGZk8"
DAY = date(2026, 11, 27)


@cache
def signer() -> Key:
    """Who signs box files here."""
    return Key.new()


@cache
def recovery_key(library: str = "CN-510726", serial: int = 1) -> Key:
    """The recovery key of a library."""
    assert library
    assert serial
    return Key.new()


@cache
def root() -> str:
    """Root metadata; unsigned, for the box step proves nothing by it."""
    key = Key.new().public
    return new_root({role.name: [key] for role in ROLES}, DAY).decode()


def facts(serial: int = 1, library: str = "CN-510726", name: str = "北川县图书馆", **others: Any) -> Facts:
    """What a box file says."""
    known: dict[str, Any] = {
        "issued": DAY,
        "expires": date(2027, 5, 31),
        "library": Library(library, name, "510726", opening_hours="周二至周日 9:00-17:00"),
        "root": root(),
        "staff": Staff("馆长", HASH),
        "recovery_key": recovery_key(library).public.raw.hex(),
        "image_floor": date(2026, 11, 20),
        "support": Support("四川省图书馆", "028-0000000"),
    }
    return Facts(serial=serial, **{**known, **others})


def box_file(serial: int = 1, library: str = "CN-510726", name: str = "北川县图书馆", **others: Any) -> BoxFile:
    """A signed box file."""
    return make_box(facts(serial, library, name, **others), signer())


def recovery_file(library: str = "CN-510726", *, key: Key | None = None) -> bytes:
    """A recovery file of a library, or one that a stranger signed."""
    return make_recovery(library, "某县图书馆", DAY, 1, key or recovery_key(library)).content


@dataclass
class Machine:
    """The folders of a box; `boot` empties what a boot empties."""

    folder: Path
    clock: FixedClock = field(default_factory=lambda: FixedClock(datetime(2026, 12, 1, 2, 0, tzinfo=UTC)))
    files: Files = field(default_factory=RealFiles)

    def __post_init__(self) -> None:
        f = self.folder
        self.places = Places(
            run=f / "run", state=f / "state", efi=f / "efi", trust=f / "trust", networkd=f / "networkd",
            data=f / "data", media=f / "media", system=f / "system.json",
        )  # fmt: skip
        for folder in (self.places.inbox, self.places.efi, self.places.trust, self.places.state):
            folder.mkdir(parents=True)
        (self.places.trust / "box-1.pub").write_bytes(signer().public.to_pem())
        (self.places.trust / "root.json").write_text(root())
        self.places.system.write_text(json.dumps({"schema": 1, "version": 3, "made": "2026-11-20", "source": "x"}))

    def stick(self, content: bytes, name: str = "sdb1-county-510726.box") -> Path:
        """What the drive helper copied from a stick."""
        path = self.places.inbox / name
        path.write_bytes(content)
        return path

    def apply(self) -> Applied:
        """Run the step."""
        return Applier(self.places, self.clock, self.files).apply()

    def boot(self) -> Applied:
        """Switch off and on: what stands in /run is gone."""
        for folder in (self.places.inbox, self.places.run, self.places.networkd):
            for path in folder.glob("*") if folder.is_dir() else ():
                if path.is_file():
                    path.unlink()
        return self.apply()
