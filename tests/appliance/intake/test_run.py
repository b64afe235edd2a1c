"""Tests of appliance.intake.run: real signed drives in folders, real threads, the published document."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path

import pytest

from appliance.clock import FixedClock
from appliance.intake import place as place_module
from appliance.intake import publisher as publisher_module
from appliance.intake import run as module
from appliance.intake.journal import Journal
from appliance.intake.mounts import Mount
from appliance.store.holdings import read_holdings, write_holdings
from indexer.catalogue import Catalogue
from packager.format.files import RealFiles
from tests.appliance.intake.driving import all_ready, driven
from tests.appliance.stock import Stock
from tests.simulator import SMALL, flip, newest


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A publisher with two releases, made once."""
    stock = Stock(tmp_path_factory.mktemp("made"))
    stock.work(1, ready=True)
    stock.work(2, ready=True, sources={**SMALL, "new": ("新书", {"n.txt": b"new"})}, supersedes=1)
    return stock


@pytest.fixture
def stock(made, tmp_path):
    """The same publisher, with folders of the test's own."""
    own = object.__new__(Stock)
    own.folder, own.publisher = tmp_path, made.publisher
    own.root_file.write_bytes(made.publisher.root)
    (tmp_path / "media").mkdir()
    return own


def work(stock, seq=1):
    return stock.publisher.folder / f"work-national-{seq}"


def drive_of_first(stock, name="media/one"):
    """A drive of release 1 as it was before release 2 was signed: its own metadata is older."""
    return stock.drive(work(stock, 1), name)


def events(stock):
    return [line["event"] for line in Journal(stock.settings().journal_file, RealFiles(), FixedClock()).read()]


def test_no_drive_says_so(stock):
    with driven(stock.settings()) as box:
        holdings = box.until(lambda h: h.generation)
        assert [n.key for n in holdings.notices] == ["home.no_drive"]
        assert holdings.drives == holdings.releases == ()


def test_good_drive_becomes_ready_with_what_was_built(stock):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready", "intake.trusted")
        holdings = box.until(all_ready)
        (release,) = holdings.live()
        assert (release.bundle, release.seq, release.count, release.issuer) == ("national", 1, 4, "国家图书馆")
        assert (release.catalogue.name, release.search.name) == ("meta/catalogue.db", "meta/search")
        assert holdings.reference_time.startswith("2026-11-22")
        assert holdings.notices == ()
        assert holdings.worker.pid == 1
    assert events(stock)[:4] == ["started", "recognising", "reading", "ready"]


def test_drive_goes_within_two_seconds_and_comes_back_without_copying(stock, monkeypatch):
    drive = drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")
        begun = time.monotonic()
        drive.rename(stock.folder / "away")
        gone = box.drive("gone", "intake.unplugged.idle")
        assert time.monotonic() - begun < 2
        assert gone.message.params == {"drive": "国家版", "count": 4}
        assert all_ready(read_holdings(box.settings.holdings_file))
        monkeypatch.setattr("appliance.intake.taking.verify_tag_files", None)  # it must not be asked for
        (stock.folder / "away").rename(drive)
        box.drive("ready", "intake.trusted.back")


def test_drive_in_another_place_is_the_same_drive(stock):
    drive = drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")
        drive.rename(stock.folder / "away")
        box.drive("gone")
        (stock.folder / "away").rename(stock.folder / "media/two")
        holdings = box.until(lambda h: [d.state for d in h.drives] == ["ready"])
        assert holdings.drives[0].path == str(stock.folder / "media/two")
        assert holdings.drives[0].message.key == "intake.trusted.back"


def spoil_tag(drive: Path) -> None:
    flip(drive / "bag/bag-info.txt", 3)


def spoil_truth(drive: Path) -> None:
    flip(drive / "bag/meta/catalogue.jsonl", 30)


def spoil_list(drive: Path) -> None:
    flip(drive / "bag/tagmanifest-sha256.txt", 5)


def cut_truth(drive: Path) -> None:
    path = drive / "bag/meta/items.txt"
    path.write_bytes(path.read_bytes()[:-10])


def without_metadata(drive: Path) -> None:
    shutil.rmtree(drive / "tuf")


def without_bag(drive: Path) -> None:
    shutil.rmtree(drive / "bag")


def without_payload(drive: Path) -> None:
    shutil.rmtree(drive / "bag/data")


