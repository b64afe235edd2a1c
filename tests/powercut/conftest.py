"""One publisher for all recordings, and a folder in memory: thousands of states are written and thrown away."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.appliance.stock import Stock
from tests.powercut.stories import make_stock

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="package")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one, else on the disk."""
    place = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="powercut-", dir=place) as name:
        yield Path(name)


@pytest.fixture(scope="package")
def stock(memory: Path) -> Stock:
    """Three releases that follow each other, signed."""
    return make_stock(memory / "stock")


@pytest.fixture
def scratch(memory: Path) -> Iterator[Path]:
    """An empty folder."""
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)
