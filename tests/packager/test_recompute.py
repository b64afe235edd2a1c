"""What each signer computes again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from packager.errors import NumberDiffersError
from packager.format.layout import CHUNK, DriveLayout
from packager.format.manifest import ManifestLine
from packager.format.release import Accelerator, Digest, Release
from packager.recompute import check_release, compute_truth
from tests.simulator import SMALL, FastFiles, build_work, flip


@pytest.fixture
def built(tmp_path: Path) -> tuple[Path, Release]:
    release = build_work(
        tmp_path / "work", SMALL, bundle="national", seq=1, issued="2026-11-22", edition="2026.11",
        requires=("chunks-v1",), meta={"catalogue.db": b"db"}, supersedes=None, files=FastFiles(),
    )  # fmt: skip
    return tmp_path / "work", release


def test_compute_truth_is_what_was_built(built: tuple[Path, Release]) -> None:
    work, release = built
    steps: list[int] = []
    truth = compute_truth(DriveLayout(work), steps.append)
    assert truth == release.truth
    assert sum(steps) == sum(digest.size for digest in truth.values())


@pytest.mark.parametrize("full", [True, False])
def test_check_release_right_bag_gives_its_number(built: tuple[Path, Release], full: bool) -> None:
    work, release = built
    assert check_release(work, release, full=full) == release.number


def test_check_release_full_finds_a_flipped_payload_byte(built: tuple[Path, Release]) -> None:
    work, release = built
    path = max((work / "bag/data").rglob("*.bin"))
    flip(path, CHUNK + 3)
    assert check_release(work, release) == release.number
    with pytest.raises(NumberDiffersError, match="other bytes"):
        check_release(work, release, full=True)


def test_check_release_full_counts_what_it_reads(built: tuple[Path, Release]) -> None:
    work, release = built
    steps: list[int] = []
    check_release(work, release, full=True, progress=steps.append)
    assert sum(steps) == release.disks[0].bytes + sum(digest.size for digest in release.truth.values())


@pytest.mark.parametrize(
    "change",
    [
        lambda release: replace(release, count=5),
        lambda release: replace(release, disks=(replace(release.disks[0], bytes=1),)),
        lambda release: replace(release, disks=(replace(release.disks[0], tagmanifest="0" * 64),)),
        lambda release: replace(release, accelerators={"catalogue.db": Accelerator("0" * 64, 2, "t", "1")}),
        lambda release: replace(release, accelerators={"other.db": Accelerator("0" * 64, 2, "t", "1")}),
        lambda release: replace(release, truth={**release.truth, "items.txt": Digest("0" * 64, 1)}),
    ],
)
def test_check_release_other_document_is_refused(
    built: tuple[Path, Release], change: Callable[[Release], Release]
) -> None:
    work, release = built
    with pytest.raises(NumberDiffersError):
        check_release(work, change(release))


def test_check_release_changed_accelerator_is_refused(built: tuple[Path, Release]) -> None:
    work, release = built
    flip(work / "bag/meta/catalogue.db")
    with pytest.raises(NumberDiffersError, match=r"catalogue\.db"):
        check_release(work, release)


def signed_with(work: Path, release: Release, manifest: bytes) -> Release:
    """The release as if its publisher's own tool had written this manifest."""
    layout = DriveLayout(work)
    old = hashlib.sha256(layout.manifest.read_bytes()).hexdigest()
    layout.manifest.write_bytes(manifest)
    new = hashlib.sha256(manifest).hexdigest()
    layout.tagmanifest.write_bytes(layout.tagmanifest.read_bytes().replace(old.encode(), new.encode()))
    tagmanifest = hashlib.sha256(layout.tagmanifest.read_bytes()).hexdigest()
    return replace(release, disks=(replace(release.disks[0], tagmanifest=tagmanifest),))


def test_check_release_manifest_that_is_no_part_of_the_items_is_refused(built: tuple[Path, Release]) -> None:
    work, release = built
    whole = DriveLayout(work).manifest.read_bytes()
    first = whole.splitlines(keepends=True)[0]
    for manifest in (b"0" * 64 + whole[64:], first + ManifestLine("0" * 64, "data/zz/x").to_bytes(), first):
        with pytest.raises(NumberDiffersError):
            check_release(work, signed_with(work, release, manifest))


def test_check_release_missing_payload_is_told(built: tuple[Path, Release]) -> None:
    work, release = built
    path = next((work / "bag/data").rglob("*.txt"))
    path.unlink()
    with pytest.raises(FileNotFoundError):
        check_release(work, release, full=True)
    path.symlink_to("/etc/hostname")
    with pytest.raises(NumberDiffersError):
        check_release(work, release, full=True)
