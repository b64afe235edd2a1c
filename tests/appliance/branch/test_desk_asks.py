"""A copy goes onto a disk that is mounted for reading only: the desk asks for it, keeps it, and gives it back."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from appliance.box import writable
from appliance.branch import desk
from appliance.branch.desk import BranchDesk
from appliance.clock import RealClock
from appliance.settings import Settings
from appliance.store.holdings import HeldDrive, Holdings, Message, write_holdings
from packager.format.files import RealFiles
from tests.image.drive.lending import Machine

FILES = RealFiles()


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(writable, "WAIT_SECONDS", 5.0)
    machine = Machine(tmp_path, monkeypatch)
    with machine.following():
        yield machine


def copy(root, top, monkeypatch, made):
    """What is said of a copy that `made` makes."""
    settings = Settings(
        data_folder=root.base / "data", root_file=root.base / "root.json", box_folder=root.base, event_spool=root.spool
    )
    settings.data_folder.mkdir()
    drive = HeldDrive("k", str(top), "", "refused", Message("intake.refused.blank"))
    write_holdings(settings.holdings_file, Holdings(drives=(drive,)), FILES)
    monkeypatch.setattr(desk, "branch_copy", made)
    said = []
    branch = BranchDesk(settings, RealClock(), FILES, SimpleNamespace(say_of_branch=said.append), b"")
    branch.command({"do": "branch-copy", "drive": "k"})
    branch.wait(60)
    return said[-1].key


def test_a_copy_has_its_disk_until_it_is_whole(root, monkeypatch):
    top = root.plug()

    def made(_settings, _files, _root, target, *, progress, **_):
        progress(1, 2)
        assert root.event().writable
        (target / "bag").mkdir()

    assert copy(root, top, monkeypatch, made) == "branch.copied"
    assert root.asked[-1] == "mount ro sdb1"
    assert not root.event().writable


def test_a_copy_that_breaks_off_gives_it_back(root, monkeypatch):
    def made(*_, **__):
        raise OSError

    assert copy(root, root.plug(), monkeypatch, made) == "branch.not_copied"
    assert root.asked[-1] == "mount ro sdb1"


def test_a_disk_that_cannot_be_written_is_said(root, monkeypatch):
    root.fails.add("rw")
    assert copy(root, root.plug(), monkeypatch, lambda *_, **__: pytest.fail("it was given")) == "branch.read_only"


def test_a_disk_with_something_on_it_is_not_given(root, monkeypatch):
    top = root.plug()
    (top / "photographs").mkdir()
    assert copy(root, top, monkeypatch, lambda *_, **__: pytest.fail("it was given")) == "branch.read_only"
    assert root.asked == []
