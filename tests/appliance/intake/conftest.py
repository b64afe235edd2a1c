"""One publisher for all tests of the intake, and folders of each test's own."""

from __future__ import annotations

import pytest

from tests.appliance.stock import Stock
from tests.simulator import SMALL


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A publisher with two releases, made once."""
    stock = Stock(tmp_path_factory.mktemp("made"))
    stock.work(1, ready=True)
    stock.work(2, ready=True, sources={**SMALL, "new": ("新书", {"n.txt": b"new"})}, supersedes=1)
    return stock


@pytest.fixture
def stock(made, tmp_path):
    """The same publisher, with folders of the test's own."""
    own = object.__new__(Stock)
    own.folder, own.publisher = tmp_path, made.publisher
    own.root_file.write_bytes(made.publisher.root)
    (tmp_path / "media").mkdir()
    return own
