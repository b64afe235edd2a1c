"""A publisher, a box's state and two drives, for the tests of trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packager.format.drives import plug
from tests.simulator import Publisher


@pytest.fixture
def national(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path / "national")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def two(national: Publisher) -> tuple[Path, Path]:
    """An old drive and a new one."""
    old = plug(national, national.release(1), "old")
    return old, plug(national, national.release(2, supersedes=1), "new")
