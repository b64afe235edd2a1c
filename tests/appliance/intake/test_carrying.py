"""Sticks that carry signed lists only: what the box takes of them and what it says."""

from __future__ import annotations

import os
import shutil
import threading
import tracemalloc
from pathlib import Path

import pytest

from appliance.intake.carrying import carries_lists_only, judge, read_notice
from appliance.intake.trusting import SharedTrust
from appliance.store.holdings import Message, Withdrawn
from packager.format.errors import HalfCopiedError, NotOursError, UnreadableError
from packager.format.withdrawals import MAX_NOTICE
from packager.signing import REVOKE
from tests.appliance.intake.driving import driven
from tests.appliance.stock import Stock
from tests.notices import delegate, notice


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A publisher with two releases and the role that can only withdraw."""
    stock = Stock(tmp_path_factory.mktemp("published"))
    stock.work(1)
    stock.work(2, supersedes=1)
    delegate(stock.publisher)
    return stock


@pytest.fixture
def stock(published, tmp_path):
    """The same authority with a register of the test's own."""
    own = object.__new__(Stock)
    own.folder, own.publisher = tmp_path, published.publisher.fork(tmp_path / "publisher")
    for work in published.publisher.folder.glob("work-*"):
        shutil.copytree(work, tmp_path / "publisher" / work.name)
    own.root_file.write_bytes(own.publisher.root)
    (tmp_path / "media").mkdir()
    return own


@pytest.fixture
def shared(stock):
    store = stock.publisher.box(stock.folder / "state")
    store.offer(stock.publisher.keys / "tuf")
    return SharedTrust(store)


def look(root: Path, shared: SharedTrust):
    scratch = root.with_name(f"scratch-{root.name}")
    scratch.mkdir()
    return judge(root, scratch, shared, threading.Event())


def stick(stock, **files: bytes) -> Path:
    folder = stock.folder / f"stick-{len(list(stock.folder.iterdir()))}"
    folder.mkdir()
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_notice_alone_in_the_root_or_in_tuf_is_taken_and_told(stock, shared) -> None:
    first, second = notice(stock.publisher, "red-chamber"), notice(stock.publisher, "big-map")
    assert look(stick(stock, withdrawals_json=first), shared) == Message("sync.withdrawn.file", {"count": 1})
    assert look(stick(stock, tuf__withdrawals_json=second), shared) == Message("sync.withdrawn.file", {"count": 2})
    assert shared.current().withdrawn == {"red-chamber", "big-map"}
    assert look(stick(stock, withdrawals_json=first), shared) == Message("sync.stick.older")
    back = notice(stock.publisher, "red-chamber", "big-map", undo=True)
    assert look(stick(stock, withdrawals_json=back), shared) == Message("sync.lifted", {"count": 2})
    assert shared.current().withdrawn == frozenset()


@pytest.mark.parametrize("spoilt", [b"", b"{}", b" " * (MAX_NOTICE + 1)])
def test_notice_that_is_none_is_refused_with_its_sentence(stock, shared, spoilt: bytes) -> None:
    assert look(stick(stock, withdrawals_json=spoilt), shared) == Message("sync.withdrawn.file.refused")


def test_notice_that_was_changed_or_is_a_link_is_refused_with_its_sentence(stock, shared) -> None:
    content = notice(stock.publisher, "red-chamber").replace(b"red-chamber", b"bed-chamber")
    assert look(stick(stock, withdrawals_json=content), shared) == Message("sync.withdrawn.file.refused")
    linked = stick(stock, tuf__note_json=b"{}")
    (linked / "withdrawals.json").symlink_to("/etc/passwd")
    assert look(linked, shared) == Message("sync.withdrawn.file.refused")
    assert shared.current().withdrawn == frozenset()


def test_register_on_a_stick_is_taken_and_says_what_is_new(stock, shared) -> None:
    def register() -> Path:
        folder = stick(stock)
        shutil.copytree(stock.publisher.keys / "tuf", folder / "tuf")
        return folder

    before = register()
    assert look(before, shared) == Message("sync.stick.older")
    stock.publisher.change(REVOKE, "national", 1)
    assert look(register(), shared) == Message("sync.list.taken")
    assert [release.seq for release in shared.current().releases] == [2]
    notice(stock.publisher, "red-chamber", publish=True)
    assert look(register(), shared) == Message("sync.withdrawn", {"count": 1})
    assert look(stick(stock, tuf__readme_json=b""), shared) == Message("sync.stick.older")


