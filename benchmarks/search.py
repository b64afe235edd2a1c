"""A search page at 100,000 and 300,000 real records: ours beside Whoosh's own searcher on the same files.

    SHUXIANG_COLLECTION=… python benchmarks/search.py [--records 100000 300000] [--queries 120]

A page is: the top 20 fetched as records with marks and snippets, the count, and six facets. Whoosh's page is its top
20 with the same records fetched, the count, and three facets. One thread.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from search_records import queries, write_truth
from whoosh import query as whoosh_query
from whoosh import sorting
from whoosh.searching import Searcher as WhooshSearcher

from indexer.build import build_index
from indexer.catalogue import Catalogue, build_catalogue, read_records
from indexer.codec_whoosh import open_reader
from indexer.search import Part, Searcher, SearchRequest
from indexer.search_query import parse

Took = dict[str, list[tuple[float, float]]]
"""Kind of query → wall and CPU time of each, in milliseconds: on a shared machine only the second repeats."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[100_000, 300_000])
    parser.add_argument("--queries", type=int, default=120, help="records that queries are made from")
    parser.add_argument("--peer", type=int, default=150, help="queries that Whoosh's own searcher answers too")
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.open:
        print(opened(options.open))
        return
    for count in options.records:
        with tempfile.TemporaryDirectory(prefix="search-benchmark-") as scratch:
            measure(Path(scratch), count, options.queries, options.peer)


def measure(folder: Path, count: int, sample: int, peer: int) -> None:
    truth = write_truth(folder, count)
    catalogue_stats = build_catalogue(*truth, folder / "catalogue.db")
    stats = build_index(read_records(truth[0]), folder / "search")
    catalogue = Catalogue(folder / "catalogue.db")
    searcher = Searcher([Part(folder / "search", catalogue)])
    own = [sys.executable, __file__, "--open", str(folder)]
    fresh = subprocess.run(own, check=True, capture_output=True, text=True).stdout.strip()
    print(
        f"\n{count:,} records: index {stats.seconds:.0f} s ({count / stats.seconds:,.0f}/s), {stats.size >> 20} MB; ",
        end="",
    )
    print(f"catalogue {catalogue_stats.seconds:.0f} s, {catalogue_stats.size >> 20} MB; ", end="")
    print(fresh)
    rows = random.Random(1).sample(range(catalogue.count), sample)
    asked = queries(catalogue.rows(rows))
    ours = ask(searcher, asked)
    table("ours, one page", ours["took"])
    print(f"  totals that are upper bounds: {ours['about']} of {len(asked)}")
    print(f"  own record on the first page: {found(ours, rows)}")
    chosen = random.Random(2).sample(asked, min(peer, len(asked)))
    theirs = ask_whoosh(folder / "search", catalogue, chosen)
    table("Whoosh's searcher, one page", theirs["took"])
    table("ours, the same queries", ask(searcher, chosen)["took"])
    compare(searcher, chosen, theirs["totals"])
    threads(searcher, asked)
    single(searcher, rows, catalogue)
    searcher.close()


def opened(folder: Path) -> str:
    """What a fresh process takes to open the index and answer its first page."""
    before, started = anonymous(), time.perf_counter()
    catalogue = Catalogue(folder / "catalogue.db")
    searcher = Searcher([Part(folder / "search", catalogue)])
    searcher.search(SearchRequest(q="明月"))
    took = (time.perf_counter() - started) * 1000
    return f"open and first page {took:.0f} ms, {anonymous() - before} MB of memory"


def ask(searcher: Searcher, asked: list[tuple[str, str]]) -> dict[str, Any]:
    took: Took = defaultdict(list)
    about, hits = 0, []
    for kind, query in asked:
        started, cpu = time.perf_counter(), time.thread_time()
        result = searcher.search(SearchRequest(q=query))
        took[kind].append(((time.perf_counter() - started) * 1000, (time.thread_time() - cpu) * 1000))
        about += not result.total_exact
        hits.append((kind, {hit.row for hit in result.hits}))
    return {"took": took, "about": about, "hits": hits}


