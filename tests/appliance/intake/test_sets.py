"""Sets of three drives, two bundles: any order of plugging, clones, editions mixed, pulled out, put in again."""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
import time
from contextlib import contextmanager

import pytest

from appliance.library.keeper import LibraryKeeper
from indexer.search import SearchRequest
from packager.format.release import Release
from tests.appliance.intake.driving import driven
from tests.appliance.stock import Stock
from tests.simulator import FastFiles

NATIONAL = {f"n{n}": (f"国家书 {n}", {"a.txt": b"national %d" % n}) for n in range(9)} | {"card": ("国家卡片", {})}
NEWER = {**NATIONAL, "n0": ("国家书 0", {"a.txt": b"national 0, revised"}), "n9": ("国家新书 9", {"a.txt": b"new"})}
CHILDREN = {f"c{n}": (f"童书 {n}", {"a.txt": b"child %d" % n}) for n in range(6)} | {
    "n3": ("国家书 3（少儿）", {"a.txt": b"the children's text"})
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A publisher with two editions of one bundle and one of another, three drives each."""
    stock = Stock(tmp_path_factory.mktemp("sets"))
    old = stock.work(1, ready=True, drives=3, sources=NATIONAL)
    new = stock.work(2, ready=True, drives=3, sources=NEWER, supersedes=1, name="全国版")
    child = stock.work(1, ready=True, drives=3, bundle="children", sources=CHILDREN)
    shelves = {name: stock.drives(work) for name, work in (("old", old), ("new", new), ("child", child))}
    releases = {name: Release.from_bytes((work / "release.json").read_bytes())
                for name, work in (("old", old), ("new", new), ("child", child))}  # fmt: skip
    return stock, shelves, releases


class Bench:
    """A box, drives to plug in, and what its readers see."""

    def __init__(self, made, folder):
        self.stock, self.shelves, self.releases = made
        self.folder = folder
        (folder / "media").mkdir()
        (folder / "root.json").write_bytes(self.stock.publisher.root)
        self.settings = self.stock.settings(
            data_folder=folder / "data", root_file=folder / "root.json", drive_folders=(folder / "media",)
        )
        self.keeper = self.intake = None

    @contextmanager
    def box(self):
        """The box's intake, told of every drive at once as its watcher tells it."""
        with driven(self.settings, FastFiles()) as box:
            self.intake = box.intake
            yield box

    def plug(self, which, disk, name=""):
        """Put a drive in: it appears at once and whole."""
        target = self.folder / "media" / (name or f"{which}-{disk}")
        shutil.copytree(self.shelves[which][disk - 1], self.folder / "hand", copy_function=os.link)
        (self.folder / "hand").rename(target)
        self.intake.poke()

    def pull(self, name):
        (self.folder / "media" / name).rename(self.folder / f"away-{name}-{time.monotonic_ns()}")
        self.intake.poke()

    @property
    def library(self):
        if self.keeper is None:
            self.keeper = LibraryKeeper(self.settings.holdings_file, self.settings.releases_folder)
        self.keeper.refresh()
        return self.keeper.library

    def readable(self):
        """Ids of resources that can be read now, each proved: an item's bytes are those that were signed."""
        library, found = self.library, set()
        for held in library.browse(limit=100):
            if held.available:
                item = library.item(held.resource.items[0].id)
                descriptor = item.open(item.places[0])
                content = os.read(descriptor, 1 << 16)
                os.close(descriptor)
                assert hashlib.sha256(content).hexdigest() == item.item.sha256
                found.add(held.resource.id)
            else:
                assert held.catalogue_only or held.missing_disk
        return found


@pytest.fixture
def bench(made, tmp_path):
    return Bench(made, tmp_path)


def on(sources, *disks, of=3):
    """Ids of `sources` on those drives, as `tests.simulator.deal` deals them."""
    return {name for name, (_, files) in sources.items() if files and 1 + sum(name.encode()) % of in disks}


def ready(count):
    return lambda h: sum(d.state == "ready" for d in h.drives) == count


def keys(holdings):
    return [(n.key, n.params.get("n"), n.params.get("count")) for n in holdings.notices]


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))), ids=str)
def test_three_drives_in_any_order(bench, order):
    files = on(NEWER, 1, 2, 3)
    with bench.box() as box:
        for count, disk in enumerate(order, 1):
            bench.plug("new", disk)
            holdings = box.until(ready(count))
            library = bench.library
            assert bench.readable() == on(NEWER, *order[:count])
            assert len(library.browse(limit=100)) == len(NEWER)
            assert library.search(SearchRequest(q="国家")).total == len(NEWER)
            missing = sorted(set(order) - set(order[:count]))
            if len(missing) == 2:
                counts = len(on(NEWER, *missing))
                assert keys(holdings) == [("intake.set.missing.several", 2, counts)]
            else:
                assert keys(holdings) == [("intake.set.missing", n, len(on(NEWER, n))) for n in missing]
            told = {h.resource.id: h.missing_disk for h in library.browse(limit=100) if not h.available}
            assert {name: disk for name, disk in told.items() if disk} == {
                name: disk for disk in missing for name in on(NEWER, disk)
            }
        assert {d.message.key for d in holdings.drives} == {"intake.set.complete"}
        assert bench.readable() == files
        assert [r.name for r in holdings.releases] == ["全国版"]


