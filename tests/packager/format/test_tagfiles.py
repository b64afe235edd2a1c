"""Taking the lists of a hostile drive."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from packager.format import tagcopy, tagfiles
from packager.format.bag import (
    ABSENT,
    DAMAGED,
    OTHER_VERSION,
    READY,
    TagFiles,
    read_candidate,
    tag_file_bytes,
    verify_tag_files,
)
from packager.format.errors import (
    BlankError,
    HalfCopiedError,
    ListChangedError,
    NotOursError,
    TrustError,
    UnreadableError,
)
from packager.format.files import RealFiles
from packager.format.layout import DriveLayout
from packager.format.manifest import MAX_TAGMANIFEST
from packager.format.release import Admission, Digest, Release
from tests.packager.format.small_drive import META, admission, small_drive
from tests.simulator import Publisher, flip

FILES = RealFiles()
LISTS = ("bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt")


@pytest.fixture
def drive(tmp_path: Path) -> DriveLayout:
    return small_drive(tmp_path)


def take(drive: DriveLayout, **options) -> TagFiles:
    found = options.pop("admission", None) or admission(drive)
    return verify_tag_files(drive, found, FILES, drive.root.parent / "dest", **options)


def resign(drive: DriveLayout) -> Admission:
    """Admit the drive as it is now, as if its publisher had signed a bad bag."""
    found = admission(drive)
    disk = replace(found.disk, tagmanifest=read_candidate(drive).tagmanifest)
    return replace(found, disk=disk)


def rewrite(drive: DriveLayout, name: str, content: bytes) -> Admission:
    """Change a tag file and everything above it, as a publisher's mistake would."""
    old = hashlib.sha256((drive.bag / name).read_bytes()).hexdigest()
    (drive.bag / name).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    drive.tagmanifest.write_bytes(drive.tagmanifest.read_bytes().replace(old.encode(), sha256.encode()))
    found = resign(drive)
    short = name.removeprefix("meta/")
    if short in found.release.truth:
        truth = {**found.release.truth, short: Digest(sha256, len(content))}
        found = replace(found, release=replace(found.release, truth=truth))
    return found


# --- the first look -----------------------------------------------------------------------------------------------


def test_read_candidate_gives_the_digest_of_the_list(drive: DriveLayout) -> None:
    assert read_candidate(drive).tagmanifest == admission(drive).disk.tagmanifest


def test_read_candidate_empty_folder_is_blank(tmp_path: Path) -> None:
    with pytest.raises(BlankError):
        read_candidate(DriveLayout(tmp_path))
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "System Volume Information").mkdir()
    with pytest.raises(BlankError):
        read_candidate(DriveLayout(tmp_path))


def test_read_candidate_other_files_are_not_ours(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(NotOursError):
        read_candidate(DriveLayout(tmp_path))


def test_read_candidate_missing_list_is_half_copied(drive: DriveLayout) -> None:
    drive.tagmanifest.unlink()
    with pytest.raises(HalfCopiedError):
        read_candidate(drive)
    shutil.rmtree(drive.bag)
    with pytest.raises(HalfCopiedError):
        read_candidate(drive)


@pytest.mark.parametrize("keep", [0, 10, -1])
def test_read_candidate_cut_list_is_half_copied(drive: DriveLayout, keep: int) -> None:
    drive.tagmanifest.write_bytes(drive.tagmanifest.read_bytes()[:keep])
    with pytest.raises(HalfCopiedError):
        read_candidate(drive)


def test_read_candidate_huge_list_is_refused_without_reading_it(drive: DriveLayout) -> None:
    with drive.tagmanifest.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ListChangedError):
        read_candidate(drive)
    assert drive.tagmanifest.stat().st_size > MAX_TAGMANIFEST


def test_read_candidate_link_is_refused(drive: DriveLayout) -> None:
    drive.tagmanifest.rename(drive.root / "elsewhere")
    drive.tagmanifest.symlink_to("../elsewhere")
    with pytest.raises(ListChangedError):
        read_candidate(drive)


def test_read_candidate_drive_gone_or_dead_is_told_apart(tmp_path: Path, drive: DriveLayout) -> None:
    for root in (tmp_path / "none", drive.tagmanifest):
        with pytest.raises(UnreadableError):
            read_candidate(DriveLayout(root))


