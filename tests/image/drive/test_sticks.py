"""Box and recovery files of a stick get into the inbox; nothing else does."""

from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from image.drive.sticks import MAX_BYTES, MAX_FILES, collect, forget, names


def test_box_and_recovery_files_are_copied(tmp_path):
    stick, inbox = tmp_path / "stick", tmp_path / "inbox"
    stick.mkdir()
    inbox.mkdir()
    (stick / "county-510726.box").write_bytes(b"{}")
    (stick / "CN-510726.recovery").write_bytes(b"{1}")
    (stick / "readme.txt").write_bytes(b"no")
    assert collect(stick, "sdb1", inbox) == 2
    assert {path.name: path.read_bytes() for path in inbox.iterdir()} == {
        "sdb1-county-510726.box": b"{}",
        "sdb1-CN-510726.recovery": b"{1}",
    }
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in inbox.iterdir())
    (inbox / "sdb11-other.box").write_bytes(b"{}")
    assert forget("sdb1", inbox) == 2
    assert [path.name for path in inbox.iterdir()] == ["sdb11-other.box"]


def test_links_pipes_folders_and_large_files_are_left(tmp_path):
    stick, inbox = tmp_path / "stick", tmp_path / "inbox"
    stick.mkdir()
    inbox.mkdir()
    secret = tmp_path / "shadow"
    secret.write_text("root")
    (stick / "link.box").symlink_to(secret)
    os.mkfifo(stick / "pipe.box")
    (stick / "folder.box").mkdir()
    (stick / "large.box").write_bytes(b"x" * (MAX_BYTES + 1))
    (stick / "right.box").write_bytes(b"x" * MAX_BYTES)
    assert collect(stick, "sdb1", inbox) == 1
    assert [path.name for path in inbox.iterdir()] == ["sdb1-right.box"]


def test_a_file_that_a_computer_called_otherwise_is_a_box_file_too(tmp_path):
    stick, inbox = tmp_path / "stick", tmp_path / "inbox"
    stick.mkdir()
    inbox.mkdir()
    others = ["county-510726 (1).box", "COUNTY~1.BOX", "青川县 副本.Box", "a\nb.box", "x" * 251 + ".box"]
    for n, name in enumerate(sorted(others)):
        (stick / name).write_bytes(b"%d" % n)
    (stick / os.fsdecode(b"\xff.box")).write_bytes(b"5")
    (stick / "right.box").write_bytes(b"right")
    (stick / "._county-510726.box").write_bytes(b"what a Mac leaves")
    (stick / "county-510726.box.txt").write_bytes(b"no")
    assert collect(stick, "sdb1", inbox) == 7
    assert {path.name: path.read_bytes() for path in inbox.iterdir()} == {
        "sdb1-right.box": b"right", **{f"sdb1-_{n + 1}.box": b"%d" % n for n in range(6)}
    }  # fmt: skip


def test_a_stick_that_has_gone_brings_nothing(tmp_path):
    assert collect(tmp_path / "gone", "sdb1", tmp_path) == 0


def test_sixteen_files_are_taken():
    assert len(names(f"{n}.box" for n in range(99))) == MAX_FILES


@given(st.lists(st.text(max_size=130)))
def test_a_name_never_leads_elsewhere(entries):
    for _, name in names([*entries, *(f"{entry}.box" for entry in entries)]):
        assert name.isascii()
        assert "/" not in name
        assert not name.startswith((".", "-"))
