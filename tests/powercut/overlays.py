"""Overlays, recorded: an edition's catalogue and index are laid over the older one's, and what readers must find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from appliance.errors import SearchNotReadyError
from appliance.intake import overlaying
from appliance.library.keeper import LibraryKeeper
from appliance.store.holdings import Holdings
from indexer.search import SearchRequest
from tests.powercut.recording import Op
from tests.powercut.scenes import Scene
from tests.powercut.updates import SECOND, THIRD, UpdateJudge, begun
from tests.simulator import SMALL

TITLES = {
    number: {name: title for name, (title, _) in sources.items()}
    for number, sources in ((1, SMALL), (2, SECOND), (3, THIRD))
}
"""Number of the edition → id → title."""


@contextmanager
def light() -> Iterator[None]:
    """While this lasts nothing is made whole because an overlay holds much."""
    with mock.patch.object(overlaying, "HEAVY", 100):
        yield


def is_made(op: Op) -> bool:
    """Whether an operation begins what is made of an edition."""
    return op[0] == "mkdir" and op[1].startswith("scratch/make-")


def gets_its_place(part: str) -> Callable[[Op], bool]:
    """Whether an operation gives a derived file of the third edition its place, for the first time."""
    return lambda op: op[0] == "rename" and "/3-" in str(op[2]) and f"/meta/{part}.1" in str(op[2])


def is_made_whole() -> Callable[[Op], bool]:
    """Whether an operation records that the index of an edition was made once more, whole."""
    seen: set[str] = set()

    def asked(op: Op) -> bool:
        new = str(op[2]) if op[0] == "rename" else ""
        if new.endswith("/meta/search.2"):
            seen.add(new.removesuffix("/meta/search.2"))
        return new.removesuffix("/parts.json") in seen

    return asked


def made_whole(scene: Scene) -> Callable[[Holdings], bool]:
    """Whether the third edition serves, and no overlay is left of any."""
    serving = scene.serving(3)
    return lambda h: serving(h) and not list(scene.files.root.glob("releases/*/*/meta/*.1/overlay.json"))


def laid(scene: Scene) -> int:
    """Two editions come by wire, and what is derived of them is laid over the first one's; cut while that is done."""
    done = begun(scene)
    scene.work(scene.serving(3))
    return next(n for n, op in enumerate(scene.files.ops) if n > done and is_made(op))


def _laid_and_told(scene: Scene) -> None:
    with light():
        begun(scene)
        scene.work(scene.serving(3))
    assert all(forms(scene).values())


def replaced(scene: Scene) -> int:
    """Overlays that hold much are made whole and go; cut while that is done."""
    _laid_and_told(scene)
    done = len(scene.files.ops)
    scene.start()
    scene.work(made_whole(scene))
    return done


def replaced_again(scene: Scene) -> int:
    """The worker is killed when a whole index has its place and nobody was told; the next one goes on, and is cut."""
    _laid_and_told(scene)
    scene.start()
    scene.kill(is_made_whole(), made_whole(scene))
    done = len(scene.files.ops)
    scene.start()
    scene.work(made_whole(scene))
    return done


def forms(scene: Scene) -> dict[str, bool]:
    """Part → whether that of the third edition lies over another."""
    assert scene.box is not None
    (newest,) = (stored for stored in scene.box.stored() if stored.release.seq == 3)
    return {part: (newest.path / name / "overlay.json").exists() for part, name in newest.parts.items()}


class OverlayJudge(UpdateJudge):
    """Beside everything else: readers find what one edition holds, wholly, and nothing of another."""

    def _started(self, folder: Path, *marks: object) -> Iterator[str]:
        yield from found_by_readers(folder)
        yield from super()._started(folder, *marks)

    def _at_the_end(self, folder: Path) -> Iterator[str]:
        yield from super()._at_the_end(folder)
        yield from found_by_readers(folder)


def found_by_readers(folder: Path) -> Iterator[str]:
    """What is wrong with what the serving process gives readers of the document as it stands."""
    broken: list[str] = []
    keeper = LibraryKeeper(
        folder / "holdings.json", folder / "releases", carried=folder / "carried",
        broken=lambda _at, part: broken.append(part),
    )  # fmt: skip
    library = keeper.library
    for release in library.holdings.live():
        titles = TITLES[release.seq]
        for name in {name for known in TITLES.values() for name in known}:
            held = library.resource(name)
            if (held.resource.title if held else None) != titles.get(name):
                yield f"{name} of edition {release.seq} has another record"
        try:
            every = {hit.held.resource.id for hit in library.search(SearchRequest(sort="title")).hits}
            if every != set(titles):
                yield f"the search of edition {release.seq} finds {every}"
            for name, title in titles.items():
                if name not in {hit.held.resource.id for hit in library.search(SearchRequest(q=title)).hits}:
                    yield f"{name} of edition {release.seq} is not found"
        except SearchNotReadyError:
            if release.search.state == "ready":
                yield "what is told to be ready cannot be searched"
    if broken:
        yield f"the serving process finds a broken {broken[0]}"
    keeper.close()