def test_drive_of_a_set_is_readable_within_a_second_and_nothing_is_made_again(bench):
    with bench.box() as box:
        bench.plug("new", 1)
        box.until(ready(1))
        searching, opened = bench.library._searching, dict(bench.keeper._opened)
        made = {p: p.stat().st_mtime_ns for p in bench.settings.releases_folder.rglob("meta/*")}
        spent = []
        for disk in (2, 3):
            begun = time.monotonic()
            bench.plug("new", disk)
            box.until(lambda h, n=disk: ready(n)(h) and bench.readable() == on(NEWER, *range(1, n + 1)))
            spent.append(time.monotonic() - begun)
        assert min(spent) < 1, spent
        assert bench.library._searching is searching
        assert bench.keeper._opened == opened
        assert {p: p.stat().st_mtime_ns for p in bench.settings.releases_folder.rglob("meta/*")} == made


def test_pulling_one_out_leaves_the_rest_and_putting_it_back_brings_it_back(bench):
    with bench.box() as box:
        for disk in (1, 2, 3):
            bench.plug("new", disk)
        box.until(ready(3))
        bench.pull("new-2")
        holdings = box.until(ready(2))
        assert bench.readable() == on(NEWER, 1, 3)
        (gone,) = [d for d in holdings.drives if d.state == "gone"]
        assert (gone.message.key, gone.message.params["count"]) == ("intake.unplugged.idle", len(on(NEWER, 2)))
        assert gone.message.params["drive"] == "全国版第 2 块"
        assert keys(holdings) == []  # said once
        bench.plug("new", 2, "another place")
        holdings = box.until(ready(3))
        assert len(holdings.drives) == 3
        assert bench.readable() == on(NEWER, 1, 2, 3)
        key = next(d.key for d in holdings.drives if d.disk == 2)
        box.command(do="eject", drive=key)
        box.until(lambda h: any(d.state in {"ejecting", "ejected"} for d in h.drives))
        bench.pull("another place")
        holdings = box.until(lambda h: len(h.drives) == 2)
        assert keys(holdings) == [("intake.set.missing", 2, len(on(NEWER, 2)))]


def test_clone_of_a_drive_harms_nothing_whichever_is_pulled(bench):
    with bench.box() as box:
        for disk in (1, 2, 3):
            bench.plug("new", disk)
        box.until(ready(3))
        bench.plug("new", 2, "clone")
        holdings = box.until(ready(4))
        assert [d.duplicate for d in holdings.drives].count(True) == 1
        assert keys(holdings) == []
        assert bench.readable() == on(NEWER, 1, 2, 3)
        bench.pull("new-2")
        holdings = box.until(lambda h: len(h.drives) == 3)
        assert {d.state for d in holdings.drives} == {"ready"}
        assert keys(holdings) == []
        assert bench.readable() == on(NEWER, 1, 2, 3)


