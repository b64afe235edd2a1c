"""Trap 3 of docs/format.md: no clock, no expiry refuses; and the strict mode, which does."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from packager.format.errors import (
    RetiredError,
    TrustError,
)
from packager.format.trust import UPDATED
from tests.packager.format.drives import plug, tagmanifest
from tests.simulator import Publisher

# --- trap 3: time -------------------------------------------------------------------------------------------------


def test_trap3_expired_metadata_is_taken_and_reported(national: Publisher, state: Path, two: tuple[Path, Path]) -> None:
    late = datetime(2040, 1, 1, tzinfo=UTC)
    box = national.box(state, earliest=late)
    found = box.offer(two[1] / "tuf")
    assert found.outcome == UPDATED
    assert found.expired == ("root", "snapshot", "targets", "timestamp")
    assert found.reference_time == late
    assert box.admit(tagmanifest(two[1])).newest


def test_trap3_highest_signed_date_is_kept(national: Publisher, state: Path) -> None:
    first = plug(national, national.release(1, issued=date(2028, 6, 1)), "first")
    second = plug(national, national.release(2, issued=date(2027, 1, 1), supersedes=1), "second")
    box = national.box(state)
    assert box.offer(first / "tuf").reference_time == datetime(2028, 6, 1, tzinfo=UTC)
    national.revoke(national.folder / "work-national-1")
    national.refresh(second / "tuf")
    assert box.offer(second / "tuf").reference_time == datetime(2028, 6, 1, tzinfo=UTC)
    assert national.box(state).current().reference_time == datetime(2028, 6, 1, tzinfo=UTC)
    assert box.current().expired == ("snapshot", "timestamp")  # signed in 2026, for 400 days


@pytest.mark.parametrize("wrong", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)])
def test_trap3_machine_clock_is_not_asked(national: Publisher, state: Path, two, monkeypatch, wrong: datetime) -> None:
    import tuf.ngclient._internal.trusted_metadata_set as tuf_time

    class WrongClock(datetime):
        @classmethod
        def now(cls, _tz=None):
            return wrong

    monkeypatch.setattr(tuf_time.datetime, "datetime", WrongClock)
    assert national.box(state).offer(two[1] / "tuf").outcome == UPDATED


def test_strict_mode_follows_tuf_to_the_letter(national: Publisher, state: Path, tmp_path: Path) -> None:
    work = national.release(1, issued=date(2020, 1, 1))
    expired = plug(national, work, "expired")
    with pytest.raises(TrustError):
        national.box(state, strict=True).offer(expired / "tuf")
    assert national.box(tmp_path / "other").offer(expired / "tuf").outcome == UPDATED


def test_strict_mode_refuses_a_rollback(national: Publisher, state: Path) -> None:
    far = date(2090, 1, 1)
    old = plug(national, national.release(1, issued=far), "old")
    new = plug(national, national.release(2, issued=far, supersedes=1), "new")
    box = national.box(state, strict=True)
    box.offer(new / "tuf")
    with pytest.raises(RetiredError):
        box.offer(old / "tuf")
    with pytest.raises(RetiredError):
        box.admit_drive(old / "tuf", tagmanifest(old))
    for path in state.glob("trusted.*"):
        path.unlink()
    with pytest.raises(RetiredError, match="below the floor"):
        national.box(state, strict=True).offer(old / "tuf")
