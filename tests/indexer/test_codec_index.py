"""Hostile index files: whatever stands in them, the only thing that happens is the typed error."""

from __future__ import annotations

import json
import pickle
import random
import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.build import build_index
from indexer.catalogue import Catalogue
from indexer.codec_files import MappedFile
from indexer.codec_index import IndexFiles
from indexer.errors import IndexFormatError
from indexer.model import LEVELS
from indexer.search import Part, Searcher, SearchRequest
from tests.indexer.shelf import generated, make_part

QUERIES = (
    "", "人民", "红楼梦 -山水", "曹雪芹 OR abc", "人", "title:山水", "isbn:9780000000003", "红楼 2019年第3期",
    "ab* | 光绪二十三年",
)  # fmt: skip

MEANT = ("红楼孟", "红漏梦", "hongluomeng", "hlm", "renminribao", "曹学芹")
TYPED = ("红", "人民日报", "honglou", "hlm", "hongl", "红lou", "日报")


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Part:
    return make_part(tmp_path_factory.mktemp("hostile"), generated(120))


@pytest.fixture
def folder(part: Part, tmp_path: Path) -> Path:
    return Path(shutil.copytree(part.index, tmp_path / "search"))


def use(folder: Path, catalogue: Catalogue) -> None:
    """Open the index and ask it things, as the appliance would."""
    searcher = Searcher([Part(folder, catalogue)])
    try:
        for query in QUERIES:
            for sort in ("relevance", "title"):
                searcher.search(SearchRequest(q=query, sort=sort))
        for query in MEANT:
            searcher.search(SearchRequest(q=query, mend="search"))
        for typed in TYPED:
            for face in ("standard", "child"):
                searcher.suggest(typed, face=face)
    finally:
        searcher.close()


def files_of(folder: Path) -> Iterator[Path]:
    return iter(sorted(folder.iterdir()))


def test_index_untouched_answers(folder: Path, part: Part) -> None:
    use(folder, part.catalogue)


def test_index_with_any_file_missing_is_refused(folder: Path, part: Part) -> None:
    for path in files_of(folder):
        kept = path.read_bytes()
        path.unlink()
        with pytest.raises(IndexFormatError):
            use(folder, part.catalogue)
        path.write_bytes(kept)


@pytest.mark.parametrize("cut", [0, 1, -1])
def test_index_with_any_file_cut_or_longer_is_refused(folder: Path, part: Part, cut: int) -> None:
    for path in files_of(folder):
        kept = path.read_bytes()
        path.write_bytes(kept + b"x" if cut == 1 else kept[:cut])
        with pytest.raises(IndexFormatError):
            use(folder, part.catalogue)
        path.write_bytes(kept)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 99), place=st.integers(0, 1 << 20), noise=st.binary(min_size=1, max_size=8))
def test_index_with_bytes_changed_gives_answers_or_the_typed_error(
    folder: Path, part: Part, which: int, place: int, noise: bytes
) -> None:
    path = list(files_of(folder))[which % len(list(files_of(folder)))]
    kept = path.read_bytes()
    changed = bytearray(kept)
    start = place % len(kept)
    changed[start : start + len(noise)] = noise
    path.write_bytes(changed[: len(kept)])
    try:
        use(folder, part.catalogue)
    except IndexFormatError:
        pass
    finally:
        path.write_bytes(kept)


def rewrite_toc(folder: Path, **members: object) -> None:
    toc = json.loads((folder / "toc.json").read_bytes())
    toc.update(members)
    (folder / "toc.json").write_text(json.dumps(toc))


@pytest.mark.parametrize(
    "members",
    [
        {"format": "shuxiang-index-0"},
        {"records": -1},
        {"records": 1 << 40},
        {"records": True},
        {"records": "120"},
        {"records": 119},
        {"segment": "../../../../etc/passwd"},
        {"segment": "0" * 15},
        {"segment": None},
        {"files": []},
        {"files": {}},
        {"tables": {}},
        {"tables": {"class": [["I"]], "dynasty": [[]], "language": [[]], "places": [[]]}},
        {"tables": {"class": [[]], "dynasty": [[]], "language": [[]], "places": [[]]}},
        {"tables": {"class": [[], [1]], "dynasty": [[]], "language": [[]], "places": [[]]}},
        {"tables": []},
        {"total_length": None},
        {"total_length": 10**400},
    ],
)
def test_index_with_another_table_of_contents_is_refused(folder: Path, part: Part, members: dict[str, object]) -> None:
    rewrite_toc(folder, **members)
    with pytest.raises(IndexFormatError):
        use(folder, part.catalogue)


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'{"format":"shuxiang-index-2"}'])
def test_index_with_a_table_of_contents_that_is_none_is_refused(folder: Path, part: Part, text: bytes) -> None:
    (folder / "toc.json").write_bytes(text)
    with pytest.raises(IndexFormatError):
        use(folder, part.catalogue)


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.mark,)


