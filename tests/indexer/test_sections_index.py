"""The index of sections: the same bytes however it is built, answers as a plain look through the texts gives them."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import codec_files, sections_build, sections_index, sections_runs
from indexer.analysis import fold, normal_text
from indexer.codec_files import BLOCK, BlockReader, MappedFile, Range, pages_of
from indexer.errors import IndexerError, IndexFormatError, LateError
from indexer.search_texts import find_text
from indexer.sections import Section, dump_section
from indexer.sections_build import build_sections
from indexer.sections_index import SectionIndex
from indexer.sections_runs import TextFile
from indexer.sections_search import Budget, excerpt, excerpts, places_in, search_sections, text_conditions

WORDS = ["人民", "民人", "共和", "春天", "遠方", "ocean", "art", "start", "1978", "，", "\n", " ", "山", "水", "在"]
QUERIES = ["人民", "人民人", "民人与", "春天远方", "远方", "art", "ocean 山", "1978", "水", "山水在", "不存在"]


Texts = dict[tuple[int, int], list[Section]]


def text_files(folder: Path, seed: int = 1, resources: int = 12) -> tuple[list[TextFile], Texts]:
    """Files of sections of some records, every third with two texts, and what is in them."""
    rng = random.Random(seed)
    files: list[TextFile] = []
    held: Texts = {}
    for resource in range(1, 3 * resources, 3):
        for item in range(1 + (resource % 9 == 1)):
            sections = [
                Section(n, "page", label=f"{n}", target=str(n), text="".join(rng.choices(WORDS, k=rng.randint(0, 30))))
                for n in range(1, rng.randint(2, 7))
            ]
            path = folder / f"{resource}-{item}.jsonl"
            path.write_bytes(b"".join(map(dump_section, sections)))
            files.append(TextFile(resource, item, path, path.stat().st_size))
            held[resource, item] = sections
    return files, held


def opened(folder: Path, records: int = 100) -> SectionIndex:
    """The index in a folder."""
    return SectionIndex(lambda name: MappedFile(folder / name), records)


def holds(text: str, query: str) -> bool:
    """Whether a text holds all words of a query, looked at by itself."""
    normal = normal_text(fold(text))
    return all(find_text(normal, word) is not None for word in normal_text(fold(query)).split())


def test_every_worker_makes_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, _ = text_files(tmp_path)
    one = build_sections(files, tmp_path / "one", records=100)
    two = build_sections(files, tmp_path / "two", records=100, workers=2)
    monkeypatch.setattr(sections_runs, "MAX_POSTINGS", 50)
    small = build_sections(files, tmp_path / "small", records=100)
    assert one.segment == two.segment == small.segment
    assert one.sections == sum(file.path.read_bytes().count(b"\n") for file in files)
    assert one.texts == len(files)
    for path in (tmp_path / "one").iterdir():
        assert (
            path.read_bytes()
            == (tmp_path / "two" / path.name).read_bytes()
            == (tmp_path / "small" / path.name).read_bytes()
        )


@pytest.mark.parametrize("query", QUERIES)
def test_finds_what_a_look_through_the_texts_finds(tmp_path: Path, query: str) -> None:
    files, held = text_files(tmp_path, resources=40)
    build_sections(files, tmp_path / "index", records=200)
    index = opened(tmp_path / "index", 200)
    conditions = text_conditions(query)
    expected = {resource for (resource, _), sections in held.items() for s in sections if holds(s.text, query)}
    found = search_sections(index, conditions, Budget(60, texts=100_000))
    assert found.exact
    assert set(found.rows.tolist()) == expected
    assert found.rows.tolist() == sorted(expected)
    assert (found.scores > 1).all()
    for resource, row in zip(found.rows.tolist(), found.sections.tolist(), strict=True):
        shown = excerpt(index, row, conditions)
        assert index.item_of(row)[0] == resource
        assert shown.section in held[resource, shown.item]
        assert holds(shown.section.text, query)
        assert fold(shown.match) in fold(shown.text)
        assert shown.marks
        places, whole = places_in(index, resource, conditions, Budget(60, texts=100_000))
        sections = [s for item in (0, 1) for s in held.get((resource, item), [])]
        assert whole
        assert [index.section(place) for place in places.tolist()] == [s for s in sections if holds(s.text, query)]
    assert not len(places_in(index, 0, conditions, Budget())[0])


@pytest.mark.parametrize("block", [40, 97, 1024])
def test_lines_are_found_wherever_blocks_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    for module in (sections_build, sections_index):
        monkeypatch.setattr(module, "BLOCK", block)
    monkeypatch.setattr(sections_runs, "MAX_POSTINGS", 60)
    files, held = text_files(tmp_path, resources=20)
    build_sections(files, tmp_path / "index", records=100)
    index = opened(tmp_path / "index")
    expected = [section for file in files for section in held[file.resource, file.item]]
    index.bring(range(len(expected)))
    assert [index.section(row) for row in range(index.sections)] == expected
    for row in (-1, index.sections):
        with pytest.raises(IndexFormatError):
            index.section(row)


class Late(MappedFile):
    """A file of which only so many blocks come in time."""

    left = 0

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.here: set[int] = set()

    def bring(self, ranges: Iterable[Range]) -> None:
        for first, last in pages_of(ranges, self.size, BLOCK):
            for number in range(first, last):
                if number not in self.here and Late.left > 0:
                    Late.left -= 1
                    self.here.add(number)

    def read(self, offset: int, length: int) -> memoryview[int]:
        self.bring([(offset, length)])
        wanted = set(range(offset // BLOCK, -(-(offset + length) // BLOCK)))
        if self.name.endswith((".txt", ".pst", ".trm")) and offset > 8 and not wanted <= self.here:
            raise LateError
        return super().read(offset, length)


@pytest.mark.parametrize("left", [0, 1, 2, 3, 4, 6, 9, 99_999])
@pytest.mark.parametrize("query", ["春天远方", "人民 水", "水", "人民人"])
def test_what_does_not_come_in_time_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, left: int
) -> None:
    for module in (sections_build, sections_index, codec_files):
        monkeypatch.setattr(module, "BLOCK", 256)
    monkeypatch.setitem(globals(), "BLOCK", 256)
    files, held = text_files(tmp_path, resources=60)
    build_sections(files, tmp_path / "index", records=200)
    index = SectionIndex(lambda name: Late(tmp_path / "index" / name), 200)
    conditions, ended = text_conditions(query), Budget(0)
    Late.left = left
    expected = {resource for (resource, _), sections in held.items() for s in sections if holds(s.text, query)}
    try:
        found = search_sections(index, conditions, Budget(60, texts=99_999) if left == 99_999 else ended)
    except LateError:
        assert left < 99_999
        return
    sure = {row for row, score in zip(found.rows.tolist(), found.scores.tolist(), strict=True) if score > 1}
    assert sure <= expected
    if found.exact:
        assert set(found.rows.tolist()) == expected
    shown = excerpts(index, found.sections.tolist(), conditions)
    assert all(place is None or place.section.text for place in shown)
    assert found.exact or left < 99_999


def test_a_budget_ends_the_comparing_and_says_so(tmp_path: Path) -> None:
    files, held = text_files(tmp_path, resources=60)
    build_sections(files, tmp_path / "index", records=200)
    index = opened(tmp_path / "index", 200)
    found = search_sections(index, text_conditions("春天远方"), Budget(60, texts=3))
    assert not found.exact
    assert (found.scores > 1).sum() <= 3
    best = found.sections[found.scores > 1]
    assert all(holds(index.section(row).text, "春天远方") for row in best.tolist())
    assert held


def test_a_field_is_not_looked_for_in_texts() -> None:
    assert text_conditions("title:春天") == ()
    assert text_conditions("") == ()
    assert text_conditions("，") == ()
    assert [c.text for c in text_conditions("春天 art")] == ["春天", "art"]
    for more in ("春天 -art", "春天 OR 秋天", "(春天 | 秋天)", "春天 或 秋天", "作者:春天", "comp*"):
        assert text_conditions(more) == (), more
    assert [c.text for c in text_conditions("读者 第3期")] == ["读者", "第3期"]
    assert sum(len(c.terms) for c in text_conditions("第3期 " + "天地玄黄" * 60)) <= 24


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    stats = build_sections([], tmp_path / "index", records=3)
    assert stats.sections == 0
    index = opened(tmp_path / "index", 3)
    assert not len(search_sections(index, text_conditions("人民"), Budget()).rows)


def test_of_another_catalogue_it_is_refused(tmp_path: Path) -> None:
    files, _ = text_files(tmp_path)
    build_sections(files, tmp_path / "index", records=100)
    with pytest.raises(IndexFormatError):
        opened(tmp_path / "index", 99)
    with pytest.raises(IndexerError):
        build_sections(files, tmp_path / "index", records=100)


def test_a_file_that_holds_no_sections_ends_the_build_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_bytes(b'{"n":2}\n')
    for workers in (1, 2):
        with pytest.raises(IndexFormatError):
            build_sections([TextFile(0, 0, tmp_path / "bad.jsonl", 8)], tmp_path / "x", records=1, workers=workers)
        assert not (tmp_path / "x").exists()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_crafted_files_give_answers_or_a_typed_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("crafted")
    files, _ = text_files(folder, resources=5)
    build_sections(files, folder / "index", records=100)
    path = data.draw(st.sampled_from(sorted((folder / "index").iterdir())))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        index = opened(folder / "index")
        for query in QUERIES:
            conditions = text_conditions(query)
            found = search_sections(index, conditions, Budget(5))
            for resource, row in zip(found.rows.tolist(), found.sections.tolist(), strict=True):
                assert 0 <= resource < 100
                excerpt(index, row, conditions)
                places_in(index, resource, conditions, Budget(5))
    except IndexFormatError:
        pass
    shutil.rmtree(folder)


def test_a_reader_that_fails_gives_its_own_error(tmp_path: Path) -> None:
    files, _ = text_files(tmp_path)
    build_sections(files, tmp_path / "index", records=100)

    class Torn(MappedFile):
        def read(self, offset: int, length: int) -> memoryview[int]:
            if self.name.endswith(".pst") and offset > 8:
                raise IndexFormatError(self.name, "a chunk is damaged")
            return super().read(offset, length)

    def torn(name: str) -> BlockReader:
        return Torn(tmp_path / "index" / name)

    index = SectionIndex(torn, 100)
    with pytest.raises(IndexFormatError):
        search_sections(index, text_conditions("人民"), Budget())
