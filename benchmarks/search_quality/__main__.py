"""Does the search find what readers ask for, in a national library's records: recall, rank, empty answers.

    SHUXIANG_COLLECTION=… PYTHONPATH=benchmarks python -m search_quality [--records 1000000] [--folder F] [--misses]

Questions by rule (`by_rule.py`) and as readers type them (`asked.txt`, `judged.toml`). A third of both, by hash, is
held out: its figures stand apart and nothing is tuned on it.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from search_records import collection, write_national

from indexer.build import build_index
from indexer.catalogue import build_catalogue, read_records
from search_quality import asking, questions
from search_quality.corpus import read
from search_quality.marks import marked
from search_quality.ours import our_search
from search_quality.report import misses, report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=300_000)
    parser.add_argument(
        "--folder", type=Path, help="keep corpus, questions and index here; what is there is used again"
    )
    parser.add_argument("--misses", action="store_true", help="list every miss that is not held out")
    parser.add_argument("--misses-held-out", action="store_true", help="list the held-out ones; not for who tunes")
    parser.add_argument("--describe", action="store_true", help="say what the corpus is like, and stop")
    options = parser.parse_args()
    if not options.folder:
        collection()
    with tempfile.TemporaryDirectory(prefix="search-quality-") as scratch:
        folder = options.folder or Path(scratch)
        truth = folder / "catalogue.jsonl"
        if not truth.is_file():
            write_national(folder, options.records)
        if options.describe:
            describe(truth)
            return
        measure(folder, options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Make what is missing of questions, catalogue and index; ask everything; print the report."""
    kept, truth = folder / "questions.jsonl", (folder / "catalogue.jsonl", folder / "items.txt")
    if not kept.is_file():
        questions.write(kept, asking.questions(truth[0]))
    if not (folder / "catalogue.db").is_file():
        build_catalogue(*truth, folder / "catalogue.db")
    if not (folder / "search").is_dir():
        build_index(read_records(truth[0]), folder / "search")
    ask, searcher = our_search(folder)
    marks = marked(questions.read(kept), ask)
    searcher.close()
    print("\n".join(report(marks)))
    for wanted, held_out in ((options.misses, False), (options.misses_held_out, True)):
        if wanted:
            print(f"\n### Misses{', held out' if held_out else ''}\n")
            print("\n".join(misses(marks, held_out=held_out)))


def describe(truth: Path) -> None:
    """What the corpus is like: shares of types, centuries, parts; distinct titles and terms."""
    types: Counter[str] = Counter()
    dates: Counter[str] = Counter()
    titles: set[int] = set()
    terms: set[str] = set()
    count = whole = 0
    for record in read(truth):
        count += 1
        types[f"{record.raw['type']} {record.level}".strip()] += 1
        year = record.raw.get("date", {}).get("year_from")
        dates["none" if year is None else f"{year // 50 * 50}–{year // 50 * 50 + 49}" if year >= 1900 else
              f"{year // 100 * 100}–{year // 100 * 100 + 99}"] += 1  # fmt: skip
        if not record.parent:
            whole += 1
            titles.add(hash(record.title))
        for text in (record.title, *record.creators, *record.subjects, record.text):
            terms.update(text)
            terms.update(map(str.__add__, text, text[1:]))
    print(f"{count:,} records, {whole:,} that are no parts; of their titles {len(titles):,} are distinct")
    print(f"{len(terms):,} distinct characters and pairs of them")
    for name, held in (("type and level", types), ("date", dates)):
        print(f"\n| {name} | records | share |\n|---|---:|---:|")
        print("\n".join(f"| {key} | {number:,} | {number / count:.1%} |" for key, number in sorted(held.items())))


if __name__ == "__main__":
    main()
