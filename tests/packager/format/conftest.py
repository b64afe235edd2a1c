"""A publisher, a box's state and two drives, for the tests of trust. Made once; each test has a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from packager.format.trust import TrustStore
from tests.notices import delegate
from tests.packager.format.drives import plug
from tests.simulator import Publisher


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Publisher:
    """Keys and a root; nothing is published."""
    return Publisher(tmp_path_factory.mktemp("authority") / "national")


@pytest.fixture(scope="session")
def published(authority: Publisher, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same authority after two releases: `national/`, and the drives `old/` and `new/` beside it."""
    folder = tmp_path_factory.mktemp("published")
    national = authority.fork(folder / "national")
    plug(national, national.release(1), "old")
    plug(national, national.release(2, supersedes=1), "new")
    return folder


@pytest.fixture
def national(authority: Publisher, tmp_path: Path) -> Publisher:
    return authority.fork(tmp_path / "national")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def two(national: Publisher, published: Path, tmp_path: Path) -> tuple[Path, Path]:
    """An old drive and a new one."""
    shutil.copytree(published, tmp_path, dirs_exist_ok=True)
    return tmp_path / "old", tmp_path / "new"


@pytest.fixture(scope="session")
def delegated(authority: Publisher, published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The keys and the register after the delegation."""
    folder = tmp_path_factory.mktemp("delegated") / "national"
    national = authority.fork(folder)
    shutil.copytree(published / "national", folder, dirs_exist_ok=True)
    delegate(national)
    return national.keys


@pytest.fixture
def box(national: Publisher, state: Path, two: tuple[Path, Path], delegated: Path) -> TrustStore:
    """A box that knows the delegation."""
    shutil.copytree(delegated, national.keys, dirs_exist_ok=True)
    made = national.box(state)
    made.offer(national.keys / "tuf")
    return made
