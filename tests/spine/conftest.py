"""One builder, one generated collection, one box for all tests of the whole path; the real collection beside it."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest

from tests.box import Box, make_drive, make_keys, running
from tests.generated import Generated, make_collection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for keys, work and drives of these tests."""
    return tmp_path_factory.mktemp("spine")


@pytest.fixture(scope="session")
def keys(bench: Path) -> Path:
    """Demonstration keys."""
    return make_keys(bench / "keys")


@pytest.fixture(scope="session")
def generated(bench: Path) -> Generated:
    """The collection made on the spot."""
    folder = bench / "generated" / "collection"
    folder.mkdir(parents=True)
    return make_collection(folder)


@pytest.fixture(scope="session")
def drive(bench: Path, keys: Path, generated: Generated) -> Path:
    """A drive of the generated collection."""
    make_drive(generated.folder, bench / "work", keys, bench / "drive", expect=(1,))
    return bench / "drive"


@pytest.fixture(scope="session")
def box(bench: Path, drive: Path, generated: Generated) -> Iterator[Box]:
    """A box with that drive plugged in, serving."""
    with running(Box(bench / "box", bench / "keys/root.json", [drive])) as box:
        box.wait_resources(len(generated.good))
        yield box


@pytest.fixture(scope="session")
def real(collection: Path, bench: Path) -> Iterator[Box]:
    """A box with a drive of the collection."""
    keys = make_keys(bench / "real-keys")
    make_drive(collection, bench / "real-work", keys, bench / "real-drive")
    with running(Box(bench / "real-box", keys / "root.json", [bench / "real-drive"])) as box:
        with (collection / "catalogue.csv").open(encoding="utf-8-sig", newline="") as file:
            box.wait_resources(sum(1 for _ in csv.DictReader(file)))
        yield box


@pytest.fixture(scope="session")
def rows(collection: Path) -> list[dict[str, str]]:
    """The rows of the collection's catalogue."""
    with (collection / "catalogue.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