def test_bad_notice_never_speaks_against_a_drive_and_a_good_one_counts(stock, shared) -> None:
    drive = stock.drive(stock.publisher.folder / "work-national-2")
    (drive / "withdrawals.json").write_bytes(b"rubbish")
    assert look(drive, shared).release.seq == 2
    (drive / "withdrawals.json").write_bytes(notice(stock.publisher, "red-chamber"))
    shutil.rmtree(drive.with_name("scratch-one"))
    assert look(drive, shared).newest
    assert shared.current().withdrawn == {"red-chamber"}


def test_stick_with_very_many_files_takes_no_memory_for_their_names(stock) -> None:
    root = stick(stock, withdrawals_json=b"{}")
    for number in range(5000):
        (root / f"photograph-{number:0100}.jpg").touch()
    tracemalloc.start()
    try:
        assert carries_lists_only(root)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_carries_lists_only_by_names(stock) -> None:
    assert not carries_lists_only(stick(stock, note=b""))
    assert not carries_lists_only(stick(stock, BAG__x=b"", tuf__x=b""))
    assert carries_lists_only(stick(stock, TUF__x=b""))
    with pytest.raises(UnreadableError):
        carries_lists_only(stock.folder / ("x" * 300))


def test_judge_of_what_is_neither_is_as_before(stock, shared) -> None:
    with pytest.raises(NotOursError):
        look(stick(stock, note=b""), shared)
    with pytest.raises(HalfCopiedError):
        look(stick(stock, bag__x=b""), shared)


def test_read_notice_of_a_dying_disk_is_unreadable(stock, monkeypatch) -> None:
    def broken(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("appliance.intake.carrying.read_bounded", broken)
    with pytest.raises(UnreadableError):
        read_notice(stick(stock, withdrawals_json=b"x"))


def test_trap_withdrawal_masks_at_once_through_the_whole_intake_and_is_told_with_title(stock) -> None:
    stock.publisher.refresh(stock.drive(stock.publisher.folder / "work-national-2") / "tuf")
    with driven(stock.settings()) as box:
        box.drive("ready")
        assert box.until(lambda h: h.releases).withdrawn_at == ""
        phone = stock.folder / "media/phone"
        phone.mkdir()
        (phone / "withdrawals.json").write_bytes(notice(stock.publisher, "red-chamber"))
        holdings = box.until(lambda h: any(d.state == "told" for d in h.drives))
        assert [d.message.key for d in holdings.drives if d.state == "told"] == ["sync.withdrawn.file"]
        assert holdings.withdrawn == ("red-chamber",)
        assert holdings.withdrawals == (Withdrawn("red-chamber", "题名 red-chamber", "版权到期", "2026-11-22"),)
        at = holdings.withdrawn_at
        assert at
        (phone / "withdrawals.json").write_bytes(notice(stock.publisher, "red-chamber", undo=True))
        box.until(lambda h: h.withdrawn == ())
        shutil.rmtree(phone)
        assert box.until(lambda h: len(h.drives) == 1).withdrawn_at == at
    with driven(stock.settings()) as box:
        holdings = box.until(lambda h: h.releases)
        assert holdings.withdrawn == ()
        assert [(entry.id, entry.title) for entry in holdings.lifted] == [("red-chamber", "题名 red-chamber")]


def test_drive_whose_bag_is_still_being_copied_is_looked_at_again(stock) -> None:
    whole = stock.drive(stock.publisher.folder / "work-national-2", "shelf/one")
    with driven(stock.settings()) as box:
        shutil.copytree(whole / "tuf", stock.folder / "media/one/tuf")
        box.drive("told", "sync.list.taken")
        shutil.copytree(whole / "bag", stock.folder / "media/one/bag")
        box.drive("ready")


def test_drive_that_lost_its_bag_serves_nothing_and_its_lists_count(stock) -> None:
    """It cannot be told from a stick with lists; as soon as a bag appears it is judged as a drive."""
    drive = stock.drive(stock.publisher.folder / "work-national-2")
    shutil.rmtree(drive / "bag")
    with driven(stock.settings()) as box:
        assert not box.drive("told").serves
        (drive / "bag").mkdir()
        box.drive("refused", "half_copied")


def test_pipes_in_place_of_a_notice_do_not_block(stock, shared) -> None:
    folder = stick(stock, tuf__x=b"")
    os.mkfifo(folder / "withdrawals.json")
    assert look(folder, shared) == Message("sync.withdrawn.file.refused")
