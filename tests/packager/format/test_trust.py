"""Whom a box trusts: updates, floors, admission. The numbers are those of the measured traps in docs/format.md."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tuf.api.metadata import Targets

from packager.format.errors import (
    HalfCopiedError,
    ListChangedError,
    NeedsNewerBoxError,
    OneSignerError,
    TrustError,
    UnknownIssuerError,
    UnreadableError,
)
from packager.format.files import RealFiles
from packager.format.trust import OLDER, SAME, UPDATED, TrustStore
from tests.packager.format.drives import plug, push_timestamp, tagmanifest
from tests.simulator import EARLIEST, Publisher, flip, newest

# --- the first drives ---------------------------------------------------------------------------------------------


def test_current_before_the_first_drive_is_empty(national: Publisher, state: Path) -> None:
    found = national.box(state).current()
    assert (found.releases, dict(found.versions), found.reference_time) == ((), {}, EARLIEST)


def test_admit_before_the_first_drive_knows_nobody(national: Publisher, state: Path) -> None:
    with pytest.raises(UnknownIssuerError):
        national.box(state).admit("0" * 64)


def test_offer_first_drive_is_news_and_stays(national: Publisher, state: Path, two: tuple[Path, Path]) -> None:
    box = national.box(state)
    assert box.offer(two[1] / "tuf").outcome == UPDATED
    assert box.offer(two[1] / "tuf").outcome == SAME
    for found in (box.current(), national.box(state).current()):
        assert [release.seq for release in found.releases] == [1, 2]
        assert found.versions == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}
        assert found.reference_time == datetime(2026, 11, 22, tzinfo=UTC)
        assert found.expired == ()
    admission = national.box(state).admit(tagmanifest(two[1]))
    assert (admission.release.seq, admission.disk.n, admission.newest) == (2, 1, True)


def test_offer_second_bundle_is_listed_beside_the_first(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    children = plug(national, national.release(1, bundle="children"), "children")
    box = national.box(state)
    box.offer(children / "tuf")
    for drive, newest_one in ((two[0], False), (two[1], True), (children, True)):
        assert box.admit(tagmanifest(drive)).newest is newest_one


def test_admit_tagmanifest_in_no_list_is_a_changed_list(
    national: Publisher, state: Path, two: tuple[Path, Path]
) -> None:
    box = national.box(state)
    box.offer(two[1] / "tuf")
    with pytest.raises(ListChangedError):
        box.admit("0" * 64)


def test_admit_release_of_the_future_needs_a_newer_box(
    national: Publisher, state: Path, two: tuple[Path, Path], monkeypatch
) -> None:
    box = national.box(state)
    with monkeypatch.context() as patched:  # a publisher that knows more than this version
        patched.setattr("packager.format.release.FEATURES", frozenset({"chunks-v1", "magic-v2"}))
        work = national.release(3, requires=("chunks-v1", "magic-v2"), edition="2030.01", supersedes=2)
    future = plug(national, work, "future")
    with pytest.raises(NeedsNewerBoxError) as caught:
        box.admit_drive(future / "tuf", tagmanifest(future))
    assert caught.value.params == {"edition": "2030.01"}
    admission = box.admit(tagmanifest(two[1]))
    assert not admission.newest  # the box knows that there is a newer one, which it cannot read


# --- spoilt drives: the box stays as it was -----------------------------------------------------------------------


@pytest.mark.parametrize("seen", ["new box", "box that knows this list", "box that knows a newer list"])
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("no metadata", HalfCopiedError),
        ("no tuf", HalfCopiedError),
        ("tuf is a link", ListChangedError),
        ("tuf is a file", ListChangedError),
        ("truncated", HalfCopiedError),
        ("empty", HalfCopiedError),
        ("flipped", TrustError),
        ("huge", ListChangedError),
        ("one signer", OneSignerError),
        ("foreign", UnknownIssuerError),
        ("release missing", HalfCopiedError),
        ("changed key", TrustError),
    ],
)  # fmt: skip
def test_offer_spoilt_drive_is_refused_whatever_the_box_knows(
    national: Publisher, state: Path, seen: str, fault: str, expected: type[TrustError]
) -> None:
    work = national.release(1)
    drive = plug(national, work, "drive")
    box = national.box(state)
    if seen != "new box":
        box.offer(drive / "tuf")
    if seen == "box that knows a newer list":
        box.offer(plug(national, national.release(2, supersedes=1), "newer") / "tuf")
    before = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    known = box.current()
    spoil(national, drive / "tuf", fault)
    with pytest.raises(expected) as caught:
        box.offer(drive / "tuf")
    assert caught.value.sentence.startswith("intake.refused.")
    assert {path: path.read_bytes() for path in state.rglob("*") if path.is_file()} == before
    assert box.current() == known
    with pytest.raises(TrustError):
        box.admit_drive(drive / "tuf", tagmanifest(drive))


def spoil(national: Publisher, tuf: Path, fault: str) -> None:
    SPOILERS[fault](national, tuf)


def tuf_is_a_link(_: Publisher, tuf: Path) -> None:
    tuf.rename(tuf.with_name("elsewhere"))
    tuf.symlink_to("elsewhere")


def tuf_is_a_file(_: Publisher, tuf: Path) -> None:
    shutil.rmtree(tuf)
    tuf.write_bytes(b"")


def truncated(_: Publisher, tuf: Path) -> None:
    path = newest(tuf / "metadata", "targets")
    path.write_bytes(path.read_bytes()[:100])


def huge(_: Publisher, tuf: Path) -> None:
    path = newest(tuf / "metadata", "targets")
    path.write_bytes(path.read_bytes() + b" " * 6_000_000)


def foreign(national: Publisher, tuf: Path) -> None:
    stranger = Publisher(national.folder.parent / "stranger")
    stranger.release(1)
    shutil.rmtree(tuf)
    shutil.copytree(stranger.keys / "tuf", tuf)


def changed_key(_: Publisher, tuf: Path) -> None:
    path = tuf / "metadata/1.root.json"
    document = json.loads(path.read_bytes())
    key = document["signed"]["keys"][document["signed"]["roles"]["targets"]["keyids"][0]]
    key["keyval"]["public"] = "0" * 64
    path.write_text(json.dumps(document))


SPOILERS: dict[str, Callable[[Publisher, Path], object]] = {
    "no metadata": lambda _, tuf: shutil.rmtree(tuf / "metadata"),
    "no tuf": lambda _, tuf: shutil.rmtree(tuf),
    "tuf is a link": tuf_is_a_link,
    "tuf is a file": tuf_is_a_file,
    "truncated": truncated,
    "empty": lambda _, tuf: (tuf / "metadata/timestamp.json").write_bytes(b""),
    "flipped": lambda _, tuf: flip(newest(tuf / "metadata", "targets"), -100),
    "huge": huge,
    "one signer": lambda national, tuf: national.forge(tuf, signers=["targets-3"]),
    "foreign": foreign,
    "release missing": lambda _, tuf: next((tuf / "targets/releases/national").iterdir()).unlink(),
    "changed key": changed_key,
}


def test_offer_dead_disk_is_told(national: Publisher, state: Path) -> None:
    with pytest.raises(UnreadableError):
        national.box(state).offer(Path("/" + "x" * 300))


def test_init_with_something_that_is_no_root_is_refused(state: Path) -> None:
    with pytest.raises(UnknownIssuerError):
        TrustStore(state, b"{}", RealFiles(), earliest=EARLIEST)


# --- an update that is news by its number, but not ours to take ----------------------------------------------------


def test_offer_list_that_falls_back_behind_a_newer_timestamp_is_no_news(national: Publisher, state: Path, two) -> None:
    """Whoever holds the online key alone cannot bring an old list back."""
    box = national.box(state)
    box.offer(two[1] / "tuf")
    push_timestamp(national, two[0] / "tuf", 50)
    assert box.offer(two[0] / "tuf").outcome == OLDER
    assert box.current().versions["targets"] == 2


def test_offer_forged_release_by_two_keys_would_be_taken(national: Publisher, state: Path, two) -> None:
    """The control: with two of the targets keys everything may be changed. So the other refusals mean something."""

    def drop(targets: Targets) -> None:
        targets.targets.clear()

    national.forge(two[1] / "tuf", edit=drop)
    assert national.box(state).offer(two[1] / "tuf").releases == ()
