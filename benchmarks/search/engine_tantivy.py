"""tantivy: the same terms in one field, those of title and creator four times, fast fields for the facets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import tantivy

from indexer.analysis import terms
from search.measuring import PAGE, Asked, Page, prepared, snippet

_FACETS = ("type", "class", "year")
_WEIGHT = 4
_HEAP = 512 << 20


def build(folder: Path) -> None:
    """One index, all documents committed at once."""
    shutil.rmtree(folder / "tantivy", ignore_errors=True)
    (folder / "tantivy").mkdir()
    schema = tantivy.SchemaBuilder()
    schema.add_text_field("x", tokenizer_name="terms", index_option="freq")
    schema.add_text_field("line", stored=True, tokenizer_name="raw", index_option="basic", fast=False)
    for name in _FACETS:
        schema.add_integer_field(name, fast=True)
    index = _registered(tantivy.Index(schema.build(), path=str(folder / "tantivy")))
    writer = index.writer(_HEAP)
    for record in prepared(folder):
        names, rest = terms(record["names"]), terms(record["rest"])
        held = {"x": " ".join(names * _WEIGHT + rest), "line": json.dumps([record["family"], *record["line"]])}
        writer.add_document(tantivy.Document(**held, **{name: record[name] for name in _FACETS}))
    writer.commit()
    writer.wait_merging_threads()


def files(folder: Path) -> Iterable[Path]:
    return (folder / "tantivy",)


class Tantivy:
    """A searcher."""

    def __init__(self, folder: Path) -> None:
        index = _registered(tantivy.Index.open(str(folder / "tantivy")))
        index.reload()
        self._schema, self._searcher = index.schema, index.searcher()

    def page(self, asked: Asked) -> Page:
        """A page: hits and count, then the facets."""
        one = [tantivy.Query.term_query(self._schema, "x", term, "freq") for term in asked["terms"]]
        query = tantivy.Query.boolean_query([(tantivy.Occur.Must, term) for term in one])
        found = self._searcher.search(query, PAGE, count=True)
        self._searcher.aggregate(query, {name: {"terms": {"field": name, "size": 40}} for name in _FACETS})
        lines = [json.loads(self._searcher.doc(address)["line"][0]) for _, address in found.hits]
        shown = sum(len(snippet(line[3], asked["stretches"])) for line in lines)
        return Page([line[0] for line in lines], found.count, shown)


def _registered(index: tantivy.Index) -> tantivy.Index:
    index.register_tokenizer("terms", tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())
    return index


def open_engine(folder: Path) -> Tantivy:
    return Tantivy(folder)
