"""Updates by wire, recorded: an origin in a folder, a box that brings two editions, and what must hold of any cut.

Objects come in pieces of a few bytes, so that many moments lie between two of them.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from appliance.library.keeper import LibraryKeeper
from appliance.sync import glance, incoming, lists, mirrors, sources
from appliance.sync.incoming import Incoming
from packager.delta.editions import edition_of
from packager.delta.listing import delta_folder
from packager.delta.making import make_delta
from packager.delta.signing import sign_deltas
from packager.format.origin import object_path
from packager.format.repository import Read, Verified
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from tests.appliance.stock import Stock
from tests.powercut.disk import State
from tests.powercut.judging import Judge
from tests.powercut.recording import Op, RecordingFiles
from tests.powercut.scenes import Scene
from tests.simulator import DAY, SMALL, FastFiles, passphrase

ADDRESS = "http://origin.test"
PIECE = 128
TEXT = "甄士隐梦幻识通灵，贾雨村风尘怀闺秀。".encode()
OTHER = hashlib.shake_128(b"what no patch makes shorter").digest

SECOND = {
    **{name: row for name, row in SMALL.items() if name != "two-parts"},
    "red-chamber": ("红楼梦", {"红楼梦.txt": SMALL["red-chamber"][1]["红楼梦.txt"] + TEXT}),
    "moved": ("上下册", {"b.txt": SMALL["two-parts"][1]["b.txt"], "c.txt": SMALL["two-parts"][1]["a.txt"]}),
    "new": ("新书", {"n.txt": OTHER(300)}),
}
THIRD = {**SECOND, "newer": ("又一种", {"n.txt": OTHER(500)}), "red-chamber": SMALL["red-chamber"]}


def make_stock(folder: Path) -> Stock:
    """A publisher with three editions and the deltas between them, all of it at `origin`."""
    folder.mkdir()
    stock = Stock(folder)
    works = [stock.work(1, ready=True), stock.work(2, ready=True, sources=SECOND)]
    works.append(stock.work(3, ready=True, sources=THIRD))
    publisher, files = stock.publisher, FastFiles()
    for old, new in ((0, 1), (1, 2)):
        editions = edition_of([works[old]]), edition_of([works[new]])
        make_delta(*editions, delta_folder(works[new], "national", old + 1, new + 1), files)
        sign_deltas(works[new], publisher.keys, passphrase, editions[1].release, DAY, files)
        publish(works[new], publisher.keys, FolderSite(folder / "origin", files), DAY)
    return stock


class FolderOrigin:
    """Takes the place of HTTP. taken: (name, first byte) of everything that was given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.taken: Counter[tuple[str, int]] = Counter()

    def get(self, _address: str, name: str, most: int, _deadline: float) -> bytes | None:
        path = self.folder / name
        self.taken[name, 0] += 1
        return path.read_bytes()[: most + 1] if path.is_file() else None

    def fetch(
        self, _address: str, sha256: str, *, size: int, offset: int, length: int, deadline: float, name: str = ""
    ) -> bytes | None:
        del size, deadline
        file = name or object_path(sha256)
        self.taken[file, offset] += 1
        return (self.folder / file).read_bytes()[offset : offset + length]

    def objects(self) -> Counter[tuple[str, int]]:
        """What was given of objects and documents of deltas."""
        return Counter({at: n for at, n in self.taken.items() if at[0].startswith(("objects/", "tuf/targets/deltas/"))})


@contextmanager
def at_hand(folder: Path) -> Iterator[FolderOrigin]:
    """While this lasts, boxes reach an origin in a folder."""
    origin, proved, verify = FolderOrigin(folder), dict[bytes, Verified](), lists.verify

    def remembered(read: Read, root: bytes) -> Verified:
        key = root + read("metadata/timestamp.json", 1 << 20)
        proved[key] = proved.get(key) or verify(read, root)
        return proved[key]

    with ExitStack() as stack:
        for module, name, instead in (
            (mirrors, "get", origin.get), (lists, "get", origin.get), (glance, "get", origin.get),
            (sources, "fetch", origin.fetch),
            (lists, "verify", remembered), (incoming, "PIECE", PIECE),
        ):  # fmt: skip
            stack.enter_context(mock.patch.object(module, name, instead))
        yield origin


def begun(scene: Scene) -> int:
    """A box has the first edition and its drive, and then gets a line; the operations before that."""
    scene.start()
    scene.plug(1, "one")
    scene.work(scene.serving(1))
    scene.origins = (ADDRESS,)
    done = len(scene.files.ops)
    scene.start()
    return done


def updated(scene: Scene) -> int:
    """Two deltas lead to the third edition."""
    done = begun(scene)
    scene.work(scene.serving(3))
    return done


def updated_again(dies: Callable[[Op], bool]) -> Callable[[Scene], int]:
    """The worker is killed on the way, and the next one goes on; cut while that works."""

    def story(scene: Scene) -> int:
        begun(scene)
        scene.kill(dies, scene.serving(3))
        done = len(scene.files.ops)
        scene.start()
        scene.work(scene.serving(3))
        return done

    return story


