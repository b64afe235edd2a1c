"""Images: what is in them, that they are the same every time, and that they are refused when they should be."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from packager.cli import DONE, NOT_DONE, main
from packager.errors import BuildSpaceError, DriveError
from packager.format.bag import write_bag
from packager.format.files import RealFiles
from packager.format.items import read_items
from packager.format.layout import DriveLayout
from packager.format.release import Disk, Release, canonical_json
from packager.production import geometry, programs
from packager.production.contents import contents
from packager.production.errors import ImageError, ProgramError
from packager.production.ext4 import Ext4
from packager.production.facts import ImageFacts, facts_path, read_facts
from packager.production.geometry import BLOCK, Demand, demand, ext4_size
from packager.production.image import make_image
from packager.production.options import parse_size
from packager.recompute import check_release
from provisioning.disks.gpt import read_table
from tests.packager.production.conftest import MIB, SMALL, need_programs


def held(work):
    return contents(work, Release.from_bytes((work / "release.json").read_bytes()), None).entries()


def ext4_of(image, facts):
    return Ext4(image, facts.geometry.ext4_at, facts.geometry.ext4_size, 0)


def pread(image):
    return lambda at, length: image.read_bytes()[at : at + length]


def test_image_holds_every_file_and_nothing_else(made, signed):
    image, facts = made
    listed = programs.run("debugfs", ["-R", "ls -p /", f"{image}?offset={facts.geometry.ext4_at}"], 0)
    assert {line.split("/")[5] for line in listed.splitlines() if line} == {".", "..", "bag", "tuf", "lost+found"}
    seen = []
    ext4_of(image, facts).compare(held(signed), seen.append)
    assert len(seen) == sum(1 for part in ("bag", "tuf") for p in (signed / part).rglob("*") if p.is_file())


def test_image_is_sound_sparse_and_divided_as_said(made):
    image, facts = made
    ext4_of(image, facts).check()
    assert image.stat().st_size == facts.size
    assert image.stat().st_blocks * 512 < 8 * MIB
    name = read_table(pread(image), facts.size)
    assert [p.name for p in name.partitions] == ["SHUXIANG-INFO", "SHUXIANG"]
    assert (name.partitions[1].first, name.partitions[1].size) == (facts.geometry.ext4_at, facts.geometry.ext4_size)
    assert hashlib.sha256(image.read_bytes()).hexdigest() == facts.sha256
    features = programs.run("dumpe2fs", ["-h", f"{image}?offset={facts.geometry.ext4_at}"], 0)
    assert "has_journal" not in features
    assert "Reserved block count:     0" in features


def test_segments_left_out_are_those_that_nothing_uses(made):
    image, facts = made
    content = image.read_bytes()
    left_out = [s for s in facts.segments() if s.sha256 is None]
    assert 0 < len(left_out) < len(facts.segments())
    assert all(content[s.at : s.at + s.size].count(0) == s.size for s in left_out)
    free = list(ext4_of(image, facts).free_ranges())
    for segment in facts.segments():
        at = segment.at - facts.geometry.ext4_at
        inside = any(first <= at and at + segment.size <= end for first, end in joined(free))
        assert inside == (segment.sha256 is None)
        if segment.sha256:
            assert hashlib.sha256(content[segment.at : segment.at + segment.size]).hexdigest() == segment.sha256
    assert facts.used == sum(s.size for s in facts.segments() if s.sha256)


def test_zeros_that_the_file_system_uses_are_never_left_out(made, signed, tmp_path):
    """By blocks: empty parts of inode tables are zero, holes in the image file, and needed."""
    facts = make_image(signed, tmp_path / "fine.img", dataclasses.replace(SMALL, segment=BLOCK), RealFiles())
    assert facts.sha256 == made[1].sha256
    free = joined(ext4_of(tmp_path / "fine.img", facts).free_ranges())
    zeros = hashlib.sha256(bytes(BLOCK)).hexdigest()
    assert [s for s in facts.segments() if s.sha256 == zeros]
    for segment in facts.segments():
        at = segment.at - facts.geometry.ext4_at
        assert any(first <= at < end for first, end in free) == (segment.sha256 is None)


def joined(ranges):
    out = []
    for first, end in ranges:
        if out and out[-1][1] == first:
            out[-1] = (out[-1][0], end)
        else:
            out.append((first, end))
    return out


def test_same_work_gives_the_same_bytes_whatever_the_clock_the_modes_and_the_order(made, work, tmp_path):
    image, facts = made
    time.sleep(1.1)
    for path in work.rglob("*"):
        os.utime(path, (1, 1))
        if path.is_file():
            path.chmod(0o600)
    (work / "bag/data/stranger").write_bytes(b"not in any list")
    again = make_image(work, tmp_path / "again.img", SMALL, RealFiles())
    assert again == facts
    assert (tmp_path / "again.img").read_bytes() == image.read_bytes()


def test_readme_is_what_a_pc_shows(made):
    image = made[0]
    small = programs.run("mcopy", ["-i", f"{image}@@{geometry.FAT_AT}", "::README.txt", "-"], 0)
    assert small.startswith("\ufeff书箱　资源硬盘\r\n")
    assert "电脑提示格式化时，请选“取消”" in small
    assert "choose “Cancel”" in small
    assert "2026年11月版" in small
    assert '"bundle":"national"' in programs.run(
        "mcopy", ["-i", f"{image}@@{geometry.FAT_AT}", "::shuxiang-info.json", "-"], 0
    )
    boot = image.read_bytes()[geometry.FAT_AT : geometry.FAT_AT + 512]
    assert boot[82:90] == b"FAT32   "
    assert boot[510:] == b"\x55\xaa"


def test_facts_are_read_back_and_damage_is_noticed(made, tmp_path):
    image, facts = made
    assert read_facts(image) == facts
    data = facts_path(image).read_bytes()
    with pytest.raises(ImageError):
        ImageFacts.from_bytes(data.replace(b'"size":', b'"size": '))
    with pytest.raises(ImageError):
        ImageFacts.from_bytes(data.replace(b"shuxiang-image-1", b"shuxiang-image-9"))
    for old, new in (
        ('"segment":', '"segment":0,"x":'),
        ('"disk":1', '"disk":0'),
        ('"ext4_uuid":"', '"ext4_uuid":5,"x":"'),
    ):
        document = json.loads(data.decode().replace(old, new, 1))
        document.pop("x", None)
        with pytest.raises(ImageError):
            ImageFacts.from_bytes(canonical_json(document))
    short = tmp_path / "short.img"
    short.write_bytes(b"x")
    facts_path(short).write_bytes(data)
    with pytest.raises(ImageError, match="1 bytes"):
        read_facts(short)
    with pytest.raises(ImageError, match="not beside") as missing:
        read_facts(tmp_path / "none.img")
    assert missing.value.sentence == "desk.image.missing"


def test_damaged_file_in_the_image_is_found(made, signed, tmp_path):
    image, facts = made
    content = bytearray(image.read_bytes())
    at = content.index("满纸荒唐言".encode())
    content[at] ^= 1
    spoiled = tmp_path / "spoiled.img"
    spoiled.write_bytes(content)
    with pytest.raises(ImageError, match="other bytes"):
        ext4_of(spoiled, facts).compare(held(signed), lambda _: None)


def test_damaged_inode_is_found_by_e2fsck(made, tmp_path):
    image, facts = made
    spoiled = tmp_path / "spoiled.img"
    spoiled.write_bytes(image.read_bytes())
    device = f"{spoiled}?offset={facts.geometry.ext4_at}"
    programs.run("debugfs", ["-w", "-R", "set_inode_field /bag links_count 99", device], 0)
    with pytest.raises(ProgramError, match="e2fsck"):
        ext4_of(spoiled, facts).check()


def test_payload_spoiled_in_the_work_folder_gives_no_image(work, tmp_path):
    victim = max((p for p in (work / "bag/data").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[100] ^= 1
    victim.write_bytes(content)
    with pytest.raises(ImageError, match="other bytes"):
        make_image(work, tmp_path / "out/drive.img", SMALL, RealFiles())
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("how", ["shorter", "missing"])
def test_payload_cut_short_or_missing_gives_no_image(work, tmp_path, how):
    victim = max((p for p in (work / "bag/data").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    victim.write_bytes(victim.read_bytes()[:-1]) if how == "shorter" else victim.unlink()
    with pytest.raises((ImageError, ProgramError, OSError)):
        make_image(work, tmp_path / "drive.img", SMALL, RealFiles())
    assert not (tmp_path / "drive.img").exists()


def test_file_that_appears_twice_or_grows_is_found(work, tmp_path):
    victim = next(p for p in (work / "bag/data").rglob("*") if p.is_file() and p.stat().st_size > 5)
    victim.write_bytes(victim.read_bytes() + b"more")
    with pytest.raises(ImageError):
        make_image(work, tmp_path / "drive.img", SMALL, RealFiles())


def test_unsigned_work_another_disk_and_too_small_a_model_are_refused(work, tmp_path):
    with pytest.raises(DriveError, match="no drive 2 of 1"):
        make_image(work, tmp_path / "a.img", dataclasses.replace(SMALL, disk=2), RealFiles())
    with pytest.raises(ImageError) as refused:
        make_image(work, tmp_path / "a.img", dataclasses.replace(SMALL, capacity=40 * MIB), RealFiles())
    assert refused.value.sentence == "desk.drive.small"
    for path in (work / "tuf/targets").rglob("*.json"):
        path.unlink()
    with pytest.raises(DriveError) as unsigned:
        make_image(work, tmp_path / "a.img", SMALL, RealFiles())
    assert unsigned.value.sentence == "desk.drive.not_signed"


def test_image_named_by_a_relative_path_is_the_same(made, signed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert make_image(signed, Path("drive.img"), SMALL, RealFiles()) == made[1]


def test_each_drive_of_a_set_holds_its_own_lists_and_its_part_of_the_payload(work, tmp_path, monkeypatch):
    release = Release.from_bytes((work / "release.json").read_bytes())
    layout, disks = DriveLayout(work), []
    items = list(read_items(layout.items))
    for n in (1, 2):
        part = items[n - 1 :: 2]
        bag = write_bag(
            layout, part, bundle="national", seq=1, issued=release.issued, files=RealFiles(), disk=n, disks=2
        )  # fmt: skip
        disks.append(Disk(n, bag.tagmanifest, bag.bytes))
        (work / f"disks/{n}").mkdir(parents=True)
        for name in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"):
            (layout.bag / name).rename(work / f"disks/{n}/{name}")
    of_two = dataclasses.replace(release, disks=tuple(disks))
    monkeypatch.setattr("packager.production.image.signed_release", lambda _: of_two)
    with pytest.raises(DriveError) as unnamed:
        make_image(work, tmp_path / "a.img", SMALL, RealFiles())
    assert unnamed.value.sentence == "desk.drive.which"
    for n in (1, 2):
        image = tmp_path / f"{n}.img"
        facts = make_image(work, image, dataclasses.replace(SMALL, disk=n), RealFiles())
        assert facts.disk == disks[n - 1]
        shown = programs.run("debugfs", ["-R", "cat /bag/manifest-sha256.txt", f"{image}?offset={SMALL.ext4_at}"], 0)
        assert [line.split("  ")[1] for line in shown.splitlines()] == [item.path for item in items[n - 1 :: 2]]
    with pytest.raises(DriveError, match="no drive 3 of 2"):
        make_image(work, tmp_path / "a.img", dataclasses.replace(SMALL, disk=3), RealFiles())


def test_full_disk_is_told_before_anything_is_written(signed, tmp_path):
    class Full(RealFiles):
        def free_space(self, folder):
            return 1000

    with pytest.raises(BuildSpaceError) as full:
        make_image(signed, tmp_path / "out/drive.img", SMALL, Full())
    assert full.value.missing > MIB
    assert list((tmp_path / "out").iterdir()) == []


def test_missing_program_is_named_with_its_package(monkeypatch):
    monkeypatch.setattr(programs.shutil, "which", lambda *_, **__: None)
    with pytest.raises(ProgramError) as missing:
        programs.find("mformat")
    assert missing.value.params == {"word": "mtools"}


def test_command_makes_an_image_and_says_the_number(made, signed, tmp_path, capsys):
    image = tmp_path / "drive.img"
    assert main(["image", str(signed), str(image), "--phone", "028-0000000"]) == DONE
    said = capsys.readouterr().out
    assert "映像已做好：3 种" in said
    assert Release.from_bytes((signed / "release.json").read_bytes()).number in said
    assert "下一步：写入硬盘" in said
    assert read_facts(image).geometry.ext4_at == 64 * MIB
    assert main(["image", str(signed), str(image), "--size", "60MB"]) == NOT_DONE
    assert "容量不够" in capsys.readouterr().err


@pytest.mark.root
def test_second_check_the_kernel_mounts_it_and_every_file_is_right(made, signed, tmp_path):
    image, facts = made
    mount = tmp_path / "mount"
    mount.mkdir()
    options = f"loop,ro,nosuid,nodev,noexec,noload,offset={facts.geometry.ext4_at},sizelimit={facts.geometry.ext4_size}"
    mounted = subprocess.run(
        ["mount", "-t", "ext4", "-o", options, str(image), str(mount)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this machine mounts no loop devices: {mounted.stderr.decode()}")
    try:
        release = Release.from_bytes((signed / "release.json").read_bytes())
        assert check_release(mount, release, full=True) == release.number
        for entry in held(signed):
            path = mount / entry.path
            assert hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256
            assert path.stat().st_mode & 0o777 == 0o644
    finally:
        subprocess.run(["umount", str(mount)], check=True)


# — arithmetic —


def test_demand_counts_folders_once_and_lists_by_their_names():
    files = [("bag/data/ab/x.pdf", 5000), ("bag/data/ab/y.pdf", 1), ("bag/data/ac/z", 0), ("tuf/a.json", 4096)]
    wanted = demand(files)
    assert (wanted.files, wanted.folders) == (4, 5)
    assert wanted.blocks == 2 + 1 + 0 + 1 + 6  # contents, and a list for the root and each folder
    assert demand([(f"d/{n:020}", 1) for n in range(1000)]).blocks > 1000 + 8


@pytest.mark.parametrize(
    "wanted",
    [
        Demand(3, 2, 10),
        Demand(70_000, 40_000, 2_000_000),
        pytest.param(Demand(1_000_000, 1_030, 900_000_000), marks=pytest.mark.slow),
        pytest.param(Demand(20, 9, 900_000_000), marks=pytest.mark.slow),
    ],
    ids=["tiny", "many small", "a million", "few large"],
)
def test_releases_fit_what_is_reckoned(wanted, tmp_path):
    """mke2fs has the last word: what is left after its own tables takes the contents, and hardly more."""
    need_programs()
    size = ext4_size(wanted)
    image = tmp_path / "large.img"
    with image.open("wb") as out:
        out.truncate(size)
    ext4 = Ext4(image, 0, size, 0)
    ext4.make("5b1c3c4e-6f0e-5c39-8d57-8f1a3b0e9d10", "5b1c3c4e-6f0e-5c39-8d57-8f1a3b0e9d11", wanted)
    lines = programs.run("dumpe2fs", ["-h", str(image)], 0).splitlines()
    said = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    assert int(said["Free blocks"]) >= wanted.blocks
    assert int(said["Free inodes"]) >= wanted.files + wanted.folders
    assert (size // BLOCK - wanted.blocks) * BLOCK < size * 0.002 + 40 * MIB
    image.unlink()


def test_size_of_the_smallest_model_is_one_size():
    assert (parse_size("4TB"), parse_size("64MiB"), parse_size("512")) == (4 * 10**12, 64 << 20, 512)
    for text in ("4TB,2TB", "", "0"):
        with pytest.raises(ValueError, match=r".*"):
            parse_size(text)
