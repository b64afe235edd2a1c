"""Trap 2 of docs/format.md: which drives are admitted, old, revoked and retired ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.format import trust
from packager.format.errors import (
    ListChangedError,
    RetiredError,
    RevokedError,
    TrustError,
    UnknownIssuerError,
)
from packager.format.files import RealFiles
from packager.format.trust import OLDER, UPDATED, TrustStore
from tests.packager.format.drives import plug, tagmanifest
from tests.simulator import EARLIEST, Publisher

# --- trap 2: admission --------------------------------------------------------------------------------------------


def test_trap2_older_legitimate_drive_is_admitted(national: Publisher, state: Path, two: tuple[Path, Path]) -> None:
    box = national.box(state)
    box.offer(two[1] / "tuf")
    assert box.offer(two[0] / "tuf").outcome == OLDER
    admission = box.admit(tagmanifest(two[0]))
    assert (admission.release.seq, admission.newest) == (1, False)
    assert box.admit_drive(two[0] / "tuf", tagmanifest(two[0])) == admission


def test_trap2_older_drive_with_rotated_keys_is_admitted(national: Publisher, state: Path) -> None:
    old = plug(national, national.release(1), "old")
    national.rotate("online", "targets-1", "root-2")
    new = plug(national, national.release(2, supersedes=1), "new")
    box = national.box(state)
    box.offer(new / "tuf")
    assert not box.admit_drive(old / "tuf", tagmanifest(old)).newest


@pytest.mark.parametrize("order", ["notice first", "drive first"])
def test_trap2_revoked_release_is_refused(national: Publisher, state: Path, two: tuple[Path, Path], order: str) -> None:
    box = national.box(state)
    if order == "drive first":
        assert box.admit_drive(two[0] / "tuf", tagmanifest(two[0])).newest
    national.revoke(national.folder / "work-national-1")
    national.refresh(two[1] / "tuf")
    box.offer(two[1] / "tuf")
    box = national.box(state)
    with pytest.raises(RevokedError) as caught:
        box.admit_drive(two[0] / "tuf", tagmanifest(two[0]))
    assert caught.value.params == {"edition": "2026.01"}
    assert box.admit_drive(two[1] / "tuf", tagmanifest(two[1])).newest


def test_trap2_retired_release_is_told_apart_from_a_revoked_one(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    national.revoke(national.folder / "work-national-1", retire=True)
    national.refresh(two[1] / "tuf")
    box = national.box(state)
    box.offer(two[1] / "tuf")
    with pytest.raises(RetiredError) as caught:
        box.admit_drive(two[0] / "tuf", tagmanifest(two[0]))
    assert caught.value.params == {"edition": "2026.01"}


def test_trap2_newest_metadata_on_a_revoked_drive_does_not_save_it(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    national.revoke(national.folder / "work-national-2")
    national.refresh(two[1] / "tuf")
    box = national.box(state)
    with pytest.raises(ListChangedError):  # this box never saw it listed
        box.admit_drive(two[1] / "tuf", tagmanifest(two[1]))


def test_trap2_listed_drive_older_than_the_first_root_of_the_box_is_admitted(
    national: Publisher, state: Path, tmp_path: Path
) -> None:
    old = plug(national, national.release(1), "old")
    national.rotate("online", "targets-1", "targets-2")
    new = plug(national, national.release(2, supersedes=1), "new")
    young = (national.keys / "tuf/metadata/2.root.json").read_bytes()
    box = TrustStore(state, young, RealFiles(), earliest=EARLIEST)
    with pytest.raises(UnknownIssuerError):
        box.admit_drive(old / "tuf", tagmanifest(old))
    box.offer(new / "tuf")
    with pytest.raises(UnknownIssuerError):
        box.offer(old / "tuf")
    assert not box.admit_drive(old / "tuf", tagmanifest(old)).newest
    with pytest.raises(UnknownIssuerError):
        box.admit_drive(old / "tuf", "0" * 64)
    (old / "tuf/metadata/2.root.json").write_bytes(b"{}")
    with pytest.raises(TrustError):
        box.admit_drive(old / "tuf", tagmanifest(old))


def test_trap2_box_image_with_a_younger_root_keeps_what_it_trusted(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    national.box(state).offer(two[1] / "tuf")
    national.rotate("online", "targets-1", "targets-2")
    young = (national.keys / "tuf/metadata/2.root.json").read_bytes()
    box = TrustStore(state, young, RealFiles(), earliest=EARLIEST)
    assert [release.seq for release in box.current().releases] == [1, 2]
    assert box.admit_drive(two[0] / "tuf", tagmanifest(two[0])).release.seq == 1
    fresh = plug(national, national.release(3, supersedes=2), "fresh")
    assert box.offer(fresh / "tuf").outcome == UPDATED
    assert box.current().versions["root"] == 2


def test_trap2_box_image_with_an_older_root_keeps_what_it_trusted(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    national.rotate("online")
    national.refresh(two[1] / "tuf")
    young = (national.keys / "tuf/metadata/2.root.json").read_bytes()
    TrustStore(state, young, RealFiles(), earliest=EARLIEST).offer(two[1] / "tuf")
    box = national.box(state)
    assert box.current().versions["root"] == 2
    assert box.admit_drive(two[0] / "tuf", tagmanifest(two[0])).release.seq == 1


def test_trap2_memory_of_what_was_listed_is_bounded(national: Publisher, state: Path, two, monkeypatch) -> None:
    monkeypatch.setattr(trust, "MAX_KNOWN", 1)
    box = national.box(state)
    box.offer(two[1] / "tuf")
    assert len(box._known) == 1
