"""The corpus and the questions as the engines take them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from search_quality import asking
from search_quality.corpus import read
from search_records import write_national

from indexer.analysis import fold, normal_text, query_terms
from indexer.model import TYPES, load_line
from indexer.schema import sections_of
from search.measuring import Asked

_PARTS = {"issue", "volume", "part"}
_SHORT = 60
"""Questions of one and of two characters: the hardest for an index of pairs."""


def prepare(folder: Path, count: int) -> None:
    """Write what is missing of the corpus, the questions and the prepared records."""
    if not (folder / "catalogue.jsonl").is_file():
        write_national(folder, count)
    if not (folder / "queries.jsonl").is_file():
        _write(folder / "queries.jsonl", questions(folder / "catalogue.jsonl"))
    if not (folder / "prepared.jsonl").is_file():
        _write(folder / "prepared.jsonl", records(folder / "catalogue.jsonl"))


def questions(truth: Path) -> Iterator[Asked]:
    """Those of the judge of quality, in turn through all kinds, and short ones."""
    texts = [(one.kind, one.text) for one in asking.questions(truth)]
    chance = random.Random(5)
    short = [record.title for n, record in enumerate(read(truth)) if n % 1009 == 0 and len(record.title) > 3]
    for length, name in ((1, "one character"), (2, "two characters")):
        chosen = dict.fromkeys(title[1 : 1 + length].strip() for title in chance.sample(short, min(_SHORT, len(short))))
        texts += [(name, text) for text in chosen if len(text) == length]
    chance.shuffle(texts)
    for kind, text in texts:
        stretches = normal_text(fold(text)).split()
        terms = list(dict.fromkeys(term for stretch in stretches for term in query_terms(stretch)))
        if terms:
            yield {"kind": kind, "text": text, "stretches": stretches, "terms": terms}


def records(truth: Path) -> Iterator[dict[str, Any]]:
    """Folded texts by our folding, so that no engine is judged by another's; the numbers that facets count."""
    with truth.open("rb") as file:
        for row, line in enumerate(file):
            resource = load_line(line)
            title, creator, subject, identifier, text = sections_of(resource)
            year = resource.date.year_from
            yield {
                "n": row,
                "names": f"{title} {creator}",
                "rest": f"{subject} {identifier} {text}",
                "type": TYPES.index(resource.type),
                "class": ord(resource.classes[0].code[0]) if resource.classes else 0,
                "year": max(0, year) if year is not None else 0,
                "family": resource.parent if resource.level in _PARTS else resource.id,
                "line": [resource.title, [one.name for one in resource.creators], resource.description],
            }


def _write(path: Path, lines: Iterator[dict[str, Any]]) -> None:
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    part.replace(path)
