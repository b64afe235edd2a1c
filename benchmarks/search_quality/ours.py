"""Our search as what is asked: one index with its catalogue, as the box opens it."""

from __future__ import annotations

from pathlib import Path

from indexer.catalogue import Catalogue
from indexer.search import Part, Searcher, SearchRequest
from search_quality.marks import TEN, Answer, Ask, Line


def our_search(folder: Path) -> tuple[Ask, Searcher]:
    """The search over `catalogue.db` and `search` of a folder; the searcher is the caller's to close."""
    searcher = Searcher([Part(folder / "search", Catalogue(folder / "catalogue.db"))])

    def ask(text: str) -> Answer:
        result = searcher.search(SearchRequest(q=text, size=TEN, mend="search"))
        lines = []
        for hit in result.hits:
            under = hit.collapsed.best if hit.collapsed else ()
            lines.append(Line((hit.resource.id, *(one.id for one in under)), " · ".join(
                one.title for one in dict.fromkeys((hit.resource, *under[:1])))))  # fmt: skip
        return Answer(tuple(lines), result.total)

    return ask, searcher
