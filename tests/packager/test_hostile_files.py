"""Every hostile file of the collection as a source: packed or refused by name and reason, within bounded time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.model import ITEM_FLAGS
from tests.packager.hostile_builds import Build, left_behind, watched_build

COLLECTION = os.environ.get("SHUXIANG_COLLECTION", "")

pytestmark = [
    pytest.mark.collection,
    pytest.mark.skipif(not COLLECTION, reason="SHUXIANG_COLLECTION is not set"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    paths = [path for kind in ("hostile", "epub-tests") for path in sorted((Path(COLLECTION) / kind).iterdir())]
    return watched_build(tmp_path_factory.mktemp("hostile"), [(path.name, path) for path in paths])


def test_hostile_every_row_is_kept_and_the_build_ends_within_bounds(built: Build) -> None:
    assert built.code == 1, built.said
    assert len(built.files) > 150
    assert set(built.records) == set(built.files)
    assert built.seconds < 60
    assert built.memory < 2560 << 20
    assert built.temporary < 64 << 20


def test_hostile_file_without_item_or_with_trouble_is_named_with_a_reason(built: Build) -> None:
    for record_id, name in built.files.items():
        record, about = built.records[record_id], built.problems.get(record_id, [])
        assert record.items or about, name
        for item in record.items:
            assert set(item.flags) <= set(ITEM_FLAGS)
            if item.flags:
                assert any(name in problem["field"] and problem["reason"] for problem in about), name


def test_hostile_known_faults_are_found(built: Build) -> None:
    flags = {
        built.files[i]: {flag for item in record.items for flag in item.flags} for i, record in built.records.items()
    }
    assert flags["encrypted-user-password.pdf"] == {"encrypted"}
    for name in (
        "truncated-half.pdf",
        "not-a-zip.epub",
        "billion-laughs-opf.epub",
        "id3-huge.mp3",
        "polyglot-pdf-zip.pdf",
    ):
        assert flags[name] <= {"damaged"}, name
    assert flags["truncated-half.pdf"] == {"damaged"}
    shortcut = next(i for i, name in built.files.items() if name == "windows.lnk.pdf")
    assert not built.records[shortcut].items
    assert "快捷方式" in built.problems[shortcut][0]["reason"]


def test_hostile_nothing_is_left_outside_the_bag(built: Build) -> None:
    assert left_behind(built) == set()
