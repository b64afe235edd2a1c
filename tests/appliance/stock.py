"""Real releases on real (tiny) drives for tests: a publisher, its drives, and boxes' settings."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.settings import Settings
from appliance.store.releases import ReleaseStore
from indexer.build import build_index
from indexer.catalogue import CATALOGUE_FORMAT, build_catalogue, read_records
from indexer.codec import INDEX_FORMAT
from packager.format.bag import TagFiles, verify_tag_files, write_bag
from packager.format.files import Files, RealFiles
from packager.format.items import read_items
from packager.format.layout import DriveLayout
from packager.format.release import Accelerator, Admission, Disk, Release
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
            if name not in release.truth:
                version = str(CATALOGUE_FORMAT) if name == "catalogue.db" else INDEX_FORMAT
                sha256, size = RealFiles().copy_hashed(path, work / "copy", max_size=1 << 30)
                found[name] = Accelerator(sha256, size, "stock 1", version)
        lines = read_items(layout.items)
        bag = write_bag(layout, lines, bundle=release.bundle, seq=release.seq, issued=release.issued, files=RealFiles())
        values = {name: getattr(release, name) for name in Release.__slots__}
        values |= {"accelerators": found, "disks": (Disk(1, bag.tagmanifest, bag.bytes),)}
        (work / "release.json").write_bytes(Release(**values).to_bytes())

    def set_of_two(self, seq: int = 1, **options: Any) -> tuple[Path, Path]:
        """A signed release on two drives; the second carries the last item only. Returns both drives' folders."""
        work = self.publisher.release(seq=seq, sign=False, **options)
        release = Release.from_bytes((work / "release.json").read_bytes())
        lines = list(read_items(DriveLayout(work).items))
        drives, disks = [], []
        for n, part in enumerate((lines[:-1], lines[-1:]), 1):
            folder = self.folder / f"set-{seq}-{n}"
            shutil.copytree(work / "bag", folder / "bag")
            layout = DriveLayout(folder)
            for line in lines:
                if line not in part:
                    layout.payload(line.path).unlink()
            bag = write_bag(
                layout,
                part,
                bundle=release.bundle,
                seq=seq,
                issued=release.issued,
                files=RealFiles(),
                disk=n,
                disks=2,
            )
            disks.append(Disk(n, bag.tagmanifest, bag.bytes))
            drives.append(folder)
        values = {name: getattr(release, name) for name in Release.__slots__}
        (work / "release.json").write_bytes(Release(**{**values, "disks": tuple(disks)}).to_bytes())
        shutil.rmtree(work / "bag")
        shutil.copytree(drives[0] / "bag", work / "bag")
        sign_release(work, self.publisher.keys, passphrase, RealFiles())
        for folder in drives:
            shutil.copytree(work / "tuf", folder / "tuf")
        return drives[0], drives[1]

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


def store_at(folder: Path, files: Files | None = None) -> ReleaseStore:
    """A release store below a folder, started."""
    folder.mkdir(parents=True, exist_ok=True)
    store = ReleaseStore(folder / "releases", folder / "scratch", files or RealFiles())
    store.start()
    return store


def verified(store: ReleaseStore, drive: Path, admission: Admission, files: Files | None = None) -> TagFiles:
    """The verified tag files of a drive in the scratch folder."""
    return verify_tag_files(DriveLayout(drive), admission, files or RealFiles(), store.stage("test"))
