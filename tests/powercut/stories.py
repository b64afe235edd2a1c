"""The stories that are cut at every moment."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from unittest import mock

from appliance.intake import taking
from packager.format.layout import DriveLayout
from tests.appliance.stock import Stock
from tests.powercut.recording import Op, RecordingFiles
from tests.powercut.scenes import Scene
from tests.simulator import DAY, SMALL, flip

MORE = {**SMALL, "new": ("新书", {"n.txt": b"new"})}
MOST = {**MORE, "newer": ("又一种", {"n.txt": b"newer"})}

Story = Callable[[Scene], int]
"""Lets a scene happen; the operations before what is to be cut."""


def make_stock(folder: Path) -> Stock:
    """A publisher with three releases that follow each other."""
    folder.mkdir()
    stock = Stock(folder)
    stock.work(1, ready=True)
    stock.work(2, ready=True, sources=MORE, supersedes=1)
    stock.work(3, ready=True, sources=MOST, supersedes=2)
    return stock


def scene_at(folder: Path, stock: Stock, files: type[RecordingFiles] = RecordingFiles) -> Scene:
    """An empty scene in a folder of its own."""
    folder.mkdir()
    return Scene(folder, stock, files(folder / "data"))


def first(scene: Scene) -> int:
    """A new box takes its first drive in."""
    scene.start()
    scene.plug(1, "one")
    scene.work(scene.serving(1))
    return 0


def second(scene: Scene) -> int:
    """A newer release takes the place of the first."""
    first(scene)
    scene.unplug("one")
    begun = len(scene.files.ops)
    scene.plug(2, "two")
    scene.work(scene.serving(2))
    return begun


def third(scene: Scene) -> int:
    """A third one comes: the oldest is dropped."""
    second(scene)
    scene.unplug("two")
    begun = len(scene.files.ops)
    scene.plug(3, "three")
    scene.work(scene.serving(3, held=(3, 2)))
    return begun


def derived(scene: Scene) -> int:
    """A drive without derived files: the box makes them."""
    for path in (drive := DriveLayout(scene.plug(1, "one"))).meta.iterdir():
        if path.name not in {"catalogue.jsonl", "items.txt", "chunks.bin"}:
            path.unlink() if path.is_file() else shutil.rmtree(path)
    assert drive.catalogue.exists()
    scene.start()
    scene.work(scene.serving(1))
    return 0


def remade(scene: Scene) -> int:
    """Staff have the search index made again; at the next start the old one goes."""
    first(scene)
    folder = next(iter(scene.releases_of(1)))
    begun = len(scene.files.ops)
    scene.command(do="rebuild", folder=folder, part="search")
    served = scene.serving(1)
    scene.work(lambda h: served(h) and h.releases[0].search.name == "meta/search.1")
    scene.start()
    scene.work(scene.serving(1))
    return begun


def taken_back(scene: Scene) -> int:
    """The second release is taken back: the box goes back to the first, with a newer list."""
    second(scene)
    scene.unplug("two")
    begun = len(scene.files.ops)
    scene.fork()
    scene.stock.publisher.revoke(scene.stock.publisher.folder / "work-national-2")
    drive = scene.plug(1, "one")
    scene.stock.publisher.refresh(drive / "tuf")
    scene.work(scene.serving(1))
    return begun


def withdrawn(scene: Scene) -> int:
    """A newer list withdraws a resource, for ever."""
    first(scene)
    scene.unplug("one")
    begun = len(scene.files.ops)
    scene.fork()
    scene.stock.publisher.withdraw("red-chamber")
    drive = scene.plug(1, "one")
    scene.stock.publisher.refresh(drive / "tuf")
    served = scene.serving(1)
    scene.work(lambda h: served(h) and h.withdrawn == ("red-chamber",))
    return begun


def rotated(scene: Scene) -> int:
    """All keys but one are replaced: floors fall where they may, root never."""
    first(scene)
    scene.unplug("one")
    begun = len(scene.files.ops)
    scene.fork()
    scene.stock.publisher.rotate("online", "targets-1", "targets-2", "root-1")
    drive = scene.plug(2, "two")
    scene.stock.publisher.refresh(drive / "tuf")
    scene.work(scene.serving(2))
    return begun


def set_of_two(scene: Scene) -> int:
    """The two drives of a set, one after the other."""
    scene.fork()
    work = scene.stock.work(4, ready=True, drives=2, sources=MOST, supersedes=3, issued=DAY + timedelta(days=1))
    drives = scene.stock.drives(work)
    scene.start()
    shutil.copytree(drives[0], scene.media / "one")
    scene.work(scene.serving(4))
    begun = len(scene.files.ops)
    shutil.copytree(drives[1], scene.media / "two")
    scene.work(scene.serving(4))
    return begun


def late_index(scene: Scene) -> int:
    """A drive's index is damaged, so the box makes it; a whole twin of the drive comes before it is asked for."""
    flip(scene.plug(1, "one") / "bag/meta/catalogue.db", 9000)
    scene.start()
    scene.work(scene.serving(1))
    scene.unplug("one")
    begun = len(scene.files.ops)
    scene.plug(1, "two")
    scene.work(scene.serving(1))
    return begun