def test_drives_of_two_editions_are_told_apart_and_help_each_other(bench):
    with bench.box() as box:
        bench.plug("new", 1)
        bench.plug("old", 2)
        holdings = box.until(ready(2))
        assert [key for key, *_ in keys(holdings)] == ["intake.set.mixed", "intake.set.missing.several.edition"]
        states = {d.seq: d.message.key for d in holdings.drives}
        assert states[1] == "intake.trusted.older"
        assert [r.seq for r in holdings.live()] == [2]
        changed = {"n0", "n9"}
        assert bench.readable() == (on(NEWER, 1, 2) - changed) | (on(NEWER, 1) & changed)
        bench.plug("new", 2)
        bench.plug("new", 3)
        holdings = box.until(ready(4))
        assert keys(holdings) == []
        assert bench.readable() == on(NEWER, 1, 2, 3)
        bench.pull("old-2")
        holdings = box.until(ready(3))
        assert {d.seq for d in holdings.drives} == {2}  # nobody is asked for a drive of the edition before


def test_two_sets_of_three_are_one_library(bench):
    with bench.box() as box:
        for disk in (3, 1):
            bench.plug("child", disk)
        bench.plug("new", 2)
        holdings = box.until(ready(3))
        assert keys(holdings) == [
            ("intake.set.missing", 2, len(on(CHILDREN, 2))),
            ("intake.set.missing.several", 2, len(on(NEWER, 1, 3))),
        ]
        library = bench.library
        everything = {**CHILDREN, **NEWER}
        assert len(library.browse(limit=100)) == len(everything) == library.stats().resources
        assert library.resource("n3").resource.title == "国家书 3"
        assert bench.readable() == on(CHILDREN, 1, 3) - {"n3"} | on(NEWER, 2)
        for disk in (1, 3):
            bench.plug("new", disk)
        bench.plug("child", 2)
        box.until(ready(6))
        assert bench.readable() == set(everything) - {"card"}
        titles = [hit.held.resource.title for hit in bench.library.search(SearchRequest(q="书", size=50)).hits]
        assert len(titles) == len(set(titles)) == len(everything) - 1


def test_newest_list_withdraws_from_every_drive_and_bundle_and_rolls_one_bundle_back_alone(tmp_path):
    stock = Stock(tmp_path)
    old = stock.work(1, ready=True, drives=3, sources=NATIONAL)
    new = stock.work(2, ready=True, drives=3, sources=NEWER, supersedes=1)
    child = stock.work(1, ready=True, drives=3, bundle="children", sources=CHILDREN)
    names = ("old", old), ("new", new), ("child", child)
    shelves = {name: stock.drives(work) for name, work in names}
    bench = Bench((stock, shelves, {}), tmp_path)
    with bench.box() as box:
        for disk in (1, 2, 3):
            for which, _ in names:
                bench.plug(which, disk)
        box.until(ready(9))
        assert bench.readable() == on(NEWER, 1, 2, 3) | on(CHILDREN, 1, 2, 3)
        stock.publisher.withdraw("n3", "c1", into=child)
        stock.publisher.revoke(new)
        shutil.copytree(stock.publisher.keys / "tuf", bench.folder / "media/child-1/tuf", dirs_exist_ok=True)
        holdings = box.until(lambda h: sum(d.state == "refused" for d in h.drives) == 3)
        assert holdings.withdrawn == ("c1", "n3")
        assert sorted((r.bundle, r.seq) for r in holdings.live()) == [("children", 1), ("national", 1)]
        box.until(ready(6))
        assert bench.readable() == (on(NATIONAL, 1, 2, 3) | on(CHILDREN, 1, 2, 3)) - {"n3", "c1"}
        library = bench.library
        assert library.is_withdrawn("n3")
        assert library.search(SearchRequest(q="国家")).total == len(NATIONAL) - 1  # the children's n3 neither
        assert library.stats().resources == len({**NATIONAL, **CHILDREN}) - 2
        assert library.resource("n0").resource.items[0].size == len(b"national 0")
        shutil.rmtree(bench.folder / "media/child-1")
        box.until(lambda h: sum(d.state == "gone" for d in h.drives) == 1)
        assert bench.library.is_withdrawn("c1")