def test_read_candidate_bad_sector_is_a_bad_disk(drive: DriveLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(tagfiles, "read_bounded", failing)
    with pytest.raises(UnreadableError):
        read_candidate(drive)


# --- copying ------------------------------------------------------------------------------------------------------


def test_verify_tag_files_whole_drive_is_copied(drive: DriveLayout) -> None:
    steps: list[tuple[int, int]] = []
    found = take(drive, progress=lambda done, total: steps.append((done, total)))
    assert found.accelerators == {"catalogue.db": READY, "search/MAIN_1.seg": READY}
    assert (found.count, found.bytes) == (4, admission(drive).disk.bytes)
    for path in (found.catalogue, found.items, found.chunks, found.manifest, found.folder / "meta/search/MAIN_1.seg"):
        assert path.read_bytes() == (drive.bag / path.relative_to(found.folder)).read_bytes()
    assert steps == sorted(steps)
    assert steps[-1][0] <= steps[-1][1] == tag_file_bytes(admission(drive).release)


@pytest.mark.parametrize("name", [*LISTS, "meta/items.txt", "meta/chunks.bin", "meta/catalogue.jsonl"])
@pytest.mark.parametrize("fault", ["flipped", "missing", "empty", "short", "longer", "link", "folder"])
def test_verify_tag_files_any_fault_of_any_file_refuses(drive: DriveLayout, name: str, fault: str) -> None:
    path = drive.bag / name
    content = path.read_bytes()
    if fault == "flipped":
        flip(path, 3)
    elif fault == "longer":
        path.write_bytes(content + b"x\n")
    elif fault in {"empty", "short"}:
        path.write_bytes(b"" if fault == "empty" else content[:-5])
    else:
        path.unlink()
        if fault == "link":
            path.symlink_to("/etc/passwd")
        elif fault == "folder":
            path.mkdir()
    half = fault in {"missing", "empty", "short"}
    with pytest.raises(HalfCopiedError if half else ListChangedError) as caught:
        take(drive)
    assert caught.value.sentence == f"intake.refused.{'half_copied' if half else 'list_changed'}"
    dest = drive.root.parent / "dest" / name
    assert not dest.exists()


@pytest.mark.parametrize("fault", ["flipped", "missing", "short", "link", "other version"])
def test_verify_tag_files_bad_accelerator_is_reported_only(drive: DriveLayout, fault: str) -> None:
    path = drive.meta / "catalogue.db"
    if fault == "flipped":
        flip(path)
    elif fault == "short":
        path.write_bytes(b"a cat")
    elif fault != "other version":
        path.unlink()
        if fault == "link":
            path.symlink_to("items.txt")
    usable = (lambda name, _: name != "catalogue.db") if fault == "other version" else (lambda *_: True)
    found = take(drive, usable=usable)
    expected = {"missing": ABSENT, "other version": OTHER_VERSION}.get(fault, DAMAGED)
    assert found.accelerators == {"catalogue.db": expected, "search/MAIN_1.seg": READY}
    assert not (found.folder / "meta/catalogue.db").exists()


def test_verify_tag_files_accelerator_listed_otherwise_is_damaged(drive: DriveLayout) -> None:
    found = take(drive, admission=rewrite(drive, "meta/catalogue.db", b"another"))
    assert found.accelerators["catalogue.db"] == DAMAGED


def test_verify_tag_files_unreadable_accelerator_is_damaged(
    drive: DriveLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_to_open(monkeypatch, "bag/meta/catalogue.db")
    assert take(drive).accelerators["catalogue.db"] == DAMAGED


def test_verify_tag_files_unreadable_truth_is_a_bad_disk(drive: DriveLayout, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_to_open(monkeypatch, "bag/meta/items.txt")
    with pytest.raises(UnreadableError):
        take(drive)


def fail_to_open(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    real = tagcopy.open_nofollow

    def opening(root: int, relative: str) -> int:
        if relative == name:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(root, relative)

    monkeypatch.setattr(tagcopy, "open_nofollow", opening)


def test_verify_tag_files_full_disk_is_found_first(drive: DriveLayout) -> None:
    class FullFiles(RealFiles):
        def free_space(self, folder: Path) -> int:
            return 1000

    with pytest.raises(OSError, match="not enough room") as caught:
        verify_tag_files(drive, admission(drive), FullFiles(), drive.root.parent / "dest")
    assert caught.value.errno == errno.ENOSPC
    assert list((drive.root.parent / "dest").iterdir()) == []


# --- lists that were signed but do not agree with each other ------------------------------------------------------


def test_verify_tag_files_malformed_signed_tagmanifest_refuses(drive: DriveLayout) -> None:
    drive.tagmanifest.write_bytes(b"nonsense\n")
    with pytest.raises(ListChangedError):
        take(drive, admission=resign(drive))


def test_verify_tag_files_tagmanifest_with_another_truth_refuses(drive: DriveLayout) -> None:
    found = rewrite(drive, "meta/items.txt", drive.items.read_bytes()[:0])
    with pytest.raises(ListChangedError, match="not the file that was signed"):
        take(drive, admission=replace(found, release=admission(drive).release))


def test_verify_tag_files_tagmanifest_without_bag_info_refuses(drive: DriveLayout) -> None:
    lines = drive.tagmanifest.read_bytes().splitlines(keepends=True)
    drive.tagmanifest.write_bytes(b"".join(line for line in lines if b"bag-info" not in line))
    with pytest.raises(ListChangedError, match="not in the tagmanifest"):
        take(drive, admission=resign(drive))


def test_verify_tag_files_manifest_with_a_foreign_path_refuses(drive: DriveLayout) -> None:
    content = [*drive.manifest.read_bytes().splitlines(keepends=True)[:1], b"0" * 64 + b"  data/zz/foreign\n"]
    with pytest.raises(ListChangedError, match=r"not in items\.txt"):
        take(drive, admission=rewrite(drive, "manifest-sha256.txt", b"".join(content)))


def test_verify_tag_files_manifest_with_another_digest_refuses(drive: DriveLayout) -> None:
    content = b"0" * 64 + drive.manifest.read_bytes()[64:]
    with pytest.raises(ListChangedError, match="another digest"):
        take(drive, admission=rewrite(drive, "manifest-sha256.txt", content))


def test_verify_tag_files_other_payload_size_refuses(drive: DriveLayout) -> None:
    content = drive.manifest.read_bytes().splitlines(keepends=True)[0]
    with pytest.raises(ListChangedError, match="other bytes"):
        take(drive, admission=rewrite(drive, "manifest-sha256.txt", content))


def test_verify_tag_files_other_number_of_chunks_refuses(drive: DriveLayout) -> None:
    with pytest.raises(ListChangedError, match="number of chunks"):
        take(drive, admission=rewrite(drive, "meta/chunks.bin", b"x" * 32))


def test_verify_tag_files_one_drive_of_a_set_needs_only_its_part(drive: DriveLayout) -> None:
    lines = drive.manifest.read_bytes().splitlines(keepends=True)
    sizes = {line.split()[2]: int(line.split()[1]) for line in drive.items.read_bytes().splitlines()}
    found = rewrite(drive, "manifest-sha256.txt", b"".join(lines[1:3]))
    size = sum(sizes[line.split()[1]] for line in lines[1:3])
    found = replace(found, disk=replace(found.disk, bytes=size))
    taken = take(drive, admission=found)
    assert (taken.count, taken.bytes) == (2, size)


def test_tag_file_faults_are_all_trust_errors() -> None:
    for kind in (BlankError, NotOursError, HalfCopiedError, ListChangedError, UnreadableError):
        assert issubclass(kind, TrustError)
        assert kind.sentence.startswith("intake.refused.")


# --- another drive of a set whose truth is here -------------------------------------------------------------------


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Publisher, Path, list[DriveLayout], Path]:
    """A publisher, the work folder of a set of two, its drives, and the truth as the first drive brought it."""
    publisher = Publisher(tmp_path / "publisher")
    work = publisher.release(1, drives=2, meta=META)
    drives = [DriveLayout(publisher.drive(work, tmp_path / f"drive-{n}", n)) for n in (1, 2)]
    first = verify_tag_files(drives[0], admitted(work, 1), FILES, tmp_path / "first")
    return publisher, work, drives, first.meta


def admitted(work: Path, disk: int) -> Admission:
    release = Release.from_bytes((work / "release.json").read_bytes())
    return Admission(release, release.disks[disk - 1], newest=True)


def test_second_drive_of_a_set_brings_its_lists_only(pair, tmp_path: Path) -> None:
    _, work, drives, truth = pair
    seen: list[tuple[int, int]] = []
    found = verify_tag_files(
        drives[1], admitted(work, 2), FILES, tmp_path / "second", lambda *n: seen.append(n), truth=truth
    )
    assert {p.name for p in (tmp_path / "second").rglob("*") if p.is_file()} == set(LISTS)
    assert set(found.accelerators.values()) == {OTHER_VERSION}
    assert (found.items, found.bytes) == (truth / "items.txt", admitted(work, 2).disk.bytes)
    assert found.count > 0
    assert seen[-1][1] == tag_file_bytes(admitted(work, 2).release, truth_held=True)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda drive: drive.catalogue.unlink(), HalfCopiedError),
        (lambda drive: drive.items.write_bytes(drive.items.read_bytes()[:-5]), HalfCopiedError),
        (lambda drive: drive.chunks.write_bytes(drive.chunks.read_bytes() + b"x"), ListChangedError),
        (lambda drive: (drive.items.unlink(), drive.items.symlink_to("/etc/passwd")), ListChangedError),
        (lambda drive: flip(drive.manifest, 3), ListChangedError),
        (lambda drive: flip(drive.bag_info, 3), ListChangedError),
        (lambda drive: drive.manifest.unlink(), HalfCopiedError),
    ],
)
def test_second_drive_of_a_set_that_is_not_whole_is_refused(pair, tmp_path: Path, spoil, fault) -> None:
    _, work, drives, truth = pair
    spoil(drives[1])
    with pytest.raises(fault):
        verify_tag_files(drives[1], admitted(work, 2), FILES, tmp_path / "second", truth=truth)


def test_second_drive_that_names_another_truth_is_refused(pair, tmp_path: Path) -> None:
    """The truth on the box is of this release; a drive that another release's signers made must not join it."""
    publisher, _, _, truth = pair
    other = publisher.release(2, drives=2, sources={"other": ("别的", {"o.txt": b"other"})}, supersedes=1)
    drive = DriveLayout(publisher.drive(other, tmp_path / "other", 2))
    release = replace(admitted(other, 2).release, truth=admitted(pair[1], 2).release.truth)
    forged = Admission(release, release.disks[1], newest=True)
    with pytest.raises(ListChangedError):
        verify_tag_files(drive, forged, FILES, tmp_path / "dest", truth=truth)