def index_follows(scene: Scene) -> int:
    """A drive is ready, then its index comes."""
    with every_index_is_large():
        return first(scene)


def index_follows_again(scene: Scene) -> int:
    """The worker is killed when the index that followed has its place, before that is told; the next one goes on."""
    place = f"releases/{next(iter(scene.releases_of(1)))}/meta/search"
    with every_index_is_large():
        scene.start()
        scene.plug(1, "one")
        scene.kill(at("rename", place), scene.serving(1))
        begun = len(scene.files.ops)
        scene.start()
        scene.work(scene.serving(1))
    return begun


def records_follow(scene: Scene) -> int:
    """A drive is ready, then its records and its index come."""
    with everything_is_large():
        return first(scene)


def records_follow_again(scene: Scene) -> int:
    """The worker is killed when the records that followed have their place; the next one goes on."""
    place = f"releases/{next(iter(scene.releases_of(1)))}/meta/catalogue.jsonl"
    with everything_is_large():
        scene.start()
        scene.plug(1, "one")
        scene.kill(at("rename", place), scene.serving(1))
        begun = len(scene.files.ops)
        scene.start()
        scene.work(scene.serving(1))
    return begun


def records_of_another(scene: Scene) -> int:
    """A drive is pulled before its records came; the box goes on without, until a twin of the drive brings them."""
    with everything_is_large():
        scene.start()
        scene.plug(1, "one")
        scene.kill(at("mkdir", "scratch/follow"), scene.serving(1))
        scene.unplug("one")
        begun = len(scene.files.ops)
        scene.start()
        scene.work(lambda h: [drive.state for drive in h.drives] == ["gone"])
        scene.plug(1, "two")
        scene.work(scene.serving(1))
    return begun


def every_index_is_large() -> AbstractContextManager[object]:
    """While this lasts no index comes with the other tag files."""
    return mock.patch.object(taking, "ALONG", 3000)


def everything_is_large() -> AbstractContextManager[object]:
    """While this lasts neither records nor an index come with the other tag files."""
    return mock.patch.object(taking, "ALONG", 0)


def killed(dies: Callable[[Op], bool]) -> Story:
    """The worker is killed while it takes the second drive in, and the next one goes on; cut while that works."""

    def story(scene: Scene) -> int:
        first(scene)
        scene.unplug("one")
        scene.plug(2, "two")
        scene.kill(dies, scene.serving(2))
        begun = len(scene.files.ops)
        scene.start()
        scene.work(scene.serving(2))
        return begun

    return story


def at(what: str, path: str) -> Callable[[Op], bool]:
    """Whether an operation is of that kind, and its path (of a rename the new one) begins so."""
    return lambda op: op[0] == what and str(op[2] if what == "rename" else op[1]).startswith(path)


def after(count: int) -> Callable[[Op], bool]:
    """Whether so many operations were done since it was first asked."""
    asked = iter(range(count))
    return lambda _op: next(asked, None) is None


STORIES: dict[str, Story] = {
    story.__name__: story
    for story in (
        first,
        second,
        third,
        derived,
        remade,
        taken_back,
        withdrawn,
        rotated,
        set_of_two,
        late_index,
        index_follows,
        index_follows_again,
        records_follow,
        records_follow_again,
        records_of_another,
    )
}


def tampered(scene: Scene) -> int:
    """A drive whose catalogue was changed after it was signed."""
    flip(scene.plug(1, "one") / "bag/meta/catalogue.jsonl", 30)
    scene.start()
    scene.work(lambda h: any(drive.state in {"ready", "refused"} for drive in h.drives))
    return 0
