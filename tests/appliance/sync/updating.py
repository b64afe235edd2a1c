"""A box with the first edition on its SSD and its drive plugged in, without intake: only what an update needs."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

from appliance.clock import FixedClock
from appliance.intake.door import Door
from appliance.intake.trusting import SharedTrust
from appliance.settings import Settings
from appliance.store.carried import CarriedStore
from appliance.store.holdings import Message
from appliance.store.releases import ReleaseStore, Stored
from appliance.sync.updater import Updater
from packager.delta.editions import edition_of
from packager.format.files import Files, RealFiles
from packager.format.items import read_items
from packager.format.trust import TrustStore
from tests.simulator import EARLIEST


class _Door(Door):
    """With the drive of the first edition; nothing else is plugged in."""

    archive: Path

    def drives(self, bundle: str) -> list[tuple[str, Path]]:
        first = min(self.store.all(), key=lambda stored: stored.release.seq)
        return [(first.folder, self.archive)]


class UpdatedBox:
    """See above.

    Attributes:
        said: what staff were told, in order. came: folders of releases that came.
    """

    def __init__(
        self, folder: Path, root: bytes, archive: Path, origins: tuple[str, ...], files: Files | None = None
    ) -> None:
        self.folder, self.archive, self.files = folder, archive, files or RealFiles()
        (root_file := folder.with_name(f"{folder.name}.root.json")).write_bytes(root)
        self.settings = Settings(
            data_folder=folder, root_file=root_file, update_origins=origins, reserve_bytes=0, update_apply="at-once"
        )
        self.said: list[Message] = []
        self.came: list[str] = []
        self.clock = FixedClock()
        trust = TrustStore(self.settings.trust_folder, root, self.files, earliest=EARLIEST)
        self.store = ReleaseStore(self.settings.releases_folder, self.settings.scratch_folder, self.files)
        self.store.start()
        if not self.store.all():
            self._bring_first()
        known = {stored.folder: stored for stored in self.store.all()}
        board = SimpleNamespace(say_of_updates=self.said.append, carried_changed=lambda: None, stored=known)
        self.door = _Door(self.store, SharedTrust(trust), board, {}, self._hear)
        object.__setattr__(self.door, "archive", archive)
        self.updater = Updater(self.settings, self.clock, self.files, self.door, root, luck=random.Random(1))
        self.carried = CarriedStore(self.settings.carried_folder)

    def _bring_first(self) -> None:
        old = edition_of([self.archive])
        stage = self.store.stage("first")
        self.files.make_dir(stage / "meta")
        for name, digest in old.release.truth.items():
            self.files.copy_hashed(old.layout.meta_file(name), stage / "meta" / name, max_size=digest.size)
        self.store.add_made(stage, old.release)

    def _hear(self, news: tuple[object, Stored] | None) -> None:
        if news is not None:
            self.came.append(news[1].folder)
            self.door.board.stored[news[1].folder] = news[1]

    def seqs(self) -> list[int]:
        """Numbers of the releases that are here."""
        return sorted(stored.release.seq for stored in self.store.all())

    def has(self, work: Path) -> bool:
        """Whether the release of that work folder is here, each list as it was signed and each item proved."""
        wanted = edition_of([work])
        stored = next((s for s in self.store.all() if s.release.number == wanted.release.number), None)
        if stored is None:
            return False
        for name in stored.release.truth:
            assert (stored.path / "meta" / name).read_bytes() == wanted.layout.meta_file(name).read_bytes()
        old = {(line.path, line.sha256) for line in read_items(edition_of([self.archive]).layout.items)}
        for line in read_items(stored.items_txt):
            if (line.path, line.sha256) not in old:
                content = self.carried.read(line.sha256, 0, line.size)
                assert content is not None
                assert hashlib.sha256(content).hexdigest() == line.sha256
        return True


def taken_twice(taken: dict[str, list[tuple[int, int]]]) -> dict[str, int]:
    """Bytes of objects that left a server whole and right more than once, by name."""
    found: dict[str, int] = {}
    for name, stretches in taken.items():
        more = sum(length * (count - 1) for (_, length), count in Counter(stretches).items())
        if more and name.startswith("objects/"):
            found[name] = more
    return found


def copy_of(folder: Path, origin: Path, *, without: tuple[str, ...] = ()) -> Path:
    """An origin of one's own to spoil."""
    return Path(shutil.copytree(origin, folder, ignore=shutil.ignore_patterns(*without)))
