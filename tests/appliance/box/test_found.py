"""What is looked at of the files that sticks brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.box.found import BOX, MAX_BOX, MAX_FILES, find

if TYPE_CHECKING:
    from pathlib import Path


def test_a_stick_full_of_files_hides_no_other_stick(tmp_path: Path) -> None:
    for partition in ("sdb1", "sdb2", "sdb3"):
        for n in range(16):
            (tmp_path / f"{partition}-{n:02}.box").write_bytes(b"x")
    (tmp_path / "sdc1-county-510726.box").write_bytes(b"the right one")
    found = find(tmp_path, BOX, MAX_BOX)
    assert len(found) == MAX_FILES
    assert [one.content for one in found if one.name.startswith("sdc1-")] == [b"the right one"]


def test_files_of_one_folder_come_by_name(tmp_path: Path) -> None:
    for name in ("county-9.box", "county-10.box", "other.BOX"):
        (tmp_path / name).write_bytes(b"x")
    assert [one.name for one in find(tmp_path, BOX, MAX_BOX)] == ["county-10.box", "other.BOX", "county-9.box"]
