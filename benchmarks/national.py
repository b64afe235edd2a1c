"""Catalogue records with the shares of a national digital library for counties, for benchmarks of millions of records.

    [SHUXIANG_COLLECTION=…] python benchmarks/national.py [--count 1000000] [--seed 1] [--jsonl FILE]

Prints what a run gives: records a second, shares by type, how many titles are distinct, characters and bigrams, and
some lines to read. The words are ours (`national_catalogue/`); the poems are those of the collection, once each, and
poems made by rule beyond them. Numbers (ISBN, ISSN) are invented and have right check digits.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from national_catalogue.books import Books
from national_catalogue.classics import Classics, collected
from national_catalogue.media import KINDS, Media
from national_catalogue.people import People
from national_catalogue.places import Places
from national_catalogue.publishers import Publishers
from national_catalogue.serials import Serials

SHARES = {
    "classical": 325,
    "books": 300,
    "journals": 150,
    "newspapers": 100,
    "old books": 35,
    "picture books": 17,
    "photograph": 17,
    "painting": 8,
    "audiobook": 10,
    "opera_recording": 5,
    "talk": 3,
    "course": 13,
    "health": 3,
    "farm": 3,
    "law_leaflet": 3,
    "government": 4,
    "video": 3,
    "exhibition": 1,
}
"""Kind → how many of a thousand records."""
SAMPLE = 30
"""Lines to read."""
TIMED = 200_000
"""Records that the speed is taken from."""


def records(count: int, seed: int = 1, collection: Path | None = None) -> Iterator[dict[str, Any]]:
    """`count` record objects as `catalogue.jsonl` of a source folder holds them, one at a time.

    The same arguments give the same records. What others belong to (serials, sets, series) comes before them. Memory
    does not grow with `count`.

    Args:
        count: how many.
        seed: of the chance.
        collection: a folder with `records/records.jsonl.zst`, whose records are the classical third, once each.
    """
    rand = random.Random(seed).random
    places, people = Places(), People(rand)
    books = Books(rand, places, people, Publishers(places.capitals))
    classics, media = Classics(rand, places, people), Media(rand, places, people, books)
    # A small sample shows several serials with few issues, a large one whole runs.
    serials = Serials(
        rand, places, people, books, journal_issues=max(12, count // 2500), newspaper_issues=max(10, count // 200)
    )
    made = {
        "classical": itertools.chain(collected(collection) if collection else (), classics.poems()),
        "books": books.works(),
        "journals": serials.journals(),
        "newspapers": serials.newspapers(),
        "old books": classics.old_books(),
        "picture books": books.picture_books(),
        **{kind: media.records(kind) for kind in KINDS},
    }
    deck = tuple(made[kind] for kind, share in SHARES.items() for _ in range(share))
    for _ in range(count):
        yield next(deck[int(rand() * len(deck))])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jsonl", type=Path, help="write the records there as catalogue.jsonl")
    options = parser.parse_args()
    named = os.environ.get("SHUXIANG_COLLECTION")
    collection = Path(named) if named else None
    if options.jsonl:
        write(options.jsonl, records(options.count, options.seed, collection))
        return
    timed = min(options.count, TIMED)
    started = time.process_time()
    for _ in itertools.islice(records(options.count, options.seed, collection), timed):
        pass
    took = time.process_time() - started
    print(f"{options.count:,} records, made {timed / took:,.0f} in a second of CPU time", flush=True)
    describe(records(options.count, options.seed, collection), options.count)


def write(path: Path, made: Iterator[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in made)


def describe(made: Iterator[dict[str, Any]], count: int) -> None:
    """Print what the records are like; titles are held as numbers, for a few tens of bytes each."""
    kinds: Counter[str] = Counter()
    titles: set[int] = set()
    whole: set[int] = set()
    characters: set[str] = set()
    bigrams: set[str] = set()
    shown: list[str] = []
    single = 0
    for place, record in enumerate(made):
        title, text = record["title"], record.get("description", "")
        kinds[f"{record['type']} {record.get('level', '')}".strip()] += 1
        whole.add(hash(title))
        if record.get("level") != "issue":
            single += 1
            titles.add(hash(title))
        for part in (title, text):
            characters.update(part)
            bigrams.update(map("".join, itertools.pairwise(part)))
        if place % max(1, count // SAMPLE) == count // SAMPLE // 2:
            shown.append(
                f"  {record['id']}  {title}  {record.get('creator', '')}  {record.get('date', '')}  {text[:50]!r}"
            )
    for kind, number in kinds.most_common():
        print(f"  {kind:<20}{number:>10,}{number / count:>8.1%}")
    print(f"distinct titles: {len(whole):,}; without issues {len(titles):,} of {single:,} ({len(titles) / single:.1%})")
    print(f"distinct characters {len(characters):,}, bigrams {len(bigrams):,}")
    print("\n".join(shown))


if __name__ == "__main__":
    main()
