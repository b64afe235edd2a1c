"""What one drive of a set proves of disks.bin: signed rightly by everybody, and yet not true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from packager.audit.verify import Options, verify_drive
from packager.format.disktable import write_disk_table
from tests.simulator import FastFiles, Publisher

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SOURCES = {name: (name, {f"{name}.txt": name.encode() * (n + 1)}) for n, name in enumerate("abcdef")}
"""Six resources of different sizes: two on each of three drives."""
Change = Callable[[list[int]], list[int]]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    return Publisher(tmp_path_factory.mktemp("authority"))


def found(authority: Publisher, tmp_path: Path, change: Change, disk: int = 1) -> list[tuple[str, str]]:
    """What is wrong with a drive of a set whose table was changed before it was signed."""
    publisher = authority.fork(tmp_path / "publisher")

    def write(path: Path, disks: Iterator[int], files: FastFiles) -> tuple[str, int]:
        return write_disk_table(path, change(list(disks)), files)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.simulator.write_disk_table", write)
        patch.setattr("packager.recompute._check_whole", lambda _work, _release: None)  # the signers would see it
        work = publisher.release(1, sources=SOURCES, drives=3)
    drive = publisher.drive(work, tmp_path / "drive", disk)
    report = verify_drive(drive, Options(publisher.root), NOW)
    assert {f.path for f in report.findings.kept} <= {"bag/meta/disks.bin"}
    assert (report.verdict == "sound") == (not report.findings.kept)
    return [(f.code, f.detail) for f in report.findings.kept]


def swapped(numbers: list[int], one: int, other: int) -> list[int]:
    """The first items of two drives change places."""
    here, there = numbers.index(one), numbers.index(other)
    numbers[here], numbers[there] = other, one
    return numbers


def test_true_table_is_sound_on_every_drive(authority: Publisher, tmp_path: Path) -> None:
    for disk in (1, 2, 3):
        assert found(authority, tmp_path / str(disk), lambda numbers: numbers, disk) == []


def test_item_of_this_drive_on_another_is_found_by_the_manifest(authority: Publisher, tmp_path: Path) -> None:
    findings = found(authority, tmp_path, lambda numbers: swapped(numbers, 1, 2))
    assert {code for code, _ in findings} == {"mismatch"}
    details = " ".join(detail for _, detail in findings)
    assert "is on drive 2; the manifest has it here" in details
    assert "is here; the manifest does not" in details
    assert "bytes on drive 2 by the release" in details


def test_items_of_two_drives_that_are_not_at_hand_are_found_by_their_bytes(
    authority: Publisher, tmp_path: Path
) -> None:
    findings = found(authority, tmp_path, lambda numbers: swapped(numbers, 2, 3))
    assert [code for code, _ in findings] == ["mismatch", "mismatch"]
    assert all("bytes on drive" in detail for _, detail in findings)


def test_everything_of_a_drive_on_another_is_found_by_bytes_and_records(authority: Publisher, tmp_path: Path) -> None:
    findings = found(authority, tmp_path, lambda numbers: [3 if number == 2 else number for number in numbers])
    assert len(findings) == 4
    assert any("files of 2 records on drive 2 by the release; found 0" in detail for _, detail in findings)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda numbers: [0, *numbers[1:]], "form"),
        (lambda numbers: [*numbers[:-1], 4], "form"),
        (lambda numbers: numbers[:-1], "mismatch"),
        (lambda numbers: [*numbers, 1], "mismatch"),
    ],
)
def test_table_of_another_form_or_length_is_found(
    authority: Publisher, tmp_path: Path, change: Change, code: str
) -> None:
    assert [name for name, _ in found(authority, tmp_path, change)] == [code]
