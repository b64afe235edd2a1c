"""Ours: the index that a box serves, its catalogue, six facets, collapsed lines, marks and snippets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from indexer.build import build_index
from indexer.catalogue import Catalogue, build_catalogue, read_records
from indexer.search import Part, Searcher, SearchRequest
from search.measuring import Asked, Page

_PARTS = {"issue", "volume", "part"}


def build(folder: Path) -> None:
    if not (folder / "catalogue.db").is_file():
        build_catalogue(folder / "catalogue.jsonl", folder / "items.txt", folder / "catalogue.db")
    if not (folder / "search").is_dir():
        build_index(read_records(folder / "catalogue.jsonl"), folder / "search")


def files(folder: Path) -> Iterable[Path]:
    return (folder / "search", folder / "catalogue.db")


class Ours:
    """Our searcher."""

    def __init__(self, folder: Path) -> None:
        self.searcher = Searcher([Part(folder / "search", Catalogue(folder / "catalogue.db"))])

    def page(self, asked: Asked) -> Page:
        """A page as a patron gets it."""
        result = self.searcher.search(SearchRequest(q=asked["text"]))
        resources = [hit.resource for hit in result.hits]
        families = [one.parent if one.level in _PARTS else one.id for one in resources]
        return Page(families, result.resources, sum(len(hit.snippet) for hit in result.hits))


def open_engine(folder: Path) -> Ours:
    return Ours(folder)
