"""Tests of appliance.intake.trusting."""

from __future__ import annotations

import os
import shutil
import threading

import pytest

from appliance.intake import trusting as module
from appliance.intake.trusting import SharedTrust, Stopped, copy_metadata, trust
from packager.format.errors import BlankError, ListChangedError, UnreadableError
from tests.appliance.stock import Stock


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    stock = Stock(tmp_path_factory.mktemp("made"))
    return stock, stock.drive(stock.work())


@pytest.fixture
def drive(made, tmp_path):
    return shutil.copytree(made[1], tmp_path / "drive")


def names(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_trust_good_drive_is_admitted_by_a_copy_of_its_metadata(made, drive, tmp_path):
    stock, _ = made
    shared = SharedTrust(stock.publisher.box(tmp_path / "state"))
    asked = []

    def judge(tuf, tagmanifest):
        asked.append(tuf)
        return shared.judge(tuf, tagmanifest)

    (tmp_path / "scratch").mkdir()
    admission = trust(drive, tmp_path / "scratch", judge, threading.Event())
    assert admission.release.seq == 1
    assert asked == [tmp_path / "scratch/tuf"]
    assert names(tmp_path / "scratch/tuf") == names(drive / "tuf")
    assert admission.disk.tagmanifest in shared.listed()


def test_trust_blank_drive_is_refused_before_anything_is_copied(tmp_path):
    (tmp_path / "drive").mkdir()
    with pytest.raises(BlankError):
        trust(tmp_path / "drive", tmp_path, lambda *_: None, threading.Event())


def test_copy_metadata_leaves_everything_else_on_the_drive(drive, tmp_path):
    (drive / "tuf/targets/deltas").mkdir()
    (drive / "tuf/targets/deltas/pack.bin").write_bytes(b"x")
    (drive / "tuf/note.txt").write_bytes(b"x")
    copy_metadata(drive, tmp_path / "s", threading.Event())
    assert not [n for n in names(tmp_path / "s/tuf") if "pack" in n or "note" in n]


def test_copy_metadata_nothing_there_makes_an_empty_folder(tmp_path):
    (tmp_path / "drive").mkdir()
    (tmp_path / "s").mkdir()
    copy_metadata(tmp_path / "drive", tmp_path / "s", threading.Event())
    assert (tmp_path / "s/tuf").is_dir()


@pytest.mark.parametrize("place", ["tuf/metadata/timestamp.json", "tuf/metadata", "tuf/targets/releases"])
def test_copy_metadata_link_is_refused(drive, tmp_path, place):
    (drive / place).rename(tmp_path / "elsewhere")
    (drive / place).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ListChangedError):
        copy_metadata(drive, tmp_path / "s", threading.Event())


def test_copy_metadata_pipe_is_refused_and_does_not_block(drive, tmp_path):
    (drive / "tuf/metadata/timestamp.json").unlink()
    os.mkfifo(drive / "tuf/metadata/timestamp.json")
    with pytest.raises(ListChangedError):
        copy_metadata(drive, tmp_path / "s", threading.Event())


def test_copy_metadata_is_bounded_in_bytes_and_files(drive, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_METADATA", 2000)
    with pytest.raises(ListChangedError, match="too much"):
        copy_metadata(drive, tmp_path / "s", threading.Event())
    monkeypatch.undo()
    monkeypatch.setattr(module, "MAX_FILES", 3)
    with pytest.raises(ListChangedError, match="too much"):
        copy_metadata(drive, tmp_path / "s2", threading.Event())


def test_copy_metadata_is_bounded_in_depth(drive, tmp_path):
    deep = drive / "tuf/targets/releases/a/b/c/d/e"
    deep.mkdir(parents=True)
    (deep / "x.json").write_bytes(b"x")
    copy_metadata(drive, tmp_path / "s", threading.Event())
    assert not [n for n in names(tmp_path / "s") if "x.json" in n]


def test_copy_metadata_broken_off(drive, tmp_path):
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        copy_metadata(drive, tmp_path / "s", stop)


@pytest.mark.parametrize("what", ["scandir", "open_nofollow"])
def test_copy_metadata_disk_that_does_not_answer_is_unreadable(drive, tmp_path, monkeypatch, what):
    def broken(*_args, **_kwargs):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module.os if what == "scandir" else module, what, broken)
    with pytest.raises(UnreadableError):
        copy_metadata(drive, tmp_path / "s", threading.Event())
