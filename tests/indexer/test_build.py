from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from indexer import build_merge, build_runs, build_workers
from indexer.build import build_index, build_index_of
from indexer.codec_index import IndexFiles
from indexer.errors import BuildWorkerError, IndexerError, IndexFormatError
from indexer.formats import INDEX_FORMAT
from indexer.model import ClassCode, Creator, PublicationDate, Resource
from indexer.schema import NO_YEAR
from indexer.truth_lines import read_records
from tests.indexer.shelf import generated, resource, write_truth


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


@pytest.mark.parametrize(
    ("postings", "terms", "rows", "entries", "group"),
    [
        pytest.param(10**9, 200, 10**9, 500, 200, id="small-vocabularies"),
        pytest.param(900, 10**9, 10**9, 30, 10**6, id="few-terms-at-a-time"),
        pytest.param(10**9, 10**9, 7, 10**6, 1, id="a-term-a-group"),
        pytest.param(1, 1, 1, 1, 1, id="a-record-a-run"),
    ],
)
def test_build_cut_into_other_runs_and_groups_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postings: int, terms: int, rows: int, entries: int, group: int
) -> None:
    whole = build_index(generated(120), tmp_path / "whole")
    for name, value in (("MAX_POSTINGS", postings), ("MAX_TERMS", terms), ("MAX_ROWS", rows)):
        monkeypatch.setattr(build_runs, name, value)
    for name, value in (("ENTRIES", entries), ("GROUP", group), ("_LEAST", 16)):
        monkeypatch.setattr(build_merge, name, value)
    cut = build_index(generated(120), tmp_path / "cut")
    assert contents(tmp_path / "whole") == contents(tmp_path / "cut")
    assert (cut.records, cut.terms, cut.postings) == (whole.records, whole.terms, whole.postings)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_build_by_any_number_of_processes_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(build_workers, "PART", 40_000)
    truth, _ = write_truth(tmp_path, generated(700))
    build_index(read_records(truth), tmp_path / "alone")
    seen: list[tuple[int, int | None]] = []
    build_index_of(truth, tmp_path / "ix", workers=workers, progress=lambda *told: seen.append(told), total=700)
    assert contents(tmp_path / "alone") == contents(tmp_path / "ix")
    assert len(seen) > 1
    assert seen[-1] == (700, 700)


def test_build_parts_are_whole_lines_and_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_workers, "PART", 10)
    path = tmp_path / "lines"
    for content in (b"", b"a\n", b"no feed", b"0123456789\nabc\n", b"".join(b"x" * n + b"\n" for n in range(40))):
        path.write_bytes(content)
        parts = list(build_workers.parts_of(path))
        assert b"".join(content[p.offset :][: p.size] for p in parts) == content
        assert [p.line for p in parts] == [content[: p.offset].count(b"\n") + 1 for p in parts]
        assert all(content[: p.offset].endswith(b"\n") for p in parts[1:])


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        pytest.param(lambda lines: [*lines[:150], b"{}\n", *lines[150:]], IndexFormatError, id="no-record"),
        pytest.param(lambda lines: [*lines[100:], *lines[:100]], IndexFormatError, id="order"),
        pytest.param(lambda lines: [*lines, lines[-1]], IndexFormatError, id="twice"),
    ],
)
def test_build_by_processes_of_bad_truth_leaves_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[list[bytes]], list[bytes]],
    error: type[IndexerError],
) -> None:
    truth, _ = write_truth(tmp_path, generated(200))
    lines = truth.read_bytes().splitlines(keepends=True)
    truth.write_bytes(b"".join(spoil(lines)))
    monkeypatch.setattr(build_workers, "PART", len(lines[0]) * 10)
    with pytest.raises(error) as one:
        build_index_of(truth, tmp_path / "one", workers=1)
    with pytest.raises(error) as two:
        build_index_of(truth, tmp_path / "two", workers=2)
    assert str(one.value) == str(two.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["catalogue.jsonl", "items.txt"]


def test_build_whose_worker_dies_ends_with_an_error_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth, _ = write_truth(tmp_path, generated(50))
    start = "import os, sys\nsys.stdin.buffer.readline()\nos.kill(os.getpid(), 9)"
    monkeypatch.setattr(build_workers, "_START", start)
    with pytest.raises(BuildWorkerError, match="-9"):
        build_index_of(truth, tmp_path / "ix", workers=2)
    assert not (tmp_path / "ix").exists()


def test_build_that_fails_while_workers_write_leaves_neither_files_nor_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_workers, "PART", 20_000)
    truth, _ = write_truth(tmp_path, generated(400))
    before = set(psutil.Process().children())

    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index_of(truth, tmp_path / "ix", workers=2, progress=interrupt)
    assert not (tmp_path / "ix").exists()
    assert set(psutil.Process().children()) <= before


def test_build_whose_worker_cannot_write_ends_with_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth, _ = write_truth(tmp_path, generated(50))
    start = "import sys\nsys.path.insert(0, sys.argv[1])\nfrom indexer import build_worker\n"
    start += "def full(*_): raise OSError(28, 'no space')\nbuild_worker.write_runs = full\nbuild_worker.serve()"
    monkeypatch.setattr(build_workers, "_START", start)
    with pytest.raises(BuildWorkerError, match="no space"):
        build_index_of(truth, tmp_path / "ix", workers=2)
    assert not (tmp_path / "ix").exists()


def test_build_title_ranks_are_those_of_sorting_all_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_runs, "MAX_ROWS", 3)
    keys = ["b", "a\nb", "a\x00", "a", "a\x0b", "a\x0c", "a b", "山" * 90, "山" * 100, "山" * 85 + "a", "b", "\n", "a"]
    records = [Resource(f"r{n:02d}", "书", "book", title_sort=key) for n, key in enumerate(keys)]
    build_index(records, tmp_path / "ix")
    order = sorted(range(len(keys)), key=lambda n: keys[n].encode()[:256])
    ranks = IndexFiles(tmp_path / "ix").columns["title_rank"].tolist()
    assert sorted(range(len(keys)), key=ranks.__getitem__) == order


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
    assert columns["title_rank"].index(0) == 2  # gū before rén


def test_build_rows_over_one_block_are_all_found(tmp_path: Path) -> None:
    count = 70_000
    build_index((Resource(f"r{n:06d}", "书", "book") for n in range(count)), tmp_path / "ix")
    files = IndexFiles(tmp_path / "ix")
    figures = files.figures("x", "书")
    assert figures is not None
    rows, weights = files.postings(figures)
    assert np.array_equal(rows, np.arange(count))
    assert set(weights.tolist()) == {4}
