"""Tests of appliance.intake.mounts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.intake.mounts import MAX_MOUNTS, Candidate, Mount, candidates, parse_mountinfo, read_mounts

LINE = "36 35 8:17 / /run/media/sdb1 ro,nosuid,nodev shared:1 master:2 - ext4 /dev/sdb1 ro"


def test_parse_mountinfo_reads_what_is_needed():
    assert parse_mountinfo(LINE) == {
        "/run/media/sdb1": Mount(36, "8:17", "/run/media/sdb1", read_only=True, kind="ext4", source="/dev/sdb1")
    }


def test_parse_mountinfo_without_optional_fields_and_with_escapes():
    found = parse_mountinfo(r"40 1 0:5 / /media/my\040disk\134 rw,noatime - vfat /dev/sd\011c rw")
    assert found["/media/my disk\\"].source == "/dev/sd\tc"
    assert not found["/media/my disk\\"].read_only


def test_parse_mountinfo_the_last_mount_of_a_folder_is_on_top():
    assert parse_mountinfo(LINE + "\n" + LINE.replace("36 ", "99 ", 1))["/run/media/sdb1"].mount_id == 99


@pytest.mark.parametrize("line", ["", "x", "36 35 8:17 / /m ro - ext4", "a 35 8:17 / /m ro - ext4 /dev/x rw", "1 2 3"])
def test_parse_mountinfo_senseless_line_is_left_out(line):
    assert list(parse_mountinfo(f"{line}\n{LINE}")) == ["/run/media/sdb1"]


@given(st.text(alphabet=" -\\0123456789/abc\n:", max_size=300))
def test_parse_mountinfo_never_fails(text):
    for folder, mount in parse_mountinfo(text).items():
        assert mount.folder == folder


def test_parse_mountinfo_is_bounded():
    text = "\n".join(f"{n} 1 0:1 / /m{n} rw - tmpfs none rw" for n in range(MAX_MOUNTS + 50))
    assert len(parse_mountinfo(text)) == MAX_MOUNTS


def test_read_mounts_of_this_machine_has_a_root():
    assert "/" in read_mounts()


def test_candidates_named_paths_mounted_children_and_plain_children(tmp_path):
    media = tmp_path / "media"
    for name in ("plain", ".hidden"):
        (media / name).mkdir(parents=True)
    (media / "file").write_bytes(b"")
    (media / "link").symlink_to(tmp_path)
    mounted = Mount(7, "8:1", f"{media}/mounted", read_only=True, kind="ext4", source="/dev/sda1")
    deep = Mount(8, "8:2", f"{media}/mounted/deep", read_only=True, kind="ext4", source="/dev/sda2")
    found = candidates([tmp_path / "one"], [media, tmp_path / "none"], {m.folder: m for m in (mounted, deep)})
    assert found == [
        Candidate(media / "mounted", mounted),
        Candidate(media / "plain", None),
        Candidate(tmp_path / "one", None),
    ]


def test_candidates_same_folder_named_twice_is_one(tmp_path):
    (tmp_path / "one").mkdir()
    assert [c.folder for c in candidates([tmp_path / "one"], [tmp_path], {})] == [tmp_path / "one"]


def test_candidates_relative_path_becomes_absolute():
    assert candidates([Path("one")], [], {})[0].folder.is_absolute()
