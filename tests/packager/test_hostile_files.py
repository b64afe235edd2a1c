"""Every hostile file of the collection as a source: packed or refused by name and reason, within bounded time."""

from __future__ import annotations

import csv
import json
import os
import shutil
import time
from pathlib import Path

import pytest

from indexer.model import ITEM_FLAGS, load_line
from packager.build import BuildOptions, build
from packager.format.files import RealFiles

COLLECTION = os.environ.get("SHUXIANG_COLLECTION", "")
OPTIONS = BuildOptions(bundle="national", issued="2026-11-22", edition="2026.11", quiet=True)

pytestmark = [
    pytest.mark.collection,
    pytest.mark.skipif(not COLLECTION, reason="SHUXIANG_COLLECTION is not set"),
]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(files by record id, build result, records, seconds)."""
    folder = tmp_path_factory.mktemp("hostile")
    source = folder / "source"
    files = {}
    for kind in ("hostile", "epub-tests"):
        shutil.copytree(Path(COLLECTION) / kind, source / kind)
        for path in sorted((source / kind).iterdir()):
            files[f"r{len(files):04d}"] = f"{kind}/{path.name}"
    with (source / "catalogue.csv").open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "title", "type", "files"])
        rows.writerows([record_id, name, "book", name] for record_id, name in files.items())
    start = time.monotonic()
    result = build(source, folder / "work", OPTIONS, RealFiles())
    took = time.monotonic() - start
    lines = (folder / "work/bag/meta/catalogue.jsonl").read_bytes().splitlines()
    return files, result, {r.id: r for r in map(load_line, lines)}, took, folder


def test_hostile_every_row_is_kept_and_the_build_ends_in_time(built):
    files, result, records, took, _ = built
    assert len(files) > 150
    assert set(records) == set(files)
    assert result.resources == len(files)
    assert took < 60


def test_hostile_file_without_item_or_with_trouble_is_named_with_a_reason(built):
    files, result, records, _, folder = built
    reported = [json.loads(line) for line in (folder / "work/problems.jsonl").read_text("utf-8").splitlines()]
    assert len(reported) == len(result.problems)
    about = {}
    for problem in reported:
        about.setdefault(problem["id"], []).append(problem)
    for record_id, name in files.items():
        record = records[record_id]
        if not record.items:
            assert about[record_id], name
        for item in record.items:
            assert set(item.flags) <= set(ITEM_FLAGS)
            if item.flags:
                assert any(name.rpartition("/")[2] in p["field"] and p["reason"] for p in about[record_id]), name


def test_hostile_known_faults_are_found(built):
    files, _, records, _, _ = built
    flags = {
        files[i].rpartition("/")[2]: {flag for item in record.items for flag in item.flags}
        for i, record in records.items()
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


def test_hostile_nothing_is_left_outside_the_bag(built):
    _, _, records, _, folder = built
    held = {item.path for record in records.values() for item in record.items}
    data = folder / "work/bag/data"
    assert {p.relative_to(folder / "work/bag").as_posix() for p in data.rglob("*") if not p.is_dir()} == held
    assert {p.name for p in (folder / "work").iterdir()} <= {
        "bag", "build.db", "build.db-wal", "build.db-shm", "problems.jsonl", "release.json",
    }  # fmt: skip
