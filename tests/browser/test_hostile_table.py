"""Every hostile file, made here or of the collection: what the packager says, what a reader shows; no harm of any.

Runs by name: `python -m pytest -m slow tests/browser/test_hostile_table.py` with SHUXIANG_COLLECTION. The table is
written to the path that SHUXIANG_HOSTILE_TABLE names, pictures of the readers into the folder of SHUXIANG_PICTURES.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.hostile_openings import open_file
from tests.browser.hostile_scene import MOST_MEMORY, Scene, Visit, faults_of_bytes, hostile_scene, measured, visiting
from tests.browser.hostile_table import Row, Table
from tests.hostile_collection import collection_files
from tests.hostile_drive import record_of
from tests.hostile_files import Target, hostile_files
from tests.packager.hostile_builds import left_behind, watched_build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.simulator import Record

pytestmark = [pytest.mark.browser, pytest.mark.collection, pytest.mark.slow, pytest.mark.timeout(3600)]

PICTURES = Path(os.environ["SHUXIANG_PICTURES"]) if "SHUXIANG_PICTURES" in os.environ else None
WRITTEN = os.environ.get("SHUXIANG_HOSTILE_TABLE", "")
MADE, COLLECTED = "Made by the tests", "Of the collection"


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    """The table, filled by the tests and written when it is whole."""
    filled = Table({MADE: [], COLLECTED: []})
    yield filled
    if WRITTEN and filled.whole:
        Path(WRITTEN).write_text(filled.markdown(), encoding="utf-8")


@pytest.fixture(scope="module")
def scene(collection: Path, table: Table, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A box with one drive of all these files, under the types that their names claim."""

    def records(target: Target) -> list[Record]:
        made = [record_of(file) for file in hostile_files(target)]
        table.parts[MADE] = [
            Row(file, record.id) for file, (record, _) in zip(hostile_files(target), made, strict=True)
        ]
        files = collection_files(collection / "hostile")
        held = [record_of(file, number) for number, file in enumerate(files)]
        table.parts[COLLECTED] = [Row(file, record.id) for file, (record, _) in zip(files, held, strict=True)]
        return [*made, *held]

    with hostile_scene(tmp_path_factory.mktemp("drive"), records) as made:
        yield made


@pytest.mark.usefixtures("scene")
def test_packager_packs_or_refuses_each_by_name_and_reason(
    table: Table, tmp_path_factory: pytest.TempPathFactory
) -> None:
    contents = [(row.file.name, row.file.content) for row in table.rows]
    table.build = watched_build(tmp_path_factory.mktemp("build"), contents)
    assert len(table.build.records) == len(table.rows)
    assert [row.file.name for n, row in enumerate(table.rows) if table.packed(n) == "refused"] == []
    assert left_behind(table.build) == set()


def test_no_hostile_file_does_harm_in_its_reader(browser: Browser, scene: Scene, table: Table) -> None:
    table.version = browser.version
    with visiting(browser, scene) as watch, measured(scene, table.peak):
        for row in table.rows:
            picture = PICTURES / f"{row.identity}.png" if PICTURES else None
            visit = Visit.of(watch, scene.drive.records[row.identity])
            row.opening = open_file(visit, picture)
    assert [fault for row in table.rows if row.opening for fault in row.opening.harm or ()] == []
    assert scene.outside.visits == []
    assert table.peak.own < MOST_MEMORY


def test_no_hostile_file_does_harm_when_its_bytes_are_opened(browser: Browser, scene: Scene) -> None:
    assert faults_of_bytes(browser, scene) == []
    assert scene.box.get("/health").status == 200
