"""Xapian with its own n-grams for Chinese, title and creator with a wdf of four, three match spies, compacted.

Xapian is GPL and Debian's Python has it, so this module is imported by no other: it runs in a process of its own with
/usr/bin/python3 and needs nothing but the standard library beside it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import xapian

from search.measuring import PAGE, Asked, Page, prepared, snippet

_FACETS = ("type", "class", "year")
_WEIGHT = 4
_TERM = 200
"""Bytes of a term; Xapian takes 245."""


def build(folder: Path) -> None:
    """A database without positions (nothing asks for phrases), compacted at the end."""
    raw, target = folder / "xapian-raw", folder / "xapian"
    for path in (raw, target):
        shutil.rmtree(path, ignore_errors=True)
    database = xapian.WritableDatabase(str(raw), xapian.DB_CREATE | xapian.DB_NO_SYNC | xapian.DB_DANGEROUS)
    terms = xapian.TermGenerator()
    terms.set_flags(xapian.TermGenerator.FLAG_CJK_NGRAM)
    terms.set_max_word_length(_TERM)
    for record in prepared(folder):
        document = xapian.Document()
        terms.set_document(document)
        terms.index_text_without_positions(record["names"], _WEIGHT)
        terms.index_text_without_positions(record["rest"])
        for slot, name in enumerate(_FACETS):
            document.add_value(slot, str(record[name]))
        document.set_data(json.dumps([record["family"], *record["line"]], ensure_ascii=False))
        database.add_document(document)
    database.commit()
    database.compact(str(target))
    database.close()
    shutil.rmtree(raw)


def files(folder: Path) -> Iterable[Path]:
    return (folder / "xapian",)


class Xapian:
    """An open database."""

    def __init__(self, folder: Path) -> None:
        self._database = xapian.Database(str(folder / "xapian"))
        self._parser = xapian.QueryParser()
        self._parser.set_default_op(xapian.Query.OP_AND)
        self._parser.set_database(self._database)

    def page(self, asked: Asked) -> Page:
        """A page; every match is looked at, so that the count and the facets are exact."""
        try:
            query = self._parser.parse_query(" ".join(asked["stretches"]), xapian.QueryParser.FLAG_CJK_NGRAM)
        except xapian.QueryParserError:  # some marks of other scripts are nothing to it
            return Page([], 0, 0)
        enquire = xapian.Enquire(self._database)
        enquire.set_query(query)
        spies = [xapian.ValueCountMatchSpy(slot) for slot in range(len(_FACETS))]
        for spy in spies:
            enquire.add_matchspy(spy)
        found = enquire.get_mset(0, PAGE, self._database.get_doccount())
        for spy in spies:
            for _value in spy.top_values(40):
                pass
        lines = [json.loads(match.document.get_data()) for match in found]
        shown = sum(len(snippet(line[3], asked["stretches"])) for line in lines)
        return Page([line[0] for line in lines], found.get_matches_estimated(), shown)


def open_engine(folder: Path) -> Xapian:
    return Xapian(folder)