class UpdateJudge(Judge):
    """Beside everything else: items have the bytes that they are named by, and nothing finished comes twice.

    Attributes:
        origin: where the next run fetches.
    """

    origin: FolderOrigin

    def __init__(self, scene: Scene, scratch: Path, *, start_every: int = 1, finish_every: int = 1) -> None:
        super().__init__(scene, scratch, start_every=start_every, finish_every=finish_every)
        self.passed = frozenset(scene.releases_of(2))

    def _more(self, state: State) -> Iterator[str]:
        for name, content in state.items():
            if not name.startswith("carried/bag/data/") or content is None or name.endswith("~"):
                continue
            if hashlib.sha256(content).hexdigest() != name.rpartition("/")[2]:
                yield "an item has other bytes than it is named by"
        for name in state:
            if name.startswith("incoming/") and name.endswith("/WHOLE") and not _is_whole(state, name):
                yield "an object is called whole and is not"

    def _started(self, folder: Path, *marks: object) -> Iterator[str]:
        self.origin.taken.clear()
        yield from super()._started(folder, *marks)  # type: ignore[arg-type]

    def _at_the_end(self, folder: Path) -> Iterator[str]:
        taken = self.origin.objects()
        yield from (f"{name} is fetched twice" for (name, _), count in taken.items() if count > 1)
        here = {_came_from(name) for name in self.promised if name.startswith("incoming/")}
        yield from (f"{name} is fetched although it was here" for name, at in taken if (name, at) in here)
        yield from _unproved(folder)


def _is_whole(state: State, name: str) -> bool:
    folder = name.removesuffix("WHOLE")
    pieces = sorted(path for path in state if path.startswith(folder) and path.removeprefix(folder).isdecimal())
    content = b"".join(state[path] or b"" for path in pieces)
    return hashlib.sha256(content).hexdigest() == folder.rstrip("/").rpartition("/")[2]


def _came_from(name: str) -> tuple[str, int]:
    """Where a file of the folder of what is being fetched came from, as `FolderOrigin.taken` has it."""
    _, sha256, last = name.split("/")
    if sha256 == "documents":
        return last, 0
    return object_path(sha256), int(last) * PIECE if last.isdecimal() else -1


def _unproved(folder: Path) -> Iterator[str]:
    """Every byte that readers get, compared."""
    keeper = LibraryKeeper(folder / "holdings.json", folder / "releases", carried=folder / "carried")
    library = keeper.library
    for name in ("red-chamber", "big-map", "moved", "new", "newer"):
        held = library.resource(name)
        if held is None:
            yield f"{name} is not there"
            continue
        for item in held.resource.readable_items:
            there = library.item(item.id)
            content = b""
            for place in there.places[:1] if there else ():
                descriptor = there.open(place)  # type: ignore[union-attr]
                content = os.pread(descriptor, item.size, 0)
                os.close(descriptor)
            if there is None or not there.places:
                yield f"an item of {name} is not there"
            elif hashlib.sha256(content).hexdigest() != item.sha256:
                yield f"{name} has other bytes"
    keeper.close()


# Faults that the judge must see


class PiecesLater(RecordingFiles):
    """Pieces are not durable when the object is called whole."""

    def _sync(self, handle: int) -> None:
        if not Path(self._open[handle]).name.startswith("0"):
            super()._sync(handle)


class ItemsLater(RecordingFiles):
    """Items get their names before their bytes are durable."""

    def _sync(self, handle: int) -> None:
        if not self._open[handle].startswith("carried/"):
            super()._sync(handle)


@contextmanager
def forgetful() -> Iterator[None]:
    """What was fetched is thrown away at every start."""
    begin = Incoming.__init__

    def forget(self: Incoming, folder: Path, files: FastFiles) -> None:
        begin(self, folder, files)
        self.keep_only(frozenset())

    with mock.patch.object(Incoming, "__init__", forget):
        yield


@contextmanager
def forgotten_first() -> Iterator[None]:
    """Packs are thrown away before the release that is made of them has its place."""
    from appliance.sync.update import Update

    apply = Update.apply

    def hasty(self: Update, *args: object, **more: object) -> object:
        kept = [(path, path.read_bytes()) for path in self.packs]
        folders = {path.parent for path in self.packs}
        files = args[2]
        for folder in folders:
            files.remove(folder / "WHOLE")  # type: ignore[attr-defined]
            files.discard(folder)  # type: ignore[attr-defined]
        scratch = self.document.parents[2] / "scratch" / "packs"
        scratch.mkdir(exist_ok=True)
        for path, content in kept:
            (scratch / f"{path.parent.name}-{path.name}").write_bytes(content)
        packs = [scratch / f"{path.parent.name}-{path.name}" for path, _ in kept]
        return apply(Update(self.old, self.new, self.document, packs), *args, **more)  # type: ignore[arg-type]

    with mock.patch.object(Update, "apply", hasty):
        yield
