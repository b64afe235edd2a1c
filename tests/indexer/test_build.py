from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from indexer import build_postings
from indexer.build import build_index
from indexer.codec import INDEX_FORMAT
from indexer.codec_index import IndexFiles
from indexer.errors import IndexerError
from indexer.model import ClassCode, Creator, PublicationDate, Resource
from indexer.schema import NO_YEAR
from tests.indexer.shelf import generated, resource


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_build_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    first = build_index(generated(300), tmp_path / "a")
    second = build_index(iter(generated(300)), tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert (first.segment, first.postings, first.terms) == (second.segment, second.postings, second.terms)
    assert first.size == sum(map(len, contents(tmp_path / "a").values()))


def test_build_other_records_give_another_segment(tmp_path: Path) -> None:
    names = {build_index(generated(20, seed), tmp_path / str(seed)).segment for seed in range(4)}
    assert len(names) == 4


def test_build_sorted_in_many_groups_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_index(generated(400), tmp_path / "whole")
    monkeypatch.setattr(build_postings, "RUN", 1000)
    monkeypatch.setattr(build_postings, "GROUP", 700)
    monkeypatch.setattr(build_postings, "GROUP_TERMS", 90)
    build_index(generated(400), tmp_path / "parts")
    assert contents(tmp_path / "whole") == contents(tmp_path / "parts")


def test_build_no_records_makes_an_empty_index(tmp_path: Path) -> None:
    stats = build_index([], tmp_path / "ix")
    assert (stats.records, stats.terms, stats.postings) == (0, 0, 0)
    assert IndexFiles(tmp_path / "ix").records == 0


def test_build_file_names_are_lower_case_and_of_the_segment(tmp_path: Path) -> None:
    stats = build_index(generated(5), tmp_path / "ix")
    names = {path.name for path in (tmp_path / "ix").iterdir()}
    assert all(name == "toc.json" or name.startswith(f"main_{stats.segment}.") for name in names)
    assert all(name == name.lower() and name.isascii() for name in names)
    toc = json.loads((tmp_path / "ix" / "toc.json").read_bytes())
    assert toc["format"] == INDEX_FORMAT
    assert set(toc["files"]) == names - {"toc.json"}


def test_build_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(IndexerError):
        build_index([], tmp_path)
    assert (tmp_path / "mine").read_text() == "keep"


def test_build_failing_source_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[Resource]:
        yield from generated(10)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(broken(), tmp_path / "ix")
    assert not (tmp_path / "ix").exists()


def test_build_progress_is_told_every_thousand_and_at_the_end(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    build_index(generated(1500), tmp_path / "ix", progress=lambda done, total: seen.append((done, total)), total=1500)
    assert seen == [(1000, 1500), (1500, 1500)]


def test_build_columns_hold_what_the_record_says(tmp_path: Path) -> None:
    records = [
        resource("a", "人民日报", type="newspaper", level="serial"),
        resource("b", "人民日报 2019", parent="a", level="issue", date=PublicationDate(year_from=2019, year_to=2019)),
        resource(
            "c",
            "孤本",
            readable=False,
            parent="gone",
            language=("lzh", "zh-Hant"),
            classes=(ClassCode("clc", "i22"), ClassCode("sibu", "子")),
            creators=(Creator("沈德符", dynasty="明"),),
            date=PublicationDate(year_to=-40000, dynasty="明"),
        ),
    ]
    build_index(records, tmp_path / "ix")
    files = IndexFiles(tmp_path / "ix")
    columns = {name: column.tolist() for name, column in files.columns.items()}
    assert columns["rid"] == [0, 1, 2]
    assert columns["type"] == [3, 1, 1]
    assert columns["level"] == [2, 3, 4]
    assert columns["parent"] == [0, 1, 0]
    assert columns["readable"] == [1, 1, 0]
    assert columns["listed"] == [1, 1, 1]
    assert columns["year_from"] == [NO_YEAR, 2019, -32767]
    assert files.tables["class"][columns["class"][2]] == ("I22",)
    assert files.tables["language"][columns["language"][2]] == ("lzh", "zh-Hant")
    assert files.tables["dynasty"][columns["dynasty"][2]] == ("明",)
    assert sorted(columns["title_rank"]) == [0, 1, 2]
    assert columns["title_rank"].index(0) == 0


def test_build_rows_over_one_block_are_all_found(tmp_path: Path) -> None:
    count = 70_000
    build_index((Resource(f"r{n:06d}", "书", "book") for n in range(count)), tmp_path / "ix")
    files = IndexFiles(tmp_path / "ix")
    figures = files.figures("x", "书")
    assert figures is not None
    rows, weights = files.postings(figures)
    assert np.array_equal(rows, np.arange(count))
    assert set(weights.tolist()) == {4}