def with_foreign_files(drive: Path) -> None:
    shutil.rmtree(drive)
    drive.mkdir()
    (drive / "电影.mp4").write_bytes(b"\0")


def with_linked_metadata(drive: Path) -> None:
    path = newest(drive / "tuf/metadata", "targets")
    path.rename(drive / "elsewhere")
    path.symlink_to(drive / "elsewhere")


def with_changed_metadata(drive: Path) -> None:
    flip(newest(drive / "tuf/metadata", "targets"), 400)


SPOILS = [
    (spoil_tag, "list_changed"),
    (spoil_truth, "list_changed"),
    (spoil_list, "list_changed"),
    (cut_truth, "half_copied"),
    (without_metadata, "half_copied"),
    (without_bag, "half_copied"),
    (without_payload, "half_copied"),
    (with_foreign_files, "not_ours"),
    (with_linked_metadata, "list_changed"),
    (with_changed_metadata, ""),
]


@pytest.mark.parametrize(("spoil", "why"), SPOILS, ids=[s.__name__ for s, _ in SPOILS])
def test_spoiled_drive_is_refused_and_the_good_one_beside_it_serves(stock, spoil, why):
    bad = drive_of_first(stock, "media/bad")
    spoil(bad)
    drive_of_first(stock, "media/good")
    with driven(stock.settings()) as box:
        holdings = box.until(lambda h: sorted(d.state for d in h.drives) == ["ready", "refused"])
        refused = next(d for d in holdings.drives if d.state == "refused")
        assert refused.path == str(bad)
        assert refused.message.key.startswith(f"intake.refused.{why}")
        assert refused.folder == ""


def test_spoiled_drive_alone_leaves_nothing_behind(stock):
    spoil_truth(drive_of_first(stock))
    with driven(stock.settings()) as box:
        box.drive("refused")
        assert read_holdings(box.settings.holdings_file).releases == ()
        assert list(box.settings.releases_folder.iterdir()) == []


def test_refused_drive_that_is_mended_becomes_ready_by_itself(stock):
    drive = drive_of_first(stock)
    (drive / "bag/meta/items.txt").rename(stock.folder / "items.txt")
    with driven(stock.settings()) as box:
        box.drive("refused", "half_copied")
        (stock.folder / "items.txt").rename(drive / "bag/meta/items.txt")
        box.drive("ready")


def test_drive_that_is_being_copied_becomes_ready_when_it_is_complete(stock):
    away = stock.drive(work(stock), "away")
    target = stock.folder / "media/one"
    parts = ["bag/bag-info.txt", "tuf", "bag/meta", "bag/bagit.txt", "bag/manifest-sha256.txt",
             "bag/tagmanifest-sha256.txt", "bag/data"]  # fmt: skip
    with driven(stock.settings()) as box:
        for part in parts:
            (target / part).parent.mkdir(parents=True, exist_ok=True)
            (away / part).rename(target / part)
            states = {d.state for h in box.during(0.7) for d in h.drives}
            assert part == "bag/data" or "ready" not in states
        box.drive("ready")


def test_payload_that_arrives_last_makes_a_half_copied_drive_ready(stock):
    drive = drive_of_first(stock)
    (drive / "bag/data").rename(stock.folder / "payload")
    with driven(stock.settings()) as box:
        box.drive("refused", "half_copied")
        (drive / "bag/data").mkdir()
        for folder in (stock.folder / "payload").iterdir():
            folder.rename(drive / "bag/data" / folder.name)
            box.during(0.2)
        box.drive("ready")


def test_empty_folder_is_no_drive_until_it_stays_empty(stock, monkeypatch):
    monkeypatch.setattr(module, "BLANK_SECONDS", 1.5)
    one = stock.folder / "one"
    one.mkdir()
    (stock.folder / "media/child").mkdir()
    with driven(stock.settings(drive_paths=(one,))) as box:
        first = box.until(lambda h: h.generation)
        assert (first.drives, [n.key for n in first.notices]) == ((), ["home.no_drive"])
        blank = box.drive("refused", "intake.refused.blank")
        assert blank.path == str(one)  # and not the empty mount point in media
        stock.drive(work(stock), "away")
        for part in ("bag", "tuf"):
            (stock.folder / "away" / part).rename(one / part)
        box.drive("ready")
        for part in ("bag", "tuf"):
            shutil.rmtree(one / part)
        box.drive("gone")
        assert all("gone" in {d.state for d in h.drives} for h in box.during(2.5)[-3:])


