"""A set of drives whose newer edition came by a stick: each drive of it, or all on one disk, for a branch's box."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace

import pytest

from appliance.branch import copying
from appliance.branch.command import branch_copy
from appliance.branch.copying import Copier
from appliance.branch.target import MARK, Mark
from appliance.errors import BranchError
from appliance.intake.look import glance
from appliance.intake.mounts import Candidate
from appliance.store import commands
from appliance.store.placement import is_placed, table_of
from packager.build import build
from packager.delta.editions import edition_of
from packager.delta.listing import delta_folder
from packager.delta.making import make_delta
from packager.delta.signing import sign_deltas
from packager.drives import write_drive
from packager.format.files import RealFiles
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from packager.signing import sign_release
from tests.appliance.sync.test_updater import Box, live_is
from tests.packager.editions import NEW, OLD, OPTIONS, write_source
from tests.powercut.recording import KilledError, RecordingFiles
from tests.simulator import DAY, Publisher, passphrase

FILES = RealFiles()
LAST = "bag/tagmanifest-sha256.txt"
SET = replace(OPTIONS, drive_sizes=(6_500_000, 6_500_000))


@pytest.fixture(scope="module")
def editions(tmp_path_factory):
    """(publisher, both drives of the first edition, work folder of the second, stick, both drives of the second)."""
    folder = tmp_path_factory.mktemp("sets")
    publisher, source, work = Publisher(folder / "publisher"), folder / "source", folder / "work"
    build(write_source(source, OLD), work, SET, FILES)
    sign_release(work, publisher.keys, passphrase, FILES)
    archive = shutil.copytree(work, folder / "archive")
    shutil.rmtree(source)
    release = build(write_source(source, NEW), work, replace(SET, edition="2026.11"), FILES).release
    sign_release(work, publisher.keys, passphrase, FILES)
    make_delta(edition_of([archive]), edition_of([work]), delta_folder(work, "national", 1, 2), FILES)
    sign_deltas(work, publisher.keys, passphrase, release, DAY, FILES)
    drives = {}
    for name, made in (("old", archive), ("new", work)):
        drives[name] = [folder / f"{name}-{n}" for n in (1, 2)]
        for n, drive in enumerate(drives[name], 1):
            write_drive(made, drive, FILES, disk=n, quiet=True)
    publish(work, publisher.keys, FolderSite(folder / "stick", FILES), DAY, payload=False, lists=False)
    return publisher, drives["old"], work, folder / "stick", drives["new"]


def updated_box(editions, folder, stick):
    publisher, old, *_ = editions
    media = folder / "media"
    for n, drive in enumerate(old, 1):
        shutil.copytree(drive, media / f"old-{n}")
    box = Box(folder / "box", publisher, folder / "none", drive_folders=(media,), update_apply="at-once")
    box.until(live_is(1))
    box.until(lambda holdings: sum(drive.serves for drive in holdings.drives) == 2)
    shutil.copytree(stick, media / "usb")
    box.until(lambda h: any(d.message.key == "sync.stick.reading" for d in h.drives))
    box.updater.sticks.turn()
    box.until(live_is(2))
    return box


@pytest.fixture(scope="module")
def box(editions, tmp_path_factory):
    made = updated_box(editions, tmp_path_factory.mktemp("updated"), editions[3])
    yield made
    made.close()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(copying, "BATCH_FILES", 3)


def tree(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def without_accelerators(found):
    truth = {f"bag/meta/{name}" for name in ("catalogue.jsonl", "items.txt", "chunks.bin")}
    return {n: c for n, c in found.items() if not n.startswith("bag/meta/") or n in truth}


def copy(box, target, files=FILES, **options):
    target.mkdir(exist_ok=True)
    return branch_copy(box.settings, files, box.root.read_bytes(), target, **options)


def ask(box, what, drive):
    commands.send(box.settings.commands_folder, {"do": what, "drive": drive}, clock=box.updater._clock, files=FILES)


def test_each_drive_of_a_set_that_came_by_update_is_the_signed_one(box, editions, tmp_path):
    for n, signed in enumerate(editions[4], 1):
        copy(box, tmp_path / f"{n}", disk=n)
        made = without_accelerators(tree(tmp_path / f"{n}"))
        wanted = without_accelerators(tree(signed))
        assert {n for n in made if n.startswith("bag/")} == {n for n in wanted if n.startswith("bag/")}
        assert all(made[name] == content for name, content in wanted.items() if name.startswith("bag/"))


def test_whole_set_on_one_disk_serves_at_the_branch_and_is_let_go_as_one(box, editions, tmp_path):
    media = tmp_path / "media"
    media.mkdir()
    copy(box, media / "disk")
    assert {path.name for path in (media / "disk").iterdir()} == {"1", "2"}
    branch = Box(tmp_path / "branch", editions[0], tmp_path / "none", drive_folders=(media,))
    try:
        holdings = branch.until(lambda h: live_is(2)(h) and sum(drive.serves for drive in h.drives) == 2)
        assert sorted((d.disk, d.path) for d in holdings.drives) == [(n, str(media / "disk" / str(n))) for n in (1, 2)]
        library = branch.keeper.library
        assert library.resource("gone") is None
        for name in ("edited", "grown", "moved", "new", "renamed", "stays", "empty"):
            held = library.resource(name)
            assert held.available, name
            for item in held.resource.readable_items:
                at = library.item(item.id)
                descriptor = at.open(at.places[0])
                assert hashlib.sha256(os.pread(descriptor, item.size, 0)).hexdigest() == item.sha256
                os.close(descriptor)
        ask(branch, "eject", holdings.drives[0].key)
        branch.until(lambda h: {d.state for d in h.drives} == {"ejecting"})
        for drive in holdings.drives:  # the last reader has gone
            ask(branch, "released", drive.key)
        branch.until(lambda h: {d.state for d in h.drives} == {"ejected"})
        (media / "disk").rename(tmp_path / "pulled")
        branch.until(lambda h: not h.drives)
        (tmp_path / "pulled").rename(media / "disk")
        branch.until(lambda h: sum(drive.serves for drive in h.drives) == 2)
    finally:
        branch.close()


def test_drive_that_is_not_plugged_in_is_named_before_anything_is_written(box, tmp_path):
    drive = box.settings.drive_folders[0] / "old-2"
    away = drive.rename(tmp_path / "away")
    try:
        box.until(lambda holdings: sum(d.serves for d in holdings.drives) == 1)
        with pytest.raises(BranchError) as refused:
            copy(box, tmp_path / "disk")
        assert (refused.value.sentence, refused.value.params) == ("branch.away", {"drive": "国家版第 2 块"})
        assert not list((tmp_path / "disk").iterdir())
    finally:
        away.rename(drive)
        box.until(lambda holdings: sum(d.serves for d in holdings.drives) == 2)


def test_set_that_is_broken_off_is_told_as_half_copied_and_goes_on(box, editions, tmp_path, monkeypatch):
    media = tmp_path / "media"
    media.mkdir()
    disk = media / "disk"
    first = sum(1 for name in tree(editions[4][0]) if name.startswith("bag/data/"))

    class CutError(Exception):
        pass

    seen, written = [], []
    fill = Copier._fill
    monkeypatch.setattr(
        Copier, "_fill", lambda self, handle, item, at: (fill(self, handle, item, at), written.append(item.path))
    )

    def progress(done, total):
        seen.append((done, total))
        if len(written) > first + 2:
            raise CutError

    with pytest.raises(CutError):
        copy(box, disk, progress=progress)
    assert {total for _, total in seen} == {sum(len(c) for n, c in tree(editions[2]).items() if n[:9] == "bag/data/")}
    assert (disk / MARK).exists()
    assert (disk / "1" / LAST).exists()
    assert not (disk / "2" / LAST).exists()
    assert glance(Candidate(disk, None)).parts == ()
    branch = Box(tmp_path / "branch", editions[0], tmp_path / "none", drive_folders=(media,))
    try:
        holdings = branch.until(lambda h: any(d.state == "refused" for d in h.drives))
        assert [d.message.key for d in holdings.drives] == ["intake.refused.half_copied"]
        before = list(written)
        copy(box, disk)
        assert not set(written[len(before) :]) & set(before[:first])  # the first drive is not read again
        branch.until(lambda h: live_is(2)(h) and sum(drive.serves for drive in h.drives) == 2)
    finally:
        branch.close()
    assert not (disk / MARK).exists()


@pytest.mark.parametrize("count", [1, 2, 5, 30, 90, 150, 200])
def test_killed_after_so_many_writes_there_is_no_set_and_it_ends_the_same(box, editions, tmp_path, count):
    disk = tmp_path / "disk"
    files, left = RecordingFiles(disk), [count]

    def dies(_op):
        left[0] -= 1
        return left[0] < 0

    files.dies = dies
    try:
        copy(box, disk, files)
    except KilledError:
        assert glance(Candidate(disk, None)).parts == ()
        copy(box, disk)
    assert glance(Candidate(disk, None)).parts == ("1", "2")
    for n, signed in enumerate(editions[4], 1):
        made, wanted = tree(disk / str(n)), without_accelerators(tree(signed))
        assert all(made[name] == content for name, content in wanted.items() if name.startswith("bag/"))


def test_disk_with_something_else_or_a_link_is_refused_and_too_small_a_one_is_said(box, tmp_path):
    disk, elsewhere = tmp_path / "disk", tmp_path / "elsewhere"
    elsewhere.mkdir()
    for spoil in (lambda: (disk / "照片.jpg").write_bytes(b"x"), lambda: (disk / "2").symlink_to(elsewhere)):
        disk.mkdir()
        spoil()
        (disk / MARK).write_bytes(Mark("").to_bytes())
        with pytest.raises(BranchError) as refused:
            copy(box, disk)
        assert refused.value.sentence == "branch.not_empty"
        assert not list(elsewhere.iterdir())
        shutil.rmtree(disk)

    class Small(RealFiles):
        def free_space(self, _folder):
            return 8_000_000  # either drive fits, both do not

    with pytest.raises(BranchError) as small:
        copy(box, disk, Small())
    assert small.value.sentence == "branch.too_small"
    assert not list(disk.iterdir())


def test_box_whose_stick_had_no_table_says_so_and_gets_it_from_an_origin(editions, tmp_path):
    work, stick = editions[2:4]
    bare = shutil.copytree(stick, tmp_path / "bare")
    table = hashlib.sha256((work / "bag/meta/disks.bin").read_bytes()).hexdigest()
    (bare / "objects" / table[:2] / table).unlink()
    box = updated_box(editions, tmp_path, bare)
    try:
        folder = box.settings.releases_folder / next(r.folder for r in box.until(live_is(2)).live())
        assert not is_placed(folder, 2)
        with pytest.raises(BranchError) as refused:
            copy(box, tmp_path / "disk")
        assert refused.value.sentence == "branch.set"
        from appliance.sync.stick_supply import StickSupply

        supply = StickSupply(stick, lambda _name, work: work(), lambda _size: None, lambda _size: None)
        box.updater._bringing.tables.bring(supply)
        assert table_of(folder).read_bytes() == (work / "bag/meta/disks.bin").read_bytes()
        assert not list(box.settings.incoming_folder.glob(f"{table}/*"))
        copy(box, tmp_path / "disk")
    finally:
        box.close()
