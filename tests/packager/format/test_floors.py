"""Two copies of a small document, and the floors below which this box never goes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.format.errors import FormatError
from packager.format.files import RealFiles
from packager.format.floors import Floor, Floors, TwoCopies
from packager.format.release import canonical_json
from tests.packager.format.simulated_files import SimulatedFiles, write_state
from tests.simulator import flip

FILES = RealFiles()
ROLES = ("root", "timestamp", "snapshot", "targets")
K = {"root": ("r1", "r2", "r3"), "timestamp": ("o",), "snapshot": ("o",), "targets": ("t1", "t2", "t3")}
T = {"root": 2, "timestamp": 1, "snapshot": 1, "targets": 2}
DAY = datetime(2026, 11, 22, tzinfo=UTC)


def floors(**versions: int) -> Floors:
    return Floors({role: Floor(version, K[role]) for role, version in versions.items()}, DAY)


def versions(**changes: int) -> dict[str, int]:
    return {**dict.fromkeys(ROLES, 5), **changes}


def test_two_copies_read_what_was_written(tmp_path: Path) -> None:
    copies = TwoCopies(tmp_path, "floor", FILES)
    assert copies.read() is None
    assert copies.newest_first() == []
    for content in (b"one", b"", b"three\n"):
        copies.write(content)
        assert TwoCopies(tmp_path, "floor", FILES).read() == content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["floor.a", "floor.b"]


@pytest.mark.parametrize("name", ["floor.a", "floor.b"])
@pytest.mark.parametrize("fault", ["head", "content", "empty", "zeros", "missing", "other name"])
def test_two_copies_damaged_copy_is_made_good_by_the_other(tmp_path: Path, name: str, fault: str) -> None:
    copies = TwoCopies(tmp_path, "floor", FILES)
    copies.write(b"content")
    path = tmp_path / name
    whole = path.read_bytes()
    if fault in {"head", "content"}:
        flip(path, 0 if fault == "head" else -1)
    elif fault == "missing":
        path.unlink()
    else:
        path.write_bytes({"empty": b"", "zeros": bytes(100), "other name": whole.replace(b"floor", b"fluor")}[fault])
    assert copies.read() == b"content"
    copies.write(b"next")
    assert copies.newest_first() == [b"next", b"next"]


def test_two_copies_power_cut_leaves_old_or_new(tmp_path: Path) -> None:
    root = tmp_path / "live"
    root.mkdir()
    files = SimulatedFiles(root)
    copies = TwoCopies(root, "floor", files)
    copies.write(b"old")
    begun = len(files.journal)
    copies.write(b"new")
    seen: dict[bytes, int] = {}
    checked: dict[frozenset[tuple[str, bytes]], bytes | None] = {}
    for count, (done, state) in enumerate(files.states(per_cut=300, start=begun)):
        key = frozenset(state.items())
        if key not in checked:
            checked[key] = TwoCopies(write_state(state, tmp_path / f"state-{count}"), "floor", FILES).read()
        found = checked[key]
        assert found in {b"old", b"new"}
        if done == len(files.journal):
            assert found == b"new"
        seen[found] = seen.get(found, 0) + 1
    assert sum(seen.values()) > 50  # distinct ones; chance would find most of them again and again
    assert set(seen) == {b"old", b"new"}


@pytest.mark.parametrize(("damaged", "order"), [("floor.a", "ab"), ("floor.b", "ba")])
def test_two_copies_write_the_damaged_one_first(tmp_path: Path, damaged: str, order: str) -> None:
    files = SimulatedFiles(tmp_path)
    copies = TwoCopies(tmp_path, "floor", files)
    copies.write(b"old")
    flip(tmp_path / damaged, -1)
    files.journal.clear()
    copies.write(b"new")
    assert "".join(new[-1] for what, _, new in files.journal if what == "rename") == order


def test_floors_come_back_as_written() -> None:
    for value in (floors(**versions()), Floors({}), Floors({}, DAY)):
        assert Floors.from_bytes(value.to_bytes()) == value


@pytest.mark.parametrize(
    "document",
    [{}, {"roles": [], "reference": None}, {"roles": {"root": 5}, "reference": None}, {"roles": {}, "reference": "x"},
     {"roles": {"root": {"version": "x", "keys": []}}, "reference": None}, {"roles": {}}],
)  # fmt: skip
def test_floors_other_document_is_refused(document: object) -> None:
    with pytest.raises(FormatError):
        Floors.from_bytes(canonical_json(document))


@given(st.binary(max_size=100))
def test_floors_any_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        Floors.from_bytes(content)


def test_below_nothing_known_refuses_nothing() -> None:
    assert Floors({}).below(versions(), K, T) == ""


@pytest.mark.parametrize("role", ROLES)
def test_below_lower_version_is_named(role: str) -> None:
    assert floors(**versions()).below(versions(), K, T) == ""
    assert floors(**versions()).below(versions(**{role: 4}), K, T) == role


@pytest.mark.parametrize("role", ["timestamp", "snapshot"])
def test_below_other_online_key_resets_its_floor(role: str) -> None:
    rotated = {**K, role: ("o2",)}
    assert floors(**versions(**{role: 999})).below(versions(root=6), K, T) == role
    assert floors(**versions(**{role: 999})).below(versions(root=6), rotated, T) == ""


def test_below_targets_floor_falls_only_with_most_of_its_keys() -> None:
    high = floors(**versions(targets=999))
    assert high.below(versions(root=6), {**K, "targets": ("t1", "t2", "t9")}, T) == "targets"
    assert high.below(versions(root=6), {**K, "targets": ("t1", "t8", "t9")}, T) == ""


def test_below_root_floor_never_falls() -> None:
    assert floors(**versions(root=9)).below(versions(root=8), {**K, "root": ("x", "y", "z")}, T) == "root"


def test_raised_keeps_the_highest_date() -> None:
    later = datetime(2027, 1, 1, tzinfo=UTC)
    assert floors(**versions()).raised(versions(root=6), K, later).reference == later
    assert floors(**versions()).raised(versions(root=6), K, datetime(2020, 1, 1, tzinfo=UTC)).reference == DAY
    assert Floors({}).raised(versions(root=6), K, later).roles["root"] == Floor(6, K["root"])
