"""Real releases on real (tiny) drives for tests: a publisher, its drives, and boxes' settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any

from appliance.settings import Settings
from appliance.store.releases import ReleaseStore
from indexer.build import build_index
from indexer.catalogue import build_catalogue, read_records
from indexer.formats import CATALOGUE_FORMAT, INDEX_FORMAT
from packager.disks import write_disks
from packager.format.bag import TagFiles, verify_tag_files
from packager.format.disktable import DISKS_NAME, read_disk_table
from packager.format.files import Files, RealFiles
from packager.format.items import ItemLine, read_items
from packager.format.layout import DriveLayout
from packager.format.release import Accelerator, Admission, Release
from packager.signing import sign_release
from tests.simulator import Publisher, passphrase


@dataclass
class Stock:
    """A publisher with whatever a test makes of it."""

    folder: Path
    publisher: Publisher = field(init=False)

    def __post_init__(self) -> None:
        self.publisher = Publisher(self.folder / "publisher")
        self.root_file.write_bytes(self.publisher.root)

    @property
    def root_file(self) -> Path:
        """The first root, as a box gets it."""
        return self.folder / "root.json"

    def work(self, seq: int = 1, *, ready: bool = False, **options: Any) -> Path:
        """A signed release; `ready`: with catalogue.db and search index as the builder makes them."""
        work = self.publisher.release(seq=seq, sign=not ready, **options)
        if ready:
            self._accelerate(work)
            sign_release(work, self.publisher.keys, passphrase, RealFiles())
        return work

    def _accelerate(self, work: Path) -> None:
        layout = DriveLayout(work)
        build_catalogue(layout.catalogue, layout.items, layout.meta / "catalogue.db")
        build_index(read_records(layout.catalogue), layout.meta / "search")
        release = Release.from_bytes((work / "release.json").read_bytes())
        found = {}
        for path in sorted(p for p in layout.meta.rglob("*") if p.is_file()):
            name = path.relative_to(layout.meta).as_posix()
            if name not in {*release.truth, DISKS_NAME}:
                version = str(CATALOGUE_FORMAT) if name == "catalogue.db" else INDEX_FORMAT
                sha256, size = RealFiles().copy_hashed(path, work / "copy", max_size=1 << 30)
                found[name] = Accelerator(sha256, size, "stock 1", version)
        found |= {name: a for name, a in release.accelerators.items() if name == DISKS_NAME}
        disks = write_disks(
            work, lambda: placed(work, release), [disk.count for disk in release.disks],
            bundle=release.bundle, seq=release.seq, issued=release.issued, files=RealFiles(),
        )  # fmt: skip
        values = {name: getattr(release, name) for name in Release.__slots__}
        (work / "release.json").write_bytes(Release(**{**values, "accelerators": found, "disks": disks}).to_bytes())

    def drives(self, work: Path, folder: str = "shelf") -> list[Path]:
        """All drives of a set, not plugged in."""
        release = Release.from_bytes((work / "release.json").read_bytes())
        names = [f"{folder}/{release.bundle}-{release.seq}-{disk.n}" for disk in release.disks]
        return [self.publisher.drive(work, self.folder / name, n) for n, name in enumerate(names, 1)]

    def drive(self, work: Path, name: str = "media/one") -> Path:
        """A plugged drive of a release."""
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        return self.publisher.drive(work, self.folder / name)

    def admission(self, work: Path, disk: int = 1, *, newest: bool = True) -> Admission:
        """What the trust store would say of a drive of that release."""
        release = Release.from_bytes((work / "release.json").read_bytes())
        return Admission(release, release.disks[disk - 1], newest=newest)

    def settings(self, **options: Any) -> Settings:
        """Settings of a box whose drives appear in `media/`."""
        values = {
            "data_folder": self.folder / "data",
            "root_file": self.root_file,
            "drive_folders": (self.folder / "media",),
            "reserve_bytes": 0,
            "reconcile_seconds": 1,
            **options,
        }
        return Settings(**values)


def placed(work: Path, release: Release) -> Iterator[tuple[ItemLine, int]]:
    """The items of a release with their drives."""
    layout = DriveLayout(work)
    one = len(release.disks) == 1
    numbers = repeat(1) if one else read_disk_table(layout.meta / DISKS_NAME, len(release.disks))
    return zip(read_items(layout.items), numbers, strict=False)


def store_at(folder: Path, files: Files | None = None) -> ReleaseStore:
    """A release store below a folder, started."""
    folder.mkdir(parents=True, exist_ok=True)
    store = ReleaseStore(folder / "releases", folder / "scratch", files or RealFiles())
    store.start()
    return store


def verified(store: ReleaseStore, drive: Path, admission: Admission, files: Files | None = None) -> TagFiles:
    """The verified tag files of a drive in the scratch folder."""
    return verify_tag_files(DriveLayout(drive), admission, files or RealFiles(), store.stage("test"))
