"""Which physical medium a drive is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from appliance.upkeep.medium import MARK, medium_of


def test_two_folders_are_two_media_and_one_keeps_its_name_wherever_it_is_moved(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    shutil.copytree(one, two)
    before = medium_of(one, tmp_path)
    assert before.startswith(MARK)
    assert before != medium_of(two, tmp_path)
    one.rename(tmp_path / "elsewhere")
    assert medium_of(tmp_path / "elsewhere", tmp_path) == before


def test_clones_are_told_apart_by_the_serial_number_of_their_disks(tmp_path):
    about = tmp_path.stat()
    record = tmp_path / f"b{os.major(about.st_dev)}:{os.minor(about.st_dev)}"
    names = []
    for serial in ("WD-1", "WD-2", "WD-1"):
        record.write_text(f"S:disk/by-uuid/same\nE:ID_FS_UUID=same\nE:ID_SERIAL_SHORT={serial}\nE:ID_BUS=usb\n")
        names.append(medium_of(tmp_path, tmp_path))
    assert names[0] == names[2] != names[1]


def test_what_is_mounted_from_a_disk_without_serial_number_cannot_be_known_again(tmp_path, monkeypatch):
    real = Path.stat

    def stat(path, **options):
        found = real(path, **options)
        return os.stat_result((*found[:2], found.st_dev + 1, *found[3:10])) if path == tmp_path.parent else found

    monkeypatch.setattr(Path, "stat", stat)
    assert medium_of(tmp_path, tmp_path) == ""
