"""Tests of appliance.intake.run: real signed drives in folders, real threads, the published document."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.clock import FixedClock, RealClock
from appliance.intake import entry
from appliance.intake.journal import Journal
from appliance.intake.remaking import MAX_REMADE
from appliance.store.holdings import read_holdings, write_holdings
from appliance.web.status import choose
from indexer.catalogue import Catalogue
from packager.format.files import RealFiles
from tests.appliance.intake.driving import all_ready, drive_of_first, driven, work
from tests.appliance.stock import Stock
from tests.simulator import flip, newest


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


def test_drive_goes_and_comes_back_without_copying(stock, monkeypatch):
    drive = drive_of_first(stock)
    with driven(stock.settings()) as box:
        box.drive("ready")
        drive.rename(stock.folder / "away")
        gone = box.drive("gone", "intake.unplugged.idle")
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


def restarted_after(stock, before):
    """What is said of the one drive when the worker begins again, some time after it had been plugged in."""
    settings = stock.settings()
    with driven(settings) as box:
        box.drive("ready")
        before(box)
    held = read_holdings(settings.holdings_file)
    long_ago = tuple(replace(d, since="2026-11-22T08:00:00Z") for d in held.drives)
    write_holdings(settings.holdings_file, replace(held, drives=long_ago), RealFiles())
    return driven(settings)


def test_drive_that_stays_plugged_over_a_restart_is_no_news(stock):
    drive_of_first(stock)
    with restarted_after(stock, lambda _box: None) as box:
        generation = read_holdings(box.settings.holdings_file).generation
        holdings = box.until(lambda h: h.generation > generation and [d.state for d in h.drives] == ["ready"])
        (drive,) = holdings.drives
        assert (drive.message.key, drive.since) == ("intake.trusted", "2026-11-22T08:00:00Z")
        assert choose(holdings, 0, RealClock().now()).first.message.key == "home.normal"


def test_drive_that_came_back_just_before_a_restart_is_still_back(stock):
    drive = drive_of_first(stock)

    def pulled(box):
        drive.rename(stock.folder / "away")
        box.drive("gone")
        (stock.folder / "away").rename(drive)
        box.drive("ready", "intake.trusted.back")

    with restarted_after(stock, pulled) as box:
        generation = read_holdings(box.settings.holdings_file).generation
        holdings = box.until(lambda h: h.generation > generation and [d.state for d in h.drives] == ["ready"])
        assert holdings.drives[0].message.key == "intake.trusted.back"
        assert holdings.drives[0].since == "2026-11-22T08:00:00Z"


def test_drive_that_is_pulled_after_a_restart_comes_back(stock):
    drive = drive_of_first(stock)
    with restarted_after(stock, lambda _box: None) as box:
        generation = read_holdings(box.settings.holdings_file).generation
        box.until(lambda h: h.generation > generation and [d.state for d in h.drives] == ["ready"])
        drive.rename(stock.folder / "away")
        box.drive("gone")
        (stock.folder / "away").rename(drive)
        back = box.drive("ready", "intake.trusted.back")
        assert back.since > "2026-11-22T08:00:00Z"


def test_drive_that_is_away_when_the_worker_begins_comes_back(stock):
    drive = drive_of_first(stock)
    with restarted_after(stock, lambda _box: drive.rename(stock.folder / "away")) as box:
        box.drive("gone", "intake.unplugged.idle")
        (stock.folder / "away").rename(drive)
        back = box.drive("ready", "intake.trusted.back")
        assert back.since > "2026-11-22T08:00:00Z"


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
    monkeypatch.setattr(entry, "BLANK_SECONDS", 1.5)
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
        for n in range(1, MAX_REMADE + 1):
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
    one, two = stock.drives(stock.work(drives=2))
    (tmp_path / "media").mkdir()
    one.rename(tmp_path / "media/one")
    with driven(stock.settings()) as box:
        holdings = box.until(lambda h: any(n.key == "intake.set.missing" for n in h.notices))
        assert holdings.notices[0].params == {"total": 2, "n": 2, "count": 2, "bundle": "国家版"}
        assert holdings.drives[0].name == "国家版第 1 块"
        two.rename(tmp_path / "media/two")
        box.drive("ready", "intake.set.complete")
        holdings = box.until(lambda h: not any(n.key == "intake.set.missing" for n in h.notices))
        assert len(holdings.releases) == 1
