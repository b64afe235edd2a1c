"""A drive whose writing a power cut broke off: a box refuses it, or every byte of it is right."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from packager.drives import write_drive
from packager.format.bag import read_candidate, verify_tag_files
from packager.format.errors import FormatError
from packager.format.layout import DriveLayout
from packager.format.manifest import read_manifest
from tests.appliance.stock import Stock
from tests.powercut.box import put
from tests.powercut.disk import State
from tests.powercut.recording import RecordingFiles, states
from tests.simulator import FastFiles


class NoSyncAll(RecordingFiles):
    """The payload is not made durable before the lists are written."""

    def sync_all(self) -> None:
        pass


def written_over(stock: Stock, folder: Path, files: type[RecordingFiles]) -> tuple[RecordingFiles, int]:
    """The drive of the second release becomes one of the first; operations before that."""
    (folder / "drive").mkdir()
    recording = files(folder / "drive")
    works = stock.publisher.folder
    write_drive(works / "work-national-2", recording.root, recording, quiet=True)
    begun = len(recording.ops)
    write_drive(works / "work-national-1", recording.root, recording, quiet=True)
    return recording, begun


def judged(stock: Stock, state: State, scratch: Path, number: int) -> str:
    """What a box makes of a drive in that state: refused, whole or spoiled."""
    if "bag/tagmanifest-sha256.txt" not in state:
        return "refused"
    put(state, drive := scratch / f"cut-{number}")
    try:
        layout = DriveLayout(drive)
        box = stock.publisher.box(scratch / f"box-{number}")
        admission = box.admit_drive(drive / "tuf", read_candidate(layout).tagmanifest)
        tags = verify_tag_files(layout, admission, FastFiles(), scratch / f"tags-{number}")
        lines = list(read_manifest(tags.manifest))
    except FormatError:
        return "refused"
    finally:
        shutil.rmtree(scratch / f"tags-{number}", ignore_errors=True)
        shutil.rmtree(scratch / f"box-{number}", ignore_errors=True)
        shutil.rmtree(drive)
    found = (hashlib.sha256(state.get(f"bag/{line.path}") or b"").hexdigest() == line.sha256 for line in lines)
    return "whole" if all(found) else "spoiled"


def verdicts(stock: Stock, scratch: Path, files: type[RecordingFiles], cap: int) -> Iterator[str]:
    recording, begun = written_over(stock, scratch, files)
    seen: dict[frozenset[tuple[str, bytes | None]], str] = {}
    for number, (_done, replay, state) in enumerate(states(recording.ops, start=begun, cap=cap)):
        assert not replay.broken_promises(state)
        key = frozenset(state.items())
        if key not in seen:
            seen[key] = judged(stock, state, scratch, number)
        yield seen[key]


def test_drive_power_cut_while_it_is_written_is_refused_or_whole(stock: Stock, scratch: Path) -> None:
    found = list(verdicts(stock, scratch, RecordingFiles, cap=6))
    assert set(found) == {"refused", "whole"}
    assert found[0] == found[-1] == "whole"


def test_drive_payload_that_was_not_synced_is_found(stock: Stock, scratch: Path) -> None:
    assert "spoiled" in verdicts(stock, scratch, NoSyncAll, cap=4)
