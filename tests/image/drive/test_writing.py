"""Which sticks and disks are given for writing."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.drive.requests import COPY, FILES
from image.drive.writing import KINDS, MARK, MAX_NAMES, Seen, objection, options, ownership, see

OURS = os.getuid()


def laid(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir() if name.endswith("/") else path.write_bytes(b"")
    return see(folder)


def test_a_stick_of_the_staff_takes_files_and_no_copy(tmp_path):
    seen = laid(tmp_path, "照片.jpg", "reports/", "tuf/")
    assert objection(FILES, seen) == ""
    assert objection(COPY, seen) == "it is not empty"


@pytest.mark.parametrize("names", [(), ("lost+found/",), ("System Volume Information/",)])
def test_an_empty_disk_takes_both(tmp_path, names):
    seen = laid(tmp_path, *names)
    assert (objection(FILES, seen), objection(COPY, seen)) == ("", "")


@pytest.mark.parametrize("names", [("bag/",), ("BAG/", "tuf/"), ("2/bag/", "x"), (MARK,), ("bag",)])
def test_a_drive_takes_no_files(tmp_path, names):
    assert objection(FILES, laid(tmp_path, *names)) == "it is a drive"


@pytest.mark.parametrize("names", [("bag/", "tuf/"), ("1/bag/",), ("bag/", MARK, "photographs/")])
def test_a_copy_goes_over_nothing_that_is_there(tmp_path, names):
    assert objection(COPY, laid(tmp_path, *names)) == "it is not empty"


@pytest.mark.parametrize("names", [(MARK,), (MARK, "bag/"), (MARK, f"{MARK}.tmp~", "1/bag/", "2/", "lost+found/")])
def test_a_copy_that_was_broken_off_goes_on(tmp_path, names):
    assert objection(COPY, laid(tmp_path, *names)) == ""


def test_a_mark_that_is_a_link_is_none(tmp_path):
    (tmp_path / MARK).symlink_to("/etc/passwd")
    assert objection(COPY, see(tmp_path)) == "it is not empty"


def test_a_drive_on_another_partition_of_the_disk_forbids_it(tmp_path):
    drive = laid(tmp_path / "drive", "bag/", "tuf/")
    info = laid(tmp_path / "info", "readme.txt")
    assert objection(FILES, info, [drive]) == "a drive is on the same disk"
    assert objection(FILES, info, [info]) == ""


def test_a_disk_with_too_many_names_is_not_looked_through():
    seen = Seen(frozenset(str(n) for n in range(MAX_NAMES)), marked=False, drive=False, owner=0, mode=0o755)
    assert objection(FILES, seen)


def test_the_top_folder_is_taken_only_when_it_is_empty(tmp_path):
    empty = laid(tmp_path / "empty", "lost+found/")
    full = laid(tmp_path / "full", "x")
    assert ownership("ext4", empty, OURS + 1) == "take"
    assert ownership("ext4", full, OURS + 1) == "never"
    assert ownership("ext4", full, OURS) == "nothing"
    assert ownership("exfat", full, OURS + 1) == "nothing"
    (tmp_path / "empty").chmod(0o500)
    assert ownership("ext4", see(tmp_path / "empty"), OURS + 1) == "never"


@given(st.sampled_from(sorted(KINDS)), st.integers(1, 9999), st.integers(1, 9999))
def test_nothing_that_is_written_can_be_run(kind, user, group):
    given_options = options(kind, user, group).split(",")
    assert {"rw", "nosuid", "nodev", "noexec"} <= set(given_options)
    assert not {"suid", "dev", "exec", "ro"} & set(given_options)
    assert (f"uid={user}" in given_options and "umask=0077" in given_options) == (kind != "ext4")
