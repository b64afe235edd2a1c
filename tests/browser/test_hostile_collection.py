"""The collection's hostile books, documents and pictures that would run or load something, on a signed drive."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.browser.hostile_openings import open_file
from tests.browser.hostile_scene import MOST_MEMORY, Visit, hostile_scene, visiting
from tests.hostile_collection import acts, collection_files
from tests.hostile_drive import record_of

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

MOST_FILES = 20
"""All of them are opened by `tests/browser/test_hostile_table.py`, which takes minutes."""


def test_hostile_files_of_the_collection_do_no_harm(browser: Browser, collection: Path, tmp_path: Path) -> None:
    files = [file for file in collection_files(collection / "hostile") if acts(file)][:MOST_FILES]
    assert files
    records = [record_of(file, number) for number, file in enumerate(files)]
    faults: list[str] = []
    with hostile_scene(tmp_path, lambda _target: records) as scene, visiting(browser, scene) as watch:
        for record, _ in records:
            started = time.monotonic()
            faults += open_file(Visit.of(watch, scene.drive.records[record.id])).harm or ()
            assert time.monotonic() - started < 60, record.id
        assert scene.outside.visits == []
        assert scene.memory() < MOST_MEMORY
    assert not faults, "\n".join(faults)
