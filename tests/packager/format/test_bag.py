"""Writing a bag that the standard's own tools accept."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import bagit
import pytest

from packager.format.bag import write_bag
from packager.format.errors import FormatError, LayoutError
from packager.format.files import RealFiles
from packager.format.items import read_items
from packager.format.layout import DriveLayout
from packager.format.manifest import parse_tagmanifest
from tests.simulator import SMALL, build_work

FILES = RealFiles()


def build(folder: Path, sources=SMALL, meta=None):
    return build_work(
        folder, sources, bundle="national", seq=3, issued="2026-11-22", edition="2026.11", requires=("chunks-v1",),
        meta=meta or {}, supersedes=2, files=FILES,
    )  # fmt: skip


def test_write_bag_is_valid_for_bagit_and_sha256sum(tmp_path: Path) -> None:
    release = build(tmp_path, meta={"catalogue.db": b"db", "search/_MAIN_1.toc": b"toc"})
    layout = DriveLayout(tmp_path)
    bag = bagit.Bag(str(layout.bag))
    bag.validate()
    assert bag.info["Bag-Count"] == "1 of 1"
    assert bag.info["Bag-Group-Identifier"] == "national-3"
    assert bag.info["Bagging-Date"] == "2026-11-22"
    assert bag.info["Payload-Oxum"] == f"{release.disks[0].bytes}.4"
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", manifest], cwd=layout.bag, check=True)
    assert release.disks[0].tagmanifest == hashlib.sha256(layout.tagmanifest.read_bytes()).hexdigest()
    assert sorted(parse_tagmanifest(layout.tagmanifest.read_bytes())) == [
        "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "meta/catalogue.db", "meta/catalogue.jsonl",
        "meta/chunks.bin", "meta/items.txt", "meta/search/_MAIN_1.toc",
    ]  # fmt: skip


def test_write_bag_same_input_gives_same_bytes(tmp_path: Path) -> None:
    assert build(tmp_path / "a") == build(tmp_path / "b")
    for path in sorted((tmp_path / "a").rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes()


def test_write_bag_without_payload_is_valid(tmp_path: Path) -> None:
    build(tmp_path, {"entry": ("只有目录", {})})
    bagit.Bag(str(tmp_path / "bag")).validate()


def again(layout: DriveLayout, lines=None, **options):
    lines = list(read_items(layout.items)) if lines is None else lines
    return write_bag(layout, lines, bundle="n", seq=1, issued="2026-11-22", files=FILES, **options)


def test_write_bag_reports_bytes_of_meta(tmp_path: Path) -> None:
    build(tmp_path)
    layout = DriveLayout(tmp_path)
    steps: list[int] = []
    bag = again(layout, progress=steps.append, disk=1, disks=2)
    assert sum(steps) == sum(path.stat().st_size for path in layout.meta.iterdir())
    assert bag.count == 4
    assert b"Bag-Count: 1 of 2\n" in layout.bag_info.read_bytes()


def test_write_bag_part_of_the_items_is_one_drive_of_a_set(tmp_path: Path) -> None:
    build(tmp_path)
    layout = DriveLayout(tmp_path)
    lines = list(read_items(layout.items))
    bag = again(layout, lines[:2], disk=1, disks=2)
    assert (bag.count, bag.bytes) == (2, sum(line.size for line in lines[:2]))


def test_write_bag_unsorted_items_are_refused(tmp_path: Path) -> None:
    build(tmp_path)
    layout = DriveLayout(tmp_path)
    with pytest.raises(FormatError):
        again(layout, list(read_items(layout.items))[::-1])


def test_write_bag_without_truth_is_refused(tmp_path: Path) -> None:
    build(tmp_path)
    layout = DriveLayout(tmp_path)
    layout.chunks.unlink()
    with pytest.raises(FormatError, match=r"chunks\.bin"):
        again(layout)


def test_write_bag_link_or_odd_name_in_meta_is_refused(tmp_path: Path) -> None:
    build(tmp_path)
    layout = DriveLayout(tmp_path)
    (layout.meta / "linked").symlink_to("items.txt")
    with pytest.raises(LayoutError):
        again(layout)
    (layout.meta / "linked").unlink()
    (layout.meta / "带字").write_bytes(b"")
    with pytest.raises(LayoutError):
        again(layout)
