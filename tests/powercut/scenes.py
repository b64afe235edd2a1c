"""What a box goes through, recorded: drives come and go, releases are taken in, made, dropped, taken back."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from appliance.clock import FixedClock, RealClock
from appliance.intake.journal import Journal
from appliance.settings import Settings
from appliance.store import commands
from appliance.store.holdings import Holdings
from appliance.store.releases import folder_name
from packager.format.floors import Floors, TwoCopies
from packager.format.release import Release
from tests.appliance.intake.driving import all_ready
from tests.appliance.stock import Stock
from tests.powercut.box import SteppedBox, tree, without_threads
from tests.powercut.recording import KilledError, Op, RecordingFiles
from tests.simulator import FastFiles

Essence = tuple[object, ...]
Ready = Callable[[Holdings], bool]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a worker had done, and told, when a part of its round was over.

    Attributes:
        versions: of trusted metadata. floors: versions below which the box must not go.
        folders: releases that were there. whole: those of them that had their records.
        withdrawn: resources. holdings: the document. lines: of the journal.
    """

    versions: Mapping[str, int] = field(default_factory=dict)
    floors: Mapping[str, int] = field(default_factory=dict)
    folders: frozenset[str] = frozenset()
    whole: frozenset[str] = frozenset()
    withdrawn: frozenset[str] = frozenset()
    holdings: bytes = b""
    lines: int = 0


def floors_at(folder: Path) -> dict[str, int]:
    """The floors that a box keeps in a folder."""
    copies = TwoCopies(folder, "floor", FastFiles()).newest_first()
    return {role: floor.version for role, floor in Floors.from_bytes(copies[0]).roles.items()} if copies else {}


def essence(holdings: Holdings) -> Essence:
    """What readers and staff have of a document, without its times and numbers."""
    releases = [(r.folder, r.live, r.catalogue.state, r.search.state) for r in holdings.releases]
    return tuple(releases), holdings.withdrawn, tuple((d.path, d.folder) for d in holdings.drives if d.serves)


@dataclass
class Scene:
    """A recording in the making, and then what it ended with.

    Attributes:
        folder: of its own. stock: the publisher.
        files: the recording writer. ready: what the published document is to be at the end.
        parts: every whole derived file by (release folder, part).
        lacked: folders of releases that were there for a while without their records.
        origins: where the box asks for updates.
    """

    folder: Path
    stock: Stock
    files: RecordingFiles
    ready: Ready = all_ready
    parts: dict[tuple[str, str], set[bytes]] = field(default_factory=dict)
    lacked: set[str] = field(default_factory=set)
    box: SteppedBox | None = None
    origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.media.mkdir(parents=True)
        self.files.root.mkdir()
        self.files.marks.append((0, Snapshot()))

    @property
    def media(self) -> Path:
        """Where drives are plugged in."""
        return self.folder / "media"

    def settings(self, data: Path, *, plugged: bool = True) -> Settings:
        """Of a box with its state in `data`."""
        return Settings(
            data_folder=data,
            root_file=self.stock.root_file,
            drive_folders=(self.media,) if plugged else (),
            reserve_bytes=0,
            update_origins=self.origins,
            update_apply="at-once",
        )

    @property
    def releases(self) -> dict[str, Release]:
        """Every release of the publisher by folder."""
        documents = self.stock.publisher.folder.glob("work-*/release.json")
        found = [Release.from_bytes(path.read_bytes()) for path in documents]
        return {folder_name(release): release for release in found}

    def releases_of(self, seq: int) -> list[str]:
        """Folders of the releases of that number."""
        return [folder for folder, release in self.releases.items() if release.seq == seq]

    def fork(self) -> None:
        """Go on with a publisher of the scene's own, the same as it is now."""
        publisher = self.stock.publisher.fork(self.folder / "publisher")
        for work in self.stock.publisher.folder.glob("work-*"):
            shutil.copytree(work, publisher.folder / work.name)
        own = object.__new__(Stock)
        own.folder, own.publisher = self.folder, publisher
        own.root_file.write_bytes(publisher.root)
        self.stock = own

    def serving(self, seq: int, *, held: tuple[int, ...] = ()) -> Ready:
        """Whether all plugged drives serve, every derived file is made and the live release has this number.

        Args:
            seq: the number.
            held: numbers of all releases that the box is to have; not looked at when empty.
        """
        plugged = {str(path) for path in self.media.iterdir()}

        def ready(holdings: Holdings) -> bool:
            numbers = tuple(release.seq for release in holdings.releases)
            return (
                all_ready(holdings)
                and {drive.path for drive in holdings.drives if drive.serves} == plugged
                and [release.seq for release in holdings.live()] == [seq]
                and held in {(), numbers}
            )

        return ready

    def start(self) -> None:
        """Start the worker, or start it anew."""
        with without_threads():
            self.box = SteppedBox(self.settings(self.files.root), self.files, FixedClock())
        self._mark()

    def work(self, ready: Ready | None = None) -> None:
        """Let it work until the document is as wanted."""
        self.ready = ready or self.ready
        assert self.box is not None
        with without_threads():
            self.box.until(self.ready, self._mark)

    def kill(self, dies: Callable[[Op], bool], ready: Ready) -> None:
        """Let it work and kill it after the first operation of which `dies` is true, if there is one."""
        self.files.dies = dies
        with suppress(KilledError):
            self.work(ready)
        self.files.revive()

    def plug(self, seq: int, name: str) -> Path:
        """Plug the drive of a release in."""
        work = self.stock.publisher.folder / f"work-national-{seq}"
        return self.stock.publisher.drive(work, self.media / name)

    def unplug(self, name: str) -> None:
        """Pull a drive."""
        shutil.rmtree(self.media / name)

    def command(self, **command: str) -> None:
        """What the serving process would ask."""
        folder = self.settings(self.files.root).commands_folder
        commands.send(folder, command, clock=RealClock(), files=self.files)

    def _mark(self) -> None:
        assert self.box is not None
        settings = self.settings(self.files.root)
        for stored in (found := self.box.stored()):
            self.lacked |= set() if stored.whole else {stored.folder}
            for part, name in stored.parts.items():
                digest = hashlib.sha256(repr(tree(stored.path / name)).encode()).digest()
                self.parts.setdefault((stored.folder, part), set()).add(digest)
        holdings = settings.holdings_file.read_bytes() if settings.holdings_file.exists() else b""
        snapshot = Snapshot(
            dict(self.box.trust.current().versions),
            floors_at(settings.trust_folder),
            frozenset(stored.folder for stored in found),
            frozenset(stored.folder for stored in found if stored.whole),
            frozenset(self.box.trust.current().withdrawn),
            holdings,
            len(list(Journal(settings.journal_file, FastFiles(), FixedClock()).read())),
        )
        self.files.marks.append((len(self.files.ops), snapshot))
