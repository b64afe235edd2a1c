"""items.txt and the line reader below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.model import Item, Resource
from packager.format.errors import FormatError, LayoutError, TooLargeError
from packager.format.items import MAX_ITEM_SIZE, ItemLine, item_lines, read_items, write_items
from packager.format.lines import RowFormat, read_rows
from tests.simulator import FastFiles

FILES = FastFiles()
SHA = "0" * 64
PATHS = st.from_regex(r"data/[a-z2-7]{2}/[a-z0-9_-][a-z0-9._-]{0,30}", fullmatch=True)
LINES = st.builds(
    ItemLine, st.from_regex(r"[0-9a-f]{64}", fullmatch=True), st.integers(min_value=0, max_value=MAX_ITEM_SIZE), PATHS
)


def item(path: str, size: int = 1) -> Item:
    return Item("i", "part", 0, path, "text/plain", size, SHA)


def test_item_lines_are_sorted_by_path() -> None:
    resources = [
        Resource("b", "t", "book", items=(item("data/zz/a"), item("data/aa/b"))),
        Resource("a", "t", "book", items=(item("data/mm/c", 7),)),
    ]
    assert [line.path for line in item_lines(resources)] == ["data/aa/b", "data/mm/c", "data/zz/a"]


def test_item_lines_path_of_two_items_is_refused() -> None:
    with pytest.raises(FormatError, match="two items"):
        item_lines([Resource("b", "t", "book", items=(item("data/a/b"), item("data/a/b")))])


@settings(max_examples=40)
@given(st.lists(LINES, max_size=20, unique_by=lambda line: line.path))
def test_write_items_then_read_items_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, lines: list[ItemLine]
) -> None:
    path = tmp_path_factory.mktemp("items") / "items.txt"
    ordered = sorted(lines, key=lambda line: line.path)
    _, size = write_items(path, ordered, FILES)
    assert list(read_items(path)) == ordered
    assert path.stat().st_size == size


@given(st.binary(max_size=300))
def test_read_items_any_bytes_are_lines_or_an_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("items") / "items.txt"
    path.write_bytes(content)
    try:
        found = list(read_items(path))
    except FormatError:
        return
    assert b"".join(line.to_bytes() for line in found) == content


GOOD = f"{SHA} 5 data/a/b\n"


@pytest.mark.parametrize(
    "text",
    [
        GOOD[:-1],
        GOOD + "\n",
        GOOD.replace(" 5 ", " 05 "),
        GOOD.replace(" 5 ", " -5 "),
        GOOD.replace(" 5 ", "  5 "),
        GOOD.replace(" 5 ", f" {MAX_ITEM_SIZE + 1} "),
        GOOD.replace("0 5", "F 5"),
        GOOD.replace("data/a/b", "data/../b"),
        GOOD.replace("data/a/b", "data/A/b"),
        GOOD.replace("data/a/b", "meta/a"),
        GOOD.replace("data/a/b", "data/a b"),
        GOOD.replace("\n", "\r\n"),
        GOOD + GOOD,
        GOOD.replace("a/b", "b/b") + GOOD,
        "\ufeff" + GOOD,
    ],
)
def test_read_items_malformed_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "items.txt").write_bytes(text.encode())
    with pytest.raises(FormatError):
        list(read_items(tmp_path / "items.txt"))


def test_read_items_too_many_or_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "items.txt"
    path.write_text(GOOD + GOOD.replace("a/b", "a/c"))
    assert len(list(read_items(path, max_count=2))) == 2
    with pytest.raises(TooLargeError):
        list(read_items(path, max_count=1))
    path.write_bytes(b"0" * 10_000_000)
    with pytest.raises(TooLargeError):
        list(read_items(path))


def test_write_items_bad_input_keeps_nothing(tmp_path: Path) -> None:
    path = tmp_path / "items.txt"
    for lines in (
        [ItemLine(SHA, 1, "data/b"), ItemLine(SHA, 1, "data/a")],
        [ItemLine(SHA, 1, "data/a"), ItemLine(SHA, 1, "data/a")],
        [ItemLine("x", 1, "data/a")],
        [ItemLine(SHA, MAX_ITEM_SIZE + 1, "data/a")],
    ):
        with pytest.raises(FormatError):
            write_items(path, lines, FILES)
    with pytest.raises(LayoutError):
        write_items(path, [ItemLine(SHA, 1, "data/..")], FILES)
    assert not path.exists()


def test_read_items_empty_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"")
    assert list(read_items(tmp_path / "f")) == []


def long_list(count: int) -> list[ItemLine]:
    return [ItemLine(f"{n:064x}", n, f"data/aa/{n:08d}" + "x" * 150) for n in range(count)]


def test_read_items_more_than_a_block_gives_all(tmp_path: Path) -> None:
    lines = long_list(10_000)
    write_items(tmp_path / "f", lines, FILES)
    assert (tmp_path / "f").stat().st_size > 2 << 20
    assert list(read_items(tmp_path / "f")) == lines


@pytest.mark.parametrize("fault", ["order", "twice", "cut", "gap", "path", "long path", "long line"])
def test_read_items_fault_in_a_later_block_is_found_and_named(tmp_path: Path, fault: str) -> None:
    lines = [line.to_bytes() for line in long_list(10_000)]
    at = 9000
    if fault == "order":
        lines[at], lines[at + 1] = lines[at + 1], lines[at]
    elif fault == "twice":
        lines[at] = lines[at - 1]
    elif fault == "cut":
        lines[-1] = lines[-1][:-1]
    elif fault == "gap":
        lines[at] = b"?" + lines[at]
    else:
        tail = {"path": b"/.hidden\n", "long path": b"y" * 40 + b"\n", "long line": b"y" * 400 + b"\n"}[fault]
        lines[at] = lines[at][:-1] + tail
    (tmp_path / "f").write_bytes(b"".join(lines))
    with pytest.raises(FormatError) as caught:
        list(read_items(tmp_path / "f"))
    if fault in {"gap", "path", "long path"}:
        assert "line 9001" in str(caught.value)


def test_read_rows_whatever_passes_line_by_line_passes_as_a_block(tmp_path: Path) -> None:
    """Both ways of reading must agree; a form whose line check is laxer than its pattern is refused all the same."""
    path = tmp_path / "f"
    path.write_bytes(b"x a\nx b\n")
    form = RowFormat(re.compile(rb"(y) ([a-z])\n"), 2, 10, lambda line, _: line[2:].decode())
    with pytest.raises(FormatError, match="malformed"):
        list(read_rows(path, form, max_count=9))
