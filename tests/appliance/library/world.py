"""Releases on an SSD and their drives, published by hand, for tests of the library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from appliance.intake.publishing import held_releases
from appliance.intake.rebuild import Task, build
from appliance.library.keeper import LibraryKeeper
from appliance.library.library import Library
from appliance.store.holdings import HeldDrive, Holdings, Message, Part, write_holdings
from packager.format.files import RealFiles
from tests.appliance.stock import Stock, store_at, verified
from tests.simulator import SMALL

CHILDREN = {
    "red-chamber": ("红楼梦（少年版）", {"红楼梦.txt": "少年读本\n".encode()}),
    "sky": ("看天空", {"sky.txt": b"blue\n"}),
}
NEWER = {
    "red-chamber": SMALL["red-chamber"],
    "big-map": ("大地图（修订）", {"map.bin": SMALL["big-map"][1]["map.bin"]}),
    "two-parts": ("上下册", {"a.txt": b"first, revised\n", "b.txt": b"second\n"}),
}


class World:
    """Releases on an SSD and their drives, published by hand."""

    def __init__(self, folder: Path) -> None:
        self.stock = Stock(folder)
        self.store = store_at(folder / "data")
        self.drives: dict[str, HeldDrive] = {}
        self.trusted = []
        self.stored = []
        self.generation = 0
        self.parts: dict[tuple[str, str], Part] = {}
        self.withdrawn: tuple[str, ...] = ()

    def take(self, work: Path, key: str, drive: Path | None = None, disk: int = 1) -> None:
        """Take a drive in and leave it plugged in."""
        drive = drive or self.stock.drive(work, f"media/{key}")
        admission = self.stock.admission(work, disk)
        parts = {"catalogue": "meta/catalogue.db", "search": "meta/search"}
        tags = verified(self.store, drive, admission)
        have = {p: n for p, n in parts.items() if (tags.folder / n).exists()}
        stored = self.store.add(tags, admission, have)
        if not stored.parts:
            for part in parts:
                out = self.store.stage("make") / part
                task = Task(stored.folder, part, stored.catalogue_jsonl, stored.items_txt, out, 0)
                build(task, lambda _done, _total: None)
                stored = self.store.adopt(stored, part, out)
        self.trusted.append(admission.release)
        self.drives[key] = HeldDrive(
            key, str(drive), "国家版", "ready", Message("intake.trusted"), admission.release.bundle,
            admission.release.seq, stored.folder, disk,
        )  # fmt: skip

    def publish(self) -> Holdings:
        self.generation += 1

        def part(stored, name):
            return self.parts.get((stored.folder, name), Part("ready", stored.parts[name]))

        releases = held_releases(self.store.all(), self.trusted, part, "国家图书馆")
        drives = tuple(self.drives.values())
        holdings = Holdings(self.generation, releases=releases, drives=drives, withdrawn=self.withdrawn)
        write_holdings(self.file, holdings, RealFiles())
        return holdings

    def stored_folder(self, bundle: str) -> str:
        return next(s.folder for s in self.store.all() if s.release.bundle == bundle)

    def unplug(self, key: str) -> None:
        self.drives[key] = replace(self.drives[key], state="gone")

    @property
    def file(self) -> Path:
        return self.stock.folder / "holdings.json"

    @property
    def releases(self) -> Path:
        return self.stock.folder / "data/releases"

    def keeper(self, **options) -> LibraryKeeper:
        self.publish()
        return LibraryKeeper(self.file, self.releases, **options)

    def library(self) -> Library:
        return self.keeper().library


def ids(found):
    return [held.resource.id for held in found]