@pytest.mark.parametrize("what", ["search", "catalogue", "both", "damaged"])
def test_prebuilt_files_that_cannot_be_used_are_made_here(stock, what):
    drive = drive_of_first(stock)
    meta = drive / "bag/meta"
    if what in {"search", "both"}:
        shutil.rmtree(meta / "search")
    if what in {"catalogue", "both"}:
        (meta / "catalogue.db").unlink()
    if what == "damaged":
        for path in [meta / "catalogue.db", *(meta / "search").iterdir()]:
            flip(path, path.stat().st_size // 2)
    with driven(stock.settings()) as box:
        seen = box.during(0.01)
        box.drive("ready")
        holdings = box.until(all_ready)
        assert all(r.catalogue.state == "ready" for h in seen for r in h.releases if any(d.serves for d in h.drives))
        (release,) = holdings.live()
        if what != "search":
            assert release.catalogue.name == "meta/catalogue.1.db"
        if what != "catalogue":
            assert release.search.name == "meta/search.1"
        catalogue = Catalogue(box.settings.releases_folder / release.folder / release.catalogue.name)
        assert catalogue.count == 4
        catalogue.close()


def test_derived_file_that_cannot_be_opened_is_made_again_on_command(stock):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        (release,) = box.until(all_ready).live()
        box.command(do="rebuild", folder=release.folder, part="search")
        box.command(do="rebuild", folder=release.folder, part="nonsense")
        box.command(do="rebuild", folder="../..", part="search")
        found = box.until(lambda h: h.live()[0].search.name == "meta/search.1")
        assert found.live()[0].catalogue.name == "meta/catalogue.db"


def test_derived_file_that_can_never_be_opened_is_not_made_for_ever(stock):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        (release,) = box.until(all_ready).live()
        for n in range(1, module.MAX_REMADE + 1):
            box.command(do="rebuild", folder=release.folder, part="search", why="broken")
            box.until(lambda h, n=n: h.live()[0].search.name == f"meta/search.{n}")
        box.command(do="rebuild", folder=release.folder, part="search", why="broken")
        holdings = box.until(lambda h: h.live()[0].search.state == "failed")
        assert [n.key for n in holdings.notices] == ["index.not_built"]
        box.command(do="rebuild", folder=release.folder, part="search")  # staff press the button
        box.until(all_ready)


def test_newer_release_goes_live_and_the_older_drive_still_helps(stock):
    drive_of_first(stock, "media/old")
    with driven(stock.settings()) as box:
        box.drive("ready")
        stock.drive(work(stock, 2), "media/new")
        holdings = box.until(lambda h: [r.seq for r in h.live()] == [2])
        holdings = box.until(lambda h: {d.message.key for d in h.drives} == {"intake.trusted", "intake.trusted.older"})
        assert [(r.seq, r.live) for r in holdings.releases] == [(2, True), (1, False)]


def test_same_drive_twice_is_a_spare(stock):
    drive_of_first(stock, "media/one")
    with driven(stock.settings()) as box:
        box.drive("ready")
        drive_of_first(stock, "media/two")
        holdings = box.until(lambda h: [d.state for d in h.drives] == ["ready", "ready"])
        by_path = {Path(d.path).name: d for d in holdings.drives}
        assert (by_path["one"].duplicate, by_path["two"].duplicate) == (False, True)
        assert by_path["two"].message.key == "intake.duplicate"
        assert len(holdings.releases) == 1


def test_revoked_release_stops_at_once_when_newer_metadata_comes(tmp_path):
    stock = Stock(tmp_path)
    first, second = stock.work(1, ready=True), stock.work(2, ready=True)
    stock.drive(first, "media/one")
    with driven(stock.settings()) as box:
        box.drive("ready")
        stock.publisher.revoke(first)
        shutil.copytree(stock.publisher.keys / "tuf", second / "tuf", dirs_exist_ok=True)
        stock.drive(second, "media/two")
        holdings = box.until(lambda h: sorted(d.state for d in h.drives) == ["ready", "refused"])
        refused = next(d for d in holdings.drives if d.state == "refused")
        assert refused.message.key == "intake.refused.revoked"
        assert [r.seq for r in holdings.releases] == [2]


def test_set_of_two_says_which_one_is_missing(tmp_path):
    stock = Stock(tmp_path)
    one, two = stock.set_of_two()
    (tmp_path / "media").mkdir()
    one.rename(tmp_path / "media/one")
    with driven(stock.settings()) as box:
        holdings = box.until(lambda h: any(n.key == "intake.set.missing" for n in h.notices))
        assert holdings.notices[0].params == {"total": 2, "n": 2, "count": 2}
        assert holdings.drives[0].name == "国家版第 1 块"
        two.rename(tmp_path / "media/two")
        box.drive("ready", "intake.set.complete")
        holdings = box.until(lambda h: not any(n.key == "intake.set.missing" for n in h.notices))
        assert len(holdings.releases) == 1


def test_no_room_waits_and_goes_on_when_there_is(stock):
    class Small(RealFiles):
        free = 1000

        def free_space(self, folder: Path) -> int:
            return self.free

    drive_of_first(stock)
    files = Small()
    with driven(stock.settings(), files) as box:
        waiting = box.drive("waiting", "space.intake_waits")
        size = waiting.message.params["size"]
        assert isinstance(size, int)
        assert size > 1000
        files.free = 1 << 30
        box.drive("ready")


def test_full_disk_is_not_blamed_on_the_drive_that_is_taken_when_there_is_room(stock):
    class Full(RealFiles):
        free = 0

        def free_space(self, folder: Path) -> int:
            return self.free

        def make_dir(self, path: Path) -> None:
            if not self.free and path.name.startswith("trust-"):
                raise OSError(errno.ENOSPC, "full")
            super().make_dir(path)

    drive_of_first(stock)
    files = Full()
    with driven(stock.settings(), files) as box:
        assert box.drive("waiting", "space.intake_waits").bundle == ""
        files.free = 1 << 30
        box.drive("ready")


def test_too_many_drives_the_next_one_waits_for_staff(stock):
    drive_of_first(stock, "media/one")
    with driven(stock.settings(max_drives=1)) as box:
        box.drive("ready")
        drive_of_first(stock, "media/two")
        box.drive("refused", "intake.refused.too_many")
        shutil.rmtree(stock.folder / "media/one")
        box.drive("gone")
        box.command(do="look-again")
        box.until(lambda h: [d.state for d in h.drives] == ["ready"])


def test_eject_and_keep(stock):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        key = box.drive("ready").key
        box.command(do="eject", drive="another")
        box.command(do="eject", drive=key)
        box.drive("ejecting", "intake.unplug.waiting")
        box.command(do="keep", drive=key)
        box.drive("ready")
        box.command(do="eject", drive=key)
        box.drive("ejecting")
        box.command(do="released", drive=key)
        box.drive("ejected", "intake.unplug.safe")
        shutil.rmtree(stock.folder / "media/one")
        box.until(lambda h: h.drives == ())


def test_restart_keeps_the_last_document_until_the_drives_are_looked_at(stock):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")
        before = box.until(all_ready)
    with driven(stock.settings()) as box:
        states = [[d.state for d in h.drives] for h in box.during(1.5)]
        assert {tuple(s) for s in states} == {("ready",)}
        after = read_holdings(box.settings.holdings_file)
        assert after.generation > before.generation
        assert after.releases == before.releases
    shutil.rmtree(stock.folder / "media/one")
    with driven(stock.settings()) as box:
        box.drive("gone")


def test_restart_with_a_damaged_document_goes_on_from_the_drives(stock):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")
    box.settings.holdings_file.write_bytes(b"torn")
    box.settings.holdings_file.unlink()
    with driven(stock.settings()) as box:
        box.drive("ready")


def test_heartbeat_is_published_without_anything_new(stock, monkeypatch):
    monkeypatch.setattr(publisher_module, "BEAT_SECONDS", 0.3)
    with driven(stock.settings()) as box:
        generations = [h.generation for h in box.during(1.2)]
        assert generations[-1] - generations[0] >= 2


def test_releases_nobody_needs_are_dropped(tmp_path):
    stock = Stock(tmp_path)
    with driven(stock.settings()) as box:
        for seq in (1, 2, 3):
            made = stock.work(seq, ready=True, sources={f"only-{seq}": ("书", {"a.txt": b"a"})})
            shutil.rmtree(tmp_path / "media", ignore_errors=True)
            stock.drive(made, f"media/d{seq}")
            box.until(lambda h, seq=seq: [r.seq for r in h.live()] == [seq])
        holdings = box.until(lambda h: [r.seq for r in h.releases] == [3, 2])
        assert sorted(p.name.split("-")[0] for p in (box.settings.releases_folder / "national").iterdir()) == ["2", "3"]
        assert holdings.live()[0].seq == 3


@pytest.fixture
def hanging(monkeypatch):
    """Disks that do not answer: folder names; a thread that looks at one waits until the name is taken out."""
    names: set[str] = set()
    real = place_module.glance

    def glance(candidate, watched):
        while candidate.folder.name in names:
            time.sleep(0.02)
        return real(candidate, watched)

    monkeypatch.setattr(place_module, "glance", glance)
    yield names
    names.clear()


def test_disk_that_hangs_is_sick_and_the_others_go_on(stock, hanging):
    drive_of_first(stock, "media/bad")
    with driven(stock.settings(drive_deadline_seconds=1)) as box:
        box.drive("ready")
        hanging.add("bad")
        sick = box.drive("sick", "intake.sick")
        assert sick.message.params == {"drive": "国家版"}
        drive_of_first(stock, "media/good")
        box.until(lambda h: sorted(d.state for d in h.drives) == ["ready", "sick"])
        hanging.clear()
        box.until(lambda h: [d.state for d in h.drives] == ["ready", "ready"])


def test_disk_that_hangs_and_is_unmounted_is_left_behind(stock, hanging, monkeypatch):
    drive_of_first(stock)
    folder = str(stock.folder / "media/one")
    mount = Mount(70, "8:17", folder, read_only=True, kind="ext4", source="/dev/sdb1")
    mounts = {folder: mount}
    monkeypatch.setattr(module, "read_mounts", lambda: dict(mounts))
    with driven(stock.settings(drive_deadline_seconds=1)) as box:
        box.drive("ready")
        hanging.add("one")
        box.drive("sick")
        mounts.clear()
        box.drive("gone")
        hanging.clear()
        mounts[folder] = Mount(71, "8:33", folder, read_only=True, kind="ext4", source="/dev/sdc1")
        box.drive("ready", "intake.trusted.back")


def test_drive_that_is_mounted_anew_is_looked_at_anew(stock, monkeypatch):
    drive_of_first(stock)
    folder = str(stock.folder / "media/one")
    mounts = {folder: Mount(70, "8:17", folder, read_only=True, kind="ext4", source="/dev/sdb1")}
    monkeypatch.setattr(module, "read_mounts", lambda: dict(mounts))
    with driven(stock.settings()) as box:
        first = box.drive("ready")
        mounts[folder] = Mount(71, "8:17", folder, read_only=True, kind="ext4", source="/dev/sdb1")
        again = box.until(lambda h: [(d.state, d.message.key) for d in h.drives] == [("ready", "intake.trusted.back")])
        assert again.drives[0].key == first.key


def test_mount_table_that_cannot_be_read_leaves_what_is_known(stock, monkeypatch):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")

        def broken():
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(module, "read_mounts", broken)
        assert {tuple(d.state for d in h.drives) for h in box.during(1.5)} == {("ready",)}


def test_holdings_that_cannot_be_written_are_tried_again(stock, monkeypatch):
    drive_of_first(stock)
    calls = []

    def failing(*args):
        calls.append(1)
        if len(calls) < 3:
            raise OSError(28, "full")
        return write_holdings(*args)

    monkeypatch.setattr(publisher_module, "write_holdings", failing)
    with driven(stock.settings()) as box:
        box.drive("ready")


def test_look_again_on_command(stock):
    drive_of_first(stock)
    with driven(stock.settings()) as box:
        key = box.drive("ready").key
        generation = read_holdings(box.settings.holdings_file).generation
        box.command(do="look-again", drive=key)
        box.until(lambda h: h.generation > generation and [d.message.key for d in h.drives] == ["intake.trusted.back"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_drive_without_permission_is_unreadable(stock):  # pragma: no cover - not as root
    drive = drive_of_first(stock)
    (drive / "bag/tagmanifest-sha256.txt").chmod(0)
    with driven(stock.settings()) as box:
        box.drive("refused", "intake.refused.unreadable")
