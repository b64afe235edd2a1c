"""Results by title: as people look titles up, and in one order over several indexes, however deep the page."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from indexer.model import Resource
from indexer.schema import sort_key
from indexer.search import Part, Searcher, SearchRequest
from tests.indexer.shelf import make_part, make_searcher, resource


class Counted:
    """A catalogue that counts the records that are read."""

    def __init__(self, part: Part) -> None:
        self.count, self.read = part.catalogue.count, 0
        self._catalogue = part.catalogue

    def rows(self, rows: Sequence[int]) -> list[Resource]:
        self.read += len(rows)
        return self._catalogue.rows(rows)

    def row_of(self, resource_id: str) -> int | None:
        return self._catalogue.row_of(resource_id)


def titles(count: int, seed: int) -> list[Resource]:
    chance = random.Random(seed)
    names = ("红楼梦", "重庆诗话", "第九册", "卷二", "三字经", "Alice", "7号", "水浒", "阿Q正传", "中国")

    def title() -> str:
        return f"{chance.choice(names)}{chance.choice(('', '续', ' 卷十', ' 2'))}{chance.randint(0, 60)}"

    return [resource(f"t{seed}.{n:04d}", title()) for n in range(count)]


def test_titles_stand_by_sound_and_numbers_by_value(tmp_path: Path) -> None:
    names = ["重庆诗话", "第10期", "第9期", "春", "《阿Q正传》", "卷十", "卷二", "中国", "安徽"]
    searcher = make_searcher(tmp_path, [resource(f"n{n}", name) for n, name in enumerate(names)])
    found = [hit.resource.title for hit in searcher.search(SearchRequest(sort="title")).hits]
    assert found == ["《阿Q正传》", "安徽", "重庆诗话", "春", "第9期", "第10期", "卷二", "卷十", "中国"]
    searcher.close()


@pytest.mark.parametrize("filters", [{}, {"q": "卷"}, {"q": "红楼梦"}])
def test_pages_by_title_of_several_parts_are_one_order_without_gap(tmp_path: Path, filters: dict[str, str]) -> None:
    shelves = [titles(400, 1), titles(90, 2), titles(7, 3), []]
    searcher = make_searcher(tmp_path, *shelves)
    request = {"sort": "title", "size": 13, **filters}
    first = searcher.search(SearchRequest(**request))  # type: ignore[arg-type]
    found = [
        hit.resource
        for page in range(1, first.total // 13 + 3)
        for hit in searcher.search(SearchRequest(**request, page=page)).hits  # type: ignore[arg-type]
    ]
    assert len(found) == first.total > 20
    assert len({record.id for record in found}) == first.total
    keys = [sort_key(record) for record in found]
    assert keys == sorted(keys)
    searcher.close()


def test_a_deep_page_reads_few_records(tmp_path: Path) -> None:
    parts = [make_part(tmp_path / str(n), shelf) for n, shelf in enumerate([titles(3000, 4), titles(2500, 5)])]
    counted = [Counted(part) for part in parts]
    searcher = Searcher([Part(part.index, catalogue) for part, catalogue in zip(parts, counted, strict=True)])
    wanted = sorted((sort_key(r) for r in [*titles(3000, 4), *titles(2500, 5)]), key=str.encode)
    found = [sort_key(hit.resource) for hit in searcher.search(SearchRequest(sort="title", page=250)).hits]
    assert found == wanted[4980:5000]
    assert sum(catalogue.read for catalogue in counted) < 300
    searcher.close()
