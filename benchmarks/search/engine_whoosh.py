"""Whoosh's own searcher on our index files: terms of the stretches joined by AND, three facets, records fetched."""

from __future__ import annotations

from pathlib import Path

from whoosh import query, sorting
from whoosh.searching import Searcher

from indexer.catalogue import Catalogue
from indexer.codec_whoosh import open_reader
from search.engine_ours import build, files
from search.measuring import PAGE, Asked, Page, snippet

__all__ = ["build", "files", "open_engine"]

_PARTS = {"issue", "volume", "part"}


class Whoosh:
    """Whoosh's searcher."""

    def __init__(self, folder: Path) -> None:
        self._catalogue = Catalogue(folder / "catalogue.db")
        self._searcher = Searcher(open_reader(folder / "search"))

    def page(self, asked: Asked) -> Page:
        """A page."""
        terms = [query.Term("x", term.encode()) for term in asked["terms"]]
        groups = {name: sorting.FieldFacet(name) for name in ("type", "class", "year_from")}
        results = self._searcher.search(query.And(terms), limit=PAGE, groupedby=groups)
        total = len(results)
        resources = self._catalogue.rows([hit["rid"] for hit in results])
        families = [one.parent if one.level in _PARTS else one.id for one in resources]
        shown = sum(len(snippet(one.description, asked["stretches"])) for one in resources)
        return Page(families, total, shown)


def open_engine(folder: Path) -> Whoosh:
    return Whoosh(folder)
