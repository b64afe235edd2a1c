"""Sticks and drives for the run are what a shop sells, made without mounting."""

from __future__ import annotations

import pytest

from image.smoke.errors import MachineError
from image.smoke.media import MIB, empty_disk, run, spoiled, stick, there


@pytest.mark.skipif(not there("mkfs.vfat", "mcopy", "sfdisk"), reason="no mtools, dosfstools or sfdisk")
def test_stick_holds_its_files(tmp_path):
    path = stick(tmp_path / "stick.img", {"county-510726.box": b"{}", "读我.txt": b"x"})
    assert run("mtype", "-i", f"{path}@@1M", "::county-510726.box") == b"{}"
    assert path.read_bytes()[510:512] == b"\x55\xaa"


@pytest.mark.skipif(not there("mke2fs", "sfdisk"), reason="no e2fsprogs or sfdisk")
def test_empty_disk_has_a_file_system(tmp_path):
    content = empty_disk(tmp_path / "disk.img", "ext4").read_bytes()
    assert content[MIB + 1080 : MIB + 1082] == b"\x53\xef"


def test_spoiled_copy_differs_in_those_bytes_only(tmp_path):
    drive = tmp_path / "drive.img"
    content = b"\1" * (16 * MIB - 2) + b"needle" + b"\2" * 100
    drive.write_bytes(content)
    spoilt = spoiled(tmp_path / "spoilt.img", drive, b"needle", b"NEEDLE")
    assert spoilt.read_bytes() == content.replace(b"needle", b"NEEDLE")
    assert drive.read_bytes() == content
    with pytest.raises(MachineError):
        spoiled(tmp_path / "none.img", drive, b"nothing", b"NOTHING")