def found(ours: dict[str, Any], rows: list[int]) -> str:
    """How many author-and-word queries show the record that they were made from."""
    wanted = iter(rows)
    shown = [(hits, next(wanted, None)) for kind, hits in ours["hits"] if kind == "title piece"]
    return f"{sum(row in hits for hits, row in shown)} of {len(shown)} title pieces"


def ask_whoosh(index: Path, catalogue: Catalogue, asked: list[tuple[str, str]]) -> dict[str, Any]:
    took: Took = defaultdict(list)
    totals: list[int] = []
    with WhooshSearcher(open_reader(index)) as searcher:
        for kind, query in asked:
            terms = [whoosh_query.Term(c.field, term.encode()) for c in parse(query).conditions for term in c.terms]
            started, cpu = time.perf_counter(), time.thread_time()
            groups = {name: sorting.FieldFacet(name) for name in ("type", "class", "year_from")}
            results = searcher.search(whoosh_query.And(terms), limit=20, groupedby=groups)
            totals.append(len(results))
            catalogue.rows([hit["rid"] for hit in results])
            took[kind].append(((time.perf_counter() - started) * 1000, (time.thread_time() - cpu) * 1000))
    return {"took": took, "totals": totals}


def compare(searcher: Searcher, asked: list[tuple[str, str]], totals: list[int]) -> None:
    """Counts: equal where terms say all; where a stretch must be unbroken ours may only be lower."""
    equal = fewer = wrong = 0
    for (_, query), theirs in zip(asked, totals, strict=True):
        ours = searcher.search(SearchRequest(q=query)).total
        exact = all(condition.exact for condition in parse(query).conditions)
        equal += ours == theirs
        fewer += ours < theirs and not exact
        wrong += ours > theirs or (exact and ours != theirs)
    print(f"  counts: {equal} equal, {fewer} lower because the stretch is broken in the text, {wrong} wrong")


def threads(searcher: Searcher, asked: list[tuple[str, str]]) -> None:
    """Eight threads at once: pages a second, and every answer compared with the answer of one thread."""
    wanted = {query: searcher.search(SearchRequest(q=query)).total for _, query in asked}
    wrong: list[str] = []

    def run(seed: int) -> None:
        order = list(wanted)
        random.Random(seed).shuffle(order)
        wrong.extend(query for query in order if searcher.search(SearchRequest(q=query)).total != wanted[query])

    running = [threading.Thread(target=run, args=(seed,)) for seed in range(8)]
    started = time.perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    rate = 8 * len(wanted) / (time.perf_counter() - started)
    print(f"  eight threads: {rate:,.0f} pages a second, {len(wrong)} wrong answers")


def single(searcher: Searcher, rows: list[int], catalogue: Catalogue) -> None:
    """The worst there is: one character, everything, the last pages."""
    texts = [resource.description or resource.title for resource in catalogue.rows(rows)]
    characters = sorted({text[len(text) // 2] for text in texts})
    took = ask(searcher, [("one character", character) for character in characters])["took"]
    table("ours, one character", took)
    for name, request in {
        "browse all": SearchRequest(),
        "browse, page 500 by title": SearchRequest(sort="title", page=500),
    }.items():
        started = time.perf_counter()
        searcher.search(request)
        print(f"  {name}: {(time.perf_counter() - started) * 1000:.1f} ms")


def table(name: str, took: Took) -> None:
    print(f"  {name:<28}{'':>9}{'wall ms':>26}{'CPU ms':>26}")
    print(f"    {'':<26}{'queries':>9}" + f"{'p50':>10}{'p95':>8}{'max':>8}" * 2)
    lines = {**took, "all": [one for times in took.values() for one in times]} if len(took) > 1 else took
    for kind, times in lines.items():
        figures = "".join(spread([one[place] for one in times]) for place in (0, 1))
        print(f"    {kind:<26}{len(times):>9}{figures}")


def spread(times: list[float]) -> str:
    ordered = sorted(times)
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95))
    return f"{p50:>10.2f}{p95:>8.2f}{ordered[-1]:>8.1f}"


def anonymous() -> int:
    """Anonymous memory of this process, in MB (mapped files are the kernel's cache)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) >> 10
    return 0


if __name__ == "__main__":
    main()
