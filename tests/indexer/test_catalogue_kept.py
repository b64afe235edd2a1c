"""Records of many files are parsed once and kept within a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer import catalogue as module
from indexer.catalogue import Catalogue, build_catalogue
from indexer.catalogue_kept import WORTH_KEEPING, KeptRecords
from indexer.model import Resource
from tests.indexer.shelf import item, resource, write_truth

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_kept_records_stay_within_their_bound_and_lose_the_longest_unused() -> None:
    kept = KeptRecords(most=3 * WORTH_KEEPING)
    for name in ("a1", "a2", "a3"):
        kept.put(resource(name, "題"), WORTH_KEEPING)
    assert kept.get("a1") == resource("a1", "題")
    kept.put(resource("a4", "題"), WORTH_KEEPING)
    assert kept.get("a2") is None
    assert kept.get("a1") is not None
    kept.put(resource("a1", "題"), WORTH_KEEPING)
    assert kept.get("a3") is not None


def test_kept_records_are_only_the_large_ones_that_fit() -> None:
    kept = KeptRecords(most=2 * WORTH_KEEPING)
    kept.put(resource("a1", "題"), WORTH_KEEPING - 1)
    kept.put(resource("a2", "題"), 2 * WORTH_KEEPING + 1)
    assert kept.get("a1") is None
    assert kept.get("a2") is None


def test_catalogue_parses_a_book_of_many_files_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = tuple(item(f"b1{n:04}") for n in range(200))
    book = Resource("b1", "長編", "book", items=pages)
    build_catalogue(*write_truth(tmp_path, [book, resource("c1", "題")]), tmp_path / "catalogue.db")
    parsed = []

    def counted(line: bytes) -> Resource:
        parsed.append(line)
        return original(line)

    original = module.load_line
    monkeypatch.setattr(module, "load_line", counted)
    catalogue = Catalogue(tmp_path / "catalogue.db")
    assert catalogue.get("b1") == book
    for page in pages[:5]:
        found = catalogue.item(page.id)
        assert found is not None
        assert found.item == page
    assert len(parsed) == 1
    assert catalogue.get("c1") == catalogue.get("c1") == resource("c1", "題")
    assert len(parsed) == 3  # small ones are not kept
