"""A source folder, row by row."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from packager.errors import SourceError
from packager.sources import folder as folder_module
from packager.sources import tables
from packager.sources.folder import Problem, Source, SourceEntry, open_source

HEADER = "id,title,type,files\n"


def source(folder: Path, text: str | bytes, name: str = "catalogue.csv") -> Source:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return open_source(folder)


def read(folder: Path, text: str | bytes, name: str = "catalogue.csv") -> tuple[list[SourceEntry], list[Problem]]:
    opened = source(folder, text, name)
    entries = list(opened)
    return entries, opened.problems


def ids(entries: list[SourceEntry]) -> list[str]:
    return [e.resource.id for e in entries]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_source_encodings_and_line_ends_give_the_same_records(tmp_path: Path, encoding: str, ending: str) -> None:
    text = 'id,title,description\nA1,红楼梦,清代的小说\nA2,三国演义,"两行\n简介"\nA3,水浒传,好看的书\n'
    entries, problems = read(tmp_path, text.replace("\n", ending).encode(encoding))
    assert [(e.resource.title, e.resource.description) for e in entries] == [
        ("红楼梦", "清代的小说"), ("三国演义", "两行\n简介"), ("水浒传", "好看的书"),
    ]  # fmt: skip
    assert [e.line for e in entries] == [2, 3, 5]
    assert all("类型" in p.reason for p in problems)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_source_delimiters_are_recognised(tmp_path: Path, delimiter: str) -> None:
    entries, _ = read(tmp_path, delimiter.join(["id", "title", "type"]) + "\n" + delimiter.join(["A1", "论语", "book"]))
    assert ids(entries) == ["A1"]


def test_source_gb18030_below_a_long_ascii_head_is_recognised(tmp_path: Path) -> None:
    rows = "".join(f"A{i},t,book,\n" for i in range(10_000)) + "B1,红楼梦,book,\n"
    entries, problems = read(tmp_path, (HEADER + rows).encode("gb18030"))
    assert entries[-1].resource.title == "红楼梦"
    assert problems == []


def test_source_bad_rows_are_reported_with_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    text = (
        HEADER
        + "A1,论语,book,\n"
        + ",没有编号,book,\n"
        + "坏 号,题,book,\n"
        + "A2,,book,\n"
        + "a1,重复,book,\n"
        + '\n"A3","引""号","book",""\n'
        + "local:x,本馆,book,\n"
        + "A4,多,book,,多出来\n"
        + "A5,少\n"
        + "A6,题,book,\n"
    )
    entries, problems = read(tmp_path, text)
    assert ids(entries) == ["A1", "A3", "A4", "A5", "A6"]
    assert entries[1].resource.title == '引"号'
    assert [(p.line, p.id, p.field, p.kept) for p in problems] == [
        (3, "", "id", False),
        (4, "坏 号", "id", False),
        (5, "A2", "title", False),
        (6, "a1", "id", False),
        (9, "local:x", "id", False),
        (10, "A4", "", True),
        (11, "A5", "", True),
        (11, "A5", "", True),
    ]


def test_source_unclosed_quote_spoils_its_own_line_only(tmp_path: Path) -> None:
    text = HEADER + 'A1,"开了不关,book,\nA2,论语,book,\nA3,"两\n行",book,\nA4,5" 盘,book,\nA5,大学,book,\n'
    entries, problems = read(tmp_path, text)
    # The stray mark closes at the next one, so lines 2 to 4 are one row without its columns; what follows is whole.
    assert ids(entries)[-2:] == ["A4", "A5"]
    assert problems
    entries, problems = read(tmp_path, HEADER + 'A1,"开了不关,book,\nA2,论语,book,\nA3,大学,book,\n')
    assert ids(entries) == ["A2", "A3"]
    assert [(p.line, p.kept) for p in problems] == [(2, False)]


def test_source_unclosed_quote_far_from_the_end_is_found_by_the_row_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAX_ROW_LINES", 20)
    text = HEADER + 'A0,"开了不关,book,\n' + "".join(f"A{i},题,book,\n" for i in range(1, 60))
    entries, problems = read(tmp_path, text)
    assert len(entries) == 59
    assert [p.line for p in problems] == [2]


def test_source_line_too_long_is_reported_and_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_LINE", 100)
    entries, problems = read(tmp_path, HEADER + "A1," + "长" * 350 + ",book,\nA2,短,book,\n")
    assert ids(entries) == ["A2"]
    assert [(p.line, p.kept) for p in problems] == [(2, False)]


def test_source_mixed_encodings_are_judged_row_by_row(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbfid,title,type\r\n" + b"1,\x00nul,book\r\n" + "2,红楼梦,book\r\n".encode("gbk")
    raw += "3,红楼".encode() + b"\xff,book\r\n" + "4,水浒传,book\r\n".encode()
    entries, problems = read(tmp_path, raw)
    assert [(e.resource.id, e.resource.title) for e in entries] == [("1", "nul"), ("2", "红楼梦"), ("4", "水浒传")]
    assert [(p.line, p.kept) for p in problems] == [(2, True), (3, True), (4, False)]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n\n",
        b"title,type\nx,book\n",
        b"\xff\xfe",
        b"id\nA1\n",
        b'"id,title\nA1,x\n',
        b"\0\0\0\0",
        b"PK\x03\x04\x00\xff\xfe",
    ],
)
def test_source_without_usable_header_gives_nothing_or_source_error(tmp_path: Path, text: bytes) -> None:
    try:
        entries, _ = read(tmp_path, text)
    except SourceError:
        return
    assert entries == []


def test_open_source_without_catalogue_raises(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"catalogue\.csv"):
        open_source(tmp_path)
    with pytest.raises(SourceError):
        open_source(tmp_path / "nothing")
    (tmp_path / "other.csv").write_text(HEADER)
    (tmp_path / "catalogue.csv").symlink_to(tmp_path / "other.csv")
    with pytest.raises(SourceError):
        open_source(tmp_path)


def test_source_unknown_columns_are_said_once_and_kept(tmp_path: Path) -> None:
    rows = "".join(f"A{i},t,book,红,\n" for i in range(5))
    entries, problems = read(tmp_path, "id,title,type,颜色,files\n" + rows)
    assert [(p.field, p.line) for p in problems] == [("颜色", 2)]
    assert all(e.resource.extra[0].value == "红" for e in entries)


def test_source_files_are_resolved_and_faults_reported(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    for name in ("a.epub", "甲；乙.pdf", "丙.pdf", "丁.pdf"):
        (tmp_path / "f" / name).write_bytes(b"x")
    text = (
        HEADER
        + "A1,t,book,f/a.epub;;f/A.EPUB; f/none.pdf\n"
        + "A2,t,book,f/甲；乙.pdf\n"
        + "A3,t,book,f/丙.pdf；f/丁.pdf\n"
        + "A4,t,book,../x;f\n"
        + "A5,t,book,\n"
    )
    entries, problems = read(tmp_path, text)
    assert [[f.name for f in e.files] for e in entries] == [
        ["f/a.epub"],
        ["f/甲；乙.pdf"],
        ["f/丙.pdf", "f/丁.pdf"],
        [],
        [],
    ]
    assert [(p.id, p.field) for p in problems] == [
        ("A1", "f/A.EPUB"), ("A1", "f/none.pdf"), ("A4", "../x"), ("A4", "f"), ("A4", "files"),
    ]  # fmt: skip
    assert all(p.kept for p in problems)


def test_source_odd_names_are_found_and_written_down_safely(tmp_path: Path) -> None:
    odd = ["a\u202eb.txt", "零\u200b宽.txt", " 前空格.txt", "换\n行.txt", "CON.txt", "x" * 251 + ".txt", "e\u0301.txt"]
    for name in odd:
        (tmp_path / name).write_bytes(b"x")
    rows = [{"id": "A1", "title": "t", "type": "book", "files": [*odd, "no\u202e.txt", "\udcff.txt"]}]
    rows.append({"id": "A2", "title": "t", "type": "book", "files": "a\u202eb.txt;零\u200b宽.txt"})
    entries, problems = read(tmp_path, "\n".join(map(json.dumps, rows)), "catalogue.jsonl")
    assert [f.path.name for f in entries[0].files] == odd
    assert [f.path.name for f in entries[1].files] == odd[:2]
    assert [p.field for p in problems] == ["no\\u202e.txt", "\\udcff.txt"]


def test_source_jsonl_takes_compact_and_canonical_lines(tmp_path: Path) -> None:
    (tmp_path / "a;b.pdf").write_bytes(b"x")
    lines = [
        json.dumps({"id": "A1", "title": "论语", "type": "book", "creator": "孔子", "files": "a;b.pdf"}),
        json.dumps({"id": "A2", "title": "t", "type": "book", "files": ["a;b.pdf"], "creators": [{"name": "x"}],
                    "odd": 1}),
        "", "[1]", "{", json.dumps({"id": "A3"}), json.dumps({"id": "A1", "title": "t"}), "[" * 100_000,
        json.dumps({"id": "A4", "title": "\ud800", "type": "poem"}),
        json.dumps({"id": "A5", "title": "t", "type": "book", "odd": 2}),
    ]  # fmt: skip
    entries, problems = read(tmp_path, "\n".join(lines), "catalogue.jsonl")
    assert ids(entries) == ["A1", "A2", "A4", "A5"]
    assert [[f.name for f in e.files] for e in entries] == [[], ["a;b.pdf"], [], []]
    assert [(p.line, p.kept) for p in problems if not p.kept] == [
        (4, False),
        (5, False),
        (6, False),
        (7, False),
        (8, False),
    ]
    assert [p.field for p in problems if p.field == "odd"] == ["odd"]


def test_source_is_read_anew_by_each_iteration(tmp_path: Path) -> None:
    opened = source(tmp_path, HEADER + "A1,t,book,\nA1,t,book,\n")
    assert ids(list(opened)) == ids(list(opened)) == ["A1"]
    assert len(opened.problems) == opened.problem_count == 1


def test_source_problems_are_bounded_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "MAX_PROBLEMS", 10)
    opened = source(tmp_path, HEADER + ",,,\n" * 5 + ",x,book,\n" * 50)
    assert list(opened) == []
    assert (len(opened.problems), opened.problem_count) == (10, 50)


def test_source_more_records_than_allowed_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "MAX_RECORDS", 3)
    with pytest.raises(SourceError, match="3"):
        list(source(tmp_path, HEADER + "".join(f"A{i},t,book,\n" for i in range(5))))


def test_source_holds_ids_only_in_memory(tmp_path: Path) -> None:
    filler = "很" * 2000
    opened = source(tmp_path, "id,title,type,description\n" + "".join(f"A{i},t,book,{filler}\n" for i in range(2000)))
    sum(1 for _ in opened)
    tracemalloc.start()
    count = sum(1 for _ in opened)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 2000
    assert peak < 1_500_000  # the texts alone are 12 MB


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["catalogue.csv", "catalogue.jsonl"]))
@example(b"\x00\t\x00 ", "catalogue.csv")
@example(b'"', "catalogue.csv")
def test_source_any_bytes_never_break_the_reading(tmp_path: Path, raw: bytes, name: str) -> None:
    for known in ("catalogue.csv", "catalogue.jsonl"):
        (tmp_path / known).unlink(missing_ok=True)
    first = b"id,title\nA1,t\n" if name.endswith("csv") else b'{"id":"A1","title":"t"}\n'
    entries, problems = read(tmp_path, first + raw, name)
    assert all(p.line >= 0 for p in problems)
    assert len({i.casefold() for i in ids(entries)}) == len(entries)