def test_index_with_pickles_planted_never_runs_them(folder: Path, part: Part, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    bomb = pickle.dumps(Bomb(mark))
    for path in files_of(folder):
        kept = path.read_bytes()
        for planted in (bomb + kept[len(bomb) :], bomb, kept + bomb):
            path.write_bytes(planted)
            with suppress(IndexFormatError):
                use(folder, part.catalogue)
        path.write_bytes(kept)
    assert not mark.exists()
    pickle.loads(bomb)  # noqa: S301
    assert mark.exists()


HUGE = (b"\xff" * 8, b"\xff\xff\xff\x7f", b"\0" * 8)
SECONDS, MEMORY = 1.0, 96 << 10
"""What a crafted index may cost: processor time of one, and KiB that the process grows by over all."""


def crafted(kept: bytes, chance: random.Random) -> Iterator[bytes]:
    """Files as long as before, so that they are opened: huge counts and offsets, pieces that repeat or are moved."""
    size = len(kept)
    if size > 1000:  # what is not a column has heads and offsets
        for value in HUGE:
            for place in (8, 12, 16, 24, chance.randrange(size), chance.randrange(size), size - 8):
                yield (kept[:place] + value + kept[place + len(value) :])[:size]
    yield b"\xff" * size
    yield b"\0" * size
    yield kept[::-1]
    yield (kept[: size // 2] * 3)[:size]


def test_index_with_each_file_crafted_is_refused_or_answers_within_bounds(folder: Path, part: Part) -> None:
    chance = random.Random(4)

    def ask() -> None:
        searcher = Searcher([Part(folder, part.catalogue)])
        try:
            for query in ("人民 OR (红楼梦 -山水)", "红楼 2019年第3期", "ab* | 光绪二十三年", "正文:日报人", "gb1803"):
                searcher.search(SearchRequest(q=query, size=2))
        finally:
            searcher.close()

    ask()  # what is made once is not counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in files_of(folder):
        kept = path.read_bytes()
        for content in crafted(kept, chance):
            path.write_bytes(content)
            started = time.thread_time()
            with suppress(IndexFormatError):
                ask()
            assert time.thread_time() - started < SECONDS, path.name
        path.write_bytes(kept)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY


@pytest.mark.parametrize(
    "parents", [[1], [2, 1], [2, 3, 1], [120] * 120, [121] * 120, [1 << 31] * 120, [0xFFFFFFFF] * 120]
)
def test_index_with_parents_in_a_circle_or_outside(folder: Path, part: Part, parents: list[int]) -> None:
    path = next(folder.glob("*.parent.col"))
    column = np.frombuffer(path.read_bytes(), ">u4").copy()
    column[: len(parents)] = parents
    path.write_bytes(column.tobytes())
    level = next(folder.glob("*.level.col"))
    level.write_bytes(bytes([LEVELS.index("issue") + 1]) * 120)
    if max(parents) <= 120:
        use(folder, part.catalogue)
    else:
        with pytest.raises(IndexFormatError):
            use(folder, part.catalogue)


def test_index_of_other_records_than_the_catalogue_is_refused(part: Part, tmp_path: Path) -> None:
    build_index(generated(119), tmp_path / "other")
    with pytest.raises(IndexFormatError, match="119 records"):
        Searcher([Part(tmp_path / "other", part.catalogue)])


def test_index_reader_is_injected_for_every_file(folder: Path) -> None:
    opened: list[str] = []

    def open_file(path: Path) -> MappedFile:
        opened.append(path.name)
        return MappedFile(path)

    files = IndexFiles(folder, open_file)
    assert sorted(opened) == [path.name for path in files_of(folder)]
    files.close()


def test_terms_containing_a_part_come_in_order_up_to_the_limit(folder: Path) -> None:
    files = IndexFiles(folder)
    between = (b"\x010", "\x01\u2e80".encode())
    words = [key for key in map(files.terms.key, range(files.terms.count)) if between[0] <= key < between[1]]
    wanted = [key for key in words if b"18" in key[1:]]
    assert wanted
    found = list(files.terms.containing(between, b"18", 1000))
    assert found == [files.terms.figures(key) for key in wanted]
    assert list(files.terms.containing(between, b"18", 1)) == found[:1]
    assert not list(files.terms.containing(between, b"no such", 9))
    assert not list(files.terms.containing((b"\x09", b"\x09a"), b"1", 9))


def test_columns_stay_in_their_files(part: Part) -> None:
    files = IndexFiles(part.index)
    assert files.columns["rid"].tolist() == list(range(120))
    for name, column in files.columns.items():
        assert not column.flags.owndata and not column.flags.writeable, name  # noqa: PT018
    files.close()


def test_search_holds_few_bytes_a_record(part: Part) -> None:
    searcher = Searcher([part])
    found = searcher._parts[0]
    packs = [held.of_row for held in found.facets._profiles]
    held = [*vars(found).values(), *vars(found.families).values(), *packs]
    arrays = {id(array): array for array in held if isinstance(array, np.ndarray) and array.flags.owndata}
    assert sum(array.nbytes for array in arrays.values() if len(array) >= 120 and len(array) != 256) <= 14 * (120 + 1)
    searcher.close()


def test_columns_that_a_failing_disk_changed_end_no_search(folder: Path, part: Part) -> None:
    searcher = Searcher([Part(folder, part.catalogue)])
    for name in ("class", "language", "level", "year_from", "year_to", "parent"):
        path = next(folder.glob(f"*.{name}.col"))
        with path.open("r+b") as file:
            file.write(b"\xff" * path.stat().st_size)
    for request in ({"clc": "I"}, {"language": "zh"}, {"year_from": 1900}, {}):
        for query in QUERIES:
            searcher.search(SearchRequest(q=query, **request))
    searcher.close()
