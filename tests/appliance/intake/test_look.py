"""Tests of appliance.intake.look."""

from __future__ import annotations

import os

import pytest

from appliance.intake import look
from appliance.intake.look import glance, tag_facts
from appliance.intake.mounts import Candidate, Mount

MOUNT = Mount(7, "8:17", "/x", read_only=True, kind="ext4", source="/dev/sdb1")


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "drive"
    for name in ("bag/meta/search", "tuf/metadata", "bag/data/aa"):
        (root / name).mkdir(parents=True)
    for name in ("bag/bagit.txt", "bag/meta/items.txt", "bag/meta/search/toc.json", "tuf/metadata/1.root.json"):
        (root / name).write_bytes(b"x")
    return root


def mark(folder, mount=None, watched=()):
    found = glance(Candidate(folder, mount), watched)
    assert found.there
    return found.mark


def test_glance_missing_folder_or_file_in_its_place_is_not_there(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for name in ("none", "file"):
        found = glance(Candidate(tmp_path / name, None))
        assert (found.there, found.empty) == (False, False)


def test_glance_plain_empty_folder_is_empty_a_mounted_one_is_there(tmp_path):
    (tmp_path / "lost+found").mkdir()
    found = glance(Candidate(tmp_path, None))
    assert (found.there, found.empty) == (False, True)
    assert glance(Candidate(tmp_path, MOUNT)).there


def test_glance_papers_of_a_disk_are_no_drive_but_never_hide_one(tmp_path):
    for name in ("README.txt", "serial.txt", "shuxiang-info.json"):
        (tmp_path / name).write_text("x")
    assert not glance(Candidate(tmp_path, MOUNT)).there
    assert not glance(Candidate(tmp_path, None)).empty
    (tmp_path / "bag").mkdir()
    assert glance(Candidate(tmp_path, MOUNT)).there


def test_glance_unreadable_mount_is_there_with_a_mark_of_its_own(tmp_path, monkeypatch):
    def broken(_folder):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(look, "_names", broken)
    assert mark(tmp_path, MOUNT) == "7 8:17 errno 5"
    assert not glance(Candidate(tmp_path, None)).there


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "new").mkdir(),
        lambda root: (root / "bag/bagit.txt").write_bytes(b"xy"),
        lambda root: os.utime(root / "bag/meta/items.txt", (1, 1)),
        lambda root: (root / "bag/meta/search/toc.json").unlink(),
        lambda root: (root / "tuf/metadata/2.root.json").write_bytes(b""),
        lambda root: (root / "bag/meta/items.txt").unlink() or (root / "bag/meta/items.txt").symlink_to("/etc/passwd"),
        lambda root: (root / "bag").rename(root / "bag2"),
    ],
)
def test_glance_mark_changes_with_what_matters(folder, change):
    before = mark(folder)
    assert mark(folder) == before
    change(folder)
    assert mark(folder) != before


def test_glance_mark_changes_with_the_mount_and_with_watched_files(folder):
    plain = mark(folder)
    assert mark(folder, MOUNT) != plain
    watched = ("data/aa/x.txt",)
    before = mark(folder, None, watched)
    (folder / "bag/data/aa/aa").mkdir()
    assert mark(folder, None, watched) == before
    (folder / "bag/data/aa/x.txt").write_bytes(b"")
    assert mark(folder, None, watched) != before


def test_glance_reads_a_bounded_number_of_names(tmp_path, monkeypatch):
    monkeypatch.setattr(look, "MAX_NAMES", 5)
    for n in range(9):
        (tmp_path / str(n)).mkdir()
    assert len(look._names(tmp_path)) == 5


def test_tag_facts_are_of_the_content_not_of_the_place(folder, tmp_path):
    before = tag_facts(folder)
    moved = folder.rename(tmp_path / "elsewhere")
    assert tag_facts(moved) == before
    (moved / "bag/bagit.txt").write_bytes(b"changed")
    assert tag_facts(moved) != before


def test_tag_facts_file_that_vanishes_while_looked_at_is_no_error(folder, monkeypatch):
    names = look._names
    monkeypatch.setattr(look, "_names", lambda f: [*names(f), "gone"])
    assert tag_facts(folder)
