"""A search page by kind of question: what matching costs and what the whole page does; beside another checkout.

    python benchmarks/search_pages.py --meta F [--beside CHECKOUT] [--rounds 3] [--drives half] [--also Q] [--costly]

`F` holds `search` and `catalogue.db`: the `meta` folder of a drive, or a folder of `benchmarks/search`. Titles of its
records make the questions: pieces of them, operators, numbers, filters, orders, later pages. Each is asked three times
a round and the least counts, for other work on the machine only ever adds. With another checkout both are asked in
turn, and every answer (lines, order, counts, facets, marks) is compared.

With `--costly` the questions are those of `costly.py` instead, and the costliest ones are named; what they are answered
depends on the time that they take, so nothing is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from costly import costly

_HERE = Path(__file__).resolve().parent
_EACH = 60
_TIMES = 3
_REIGNS = ("康熙五十五年", "光绪二十三年", "民国26年", "乾隆三年")
_LONGEST = 6
_FILTERS: tuple[dict[str, Any], ...] = (
    {"type": "book"}, {"type": ("journal", "newspaper")}, {"clc": "I"}, {"clc": ("I2", "K")}, {"available": "yes"},
    {"available": "no"}, {"available": "catalogue"}, {"download": "yes"}, {"language": "zh"}, {"age": "6-8"},
    {"year_from": 1950, "year_to": 1999}, {"dynasty": "清"}, {"audience": "children"}, {"place": "440000"},
    {"type": "book", "clc": "I", "year_from": 1900}, {"face": "child"},
)  # fmt: skip
Asked = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--meta", type=Path)
    parser.add_argument("--beside", type=Path, help="another checkout of this project")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--drives", choices=("all", "half"), default="all", help="whether half of all records are away")
    parser.add_argument("--also", type=Path, help="further questions, as `queries.jsonl` of benchmarks/search")
    parser.add_argument("--costly", action="store_true", help="the costliest questions instead")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.meta is None:
        print("left out: --meta names no catalogue and index")
        return
    if options.child:
        json.dump(asked_of(options), sys.stdout, ensure_ascii=False)
        return
    checkouts = {"now": _HERE.parent} | ({"beside": options.beside} if options.beside else {})
    measured: dict[str, list[Any]] = {name: [] for name in checkouts}
    for _ in range(options.rounds):
        for name, checkout in checkouts.items():
            measured[name].append(_in_process(options, checkout))
    print(f"{measured['now'][0]['records']:,} records, drives {options.drives}, load {os.getloadavg()[0]:.0f}")
    for name, rounds in measured.items():
        figures = [one["memory"] for one in rounds]
        print(f"{name}: anonymous MB when open {figures[0][0]}, after all questions {max(f[1] for f in figures)}")
    print("\n".join(table(measured)))
    if options.costly:
        print("\n".join(costliest(measured["now"])))
    elif options.beside:
        differ(measured["beside"][0]["answers"], measured["now"][0]["answers"])


def questions(titles: list[str]) -> Iterator[tuple[str, Asked]]:
    """Kind, and what a request has."""
    chance = random.Random(7)
    titles = [title for title in titles if len(title) > _LONGEST]

    def piece(*lengths: int) -> str:
        while True:
            length, title = chance.choice(lengths), chance.choice(titles)
            text = title[(start := chance.randrange(len(title) - length)) : start + length]
            if all("\u4e00" <= sign <= "\u9fff" for sign in text):
                return text

    yield from words(piece, chance)
    yield "everything", {"q": ""}
    yield from refined(piece)


def words(piece: Callable[..., str], chance: random.Random) -> Iterator[tuple[str, Asked]]:
    """What is typed: pieces, operators, numbers."""
    made = {
        "a piece of a title": lambda: piece(3, 4, 5, 6),
        "one character": lambda: piece(1),
        "two characters": lambda: piece(2),
        "two words": lambda: f"{piece(2)} {piece(2)}",
        "A OR B": lambda: f"{piece(1, 2)} OR {piece(1, 2)}",
        "A -B": lambda: f"{piece(1, 2)} -{piece(1, 2)}",
        "(A OR B) NOT C": lambda: f"({piece(1, 2)} OR {piece(1, 2)}) NOT {piece(1, 2)}",
        "field": lambda: chance.choice(("题名:", "作者:", "主题:", "正文:")) + piece(1, 2),
        "word and 第3期": lambda: f"{piece(2)} 第{chance.randint(1, 12)}期",
    }
    for kind, make in made.items():
        for _ in range(_EACH):
            yield kind, {"q": make()}
    for reign in _REIGNS:
        yield "years of reigns", {"q": reign}
    yield "24 characters with OR", {"q": " OR ".join(sorted({piece(1) for _ in range(60)})[:24])}


def refined(piece: Callable[..., str]) -> Iterator[tuple[str, Asked]]:
    """What is chosen beside the words: an order, a later page, filters."""
    for sort in ("year", "year_desc", "title"):
        for _ in range(_EACH // 3):
            yield f"by {sort}", {"q": piece(1, 2), "sort": sort}
        yield f"everything by {sort}", {"q": "", "sort": sort}
    for page in (2, 3, 10, 200):
        for _ in range(_EACH // 6):
            yield "a later page", {"q": piece(1, 2), "page": page}
    for _ in range(_EACH):
        yield "asked anew where little is found", {"q": piece(2, 3) + piece(2, 3), "mend": "search"}
    for text in ("糖尿病吃什么", "小孩咳嗽怎么办", "种地的书", "养鸡技术", "看电脑的书"):
        yield "asked anew where little is found", {"q": text, "mend": "search", "sort": "title"}
        yield "asked anew where little is found", {"q": text, "mend": "search"}
    for chosen in _FILTERS:
        for _ in range(_EACH // 12):
            yield "with filters", {"q": piece(1, 2), **chosen}
        yield "filters alone", {"q": "", **chosen}


def asked_of(options: argparse.Namespace) -> dict[str, Any]:
    """Ask everything in this process, which imports the checkout to be measured."""
    from indexer.catalogue import Catalogue
    from indexer.search import Part, Searcher, SearchRequest
    from indexer.search_budget import Budget

    folder = options.meta
    catalogue = Catalogue(folder / "catalogue.db")
    # Until it is open nothing is counted.
    searcher = Searcher([Part(folder / "search", catalogue)])
    titles = [one.title for one in catalogue.rows(list(range(0, catalogue.count, max(1, catalogue.count // 2000))))]
    asked = costly_questions(searcher, titles) if options.costly else list(questions(titles))
    if options.also:
        lines = (json.loads(line) for line in options.also.open(encoding="utf-8"))
        asked += [(one["kind"], {"q": one["text"]}) for one in lines]
    here: list[Any] = []
    if options.drives == "half":
        here = [np.random.default_rng(3).random(catalogue.count) < 0.5]
    opened = anonymous()
    kinds, index, page, answers = [], [], [], []
    for kind, chosen in asked:
        request = SearchRequest(**chosen)
        if len(request.q) > 200 and not options.costly:
            continue
        least_index = least_page = float("inf")
        for _ in range(_TIMES):
            began = time.process_time()
            searcher._understood(request, Budget())  # the first half of `search`
            between = time.process_time()
            result = searcher.search(request, here)
            least_index = min(least_index, between - began)
            least_page = min(least_page, time.process_time() - between)
        kinds.append(kind)
        index.append(least_index * 1000)
        page.append(least_page * 1000)
        answers.append((str(chosen), _told(result)))
    return {
        "records": catalogue.count,
        "memory": (opened, anonymous()),
        "kinds": kinds,
        "index": index,
        "page": page,
        "answers": answers,
    }


def costly_questions(searcher: Any, titles: list[str]) -> list[tuple[str, Asked]]:
    """The costliest questions, of what most records hold of the titles' characters, pairs and words."""

    def most(texts: Iterable[str], wanted: int) -> list[str]:
        known = {text: searcher.parts[0].files.figures("x", text) for text in texts}
        held = {text: figures.documents for text, figures in known.items() if figures is not None}
        return sorted(held, key=lambda text: (-held[text], text))[:wanted]

    stretches = [stretch for title in titles for stretch in re.findall("[\u4e00-\u9fff]+", title)]
    pairs = most((one[at : at + 2] for one in stretches for at in range(len(one) - 1)), 120)
    letters = most((word for title in titles for word in re.findall("[a-z]{4,}", title.lower())), 40)
    return list(costly(most("".join(stretches), 60), pairs, letters))


def costliest(rounds: list[Any]) -> Iterator[str]:
    """The ten costliest pages."""
    least = [min(one) for one in zip(*(taken["page"] for taken in rounds), strict=True)]
    for place in sorted(range(len(least)), key=lambda place: -least[place])[:10]:
        asked, (figures, *_) = rounds[0]["answers"][place]
        yield f"{least[place]:.0f} ms, {figures[0]:,} lines{'' if figures[1] else ' about'}: {asked[:160]}"


def _told(result: Any) -> Any:
    """All that an answer says, but how long it took."""
    hits = [
        (
            hit.row, hit.resource.id, hit.why, hit.marks, hit.snippet, hit.snippet_marks,
            hit.collapsed
            and (hit.collapsed.count, hit.collapsed.total, hit.collapsed.level, [one.id for one in hit.collapsed.best]),
        )
        for hit in result.hits
    ]  # fmt: skip
    figures = (result.total, result.total_exact, result.resources, result.entries, result.too_broad, result.suggestion)
    return figures, hits, result.facets, result.alike, result.alike_words, [hit.alike for hit in result.hits]


def _in_process(options: argparse.Namespace, checkout: Path) -> Any:
    command = [sys.executable, str(_HERE / "search_pages.py"), "--child", str(checkout), "--meta", str(options.meta)]
    command += ["--costly"] if options.costly else []
    command += ["--drives", options.drives, *(["--also", str(options.also)] if options.also else [])]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(checkout)}, stdout=subprocess.PIPE, check=True, cwd=checkout
    )
    return json.loads(done.stdout)


def table(measured: dict[str, list[Any]]) -> Iterator[str]:
    """CPU ms by kind as Markdown: p50 / p95 / max of the least of all rounds."""
    yield f"| CPU ms, p50 / p95 / max | |{''.join(f' index, {name} | page, {name} |' for name in measured)}"
    yield f"|---|---:|{'---|' * 2 * len(measured)}"
    kinds = next(iter(measured.values()))[0]["kinds"]
    for kind in (*dict.fromkeys(kinds), "all"):
        cells = []
        for rounds in measured.values():
            for what in ("index", "page"):
                least = [min(one) for one in zip(*(taken[what] for taken in rounds), strict=True)]
                cells.append(spread([n for n, its in zip(least, kinds, strict=True) if kind in (its, "all")]))
        yield f"| {kind} | {kinds.count(kind) or len(kinds)} | {' | '.join(cells)} |"


def spread(values: list[float]) -> str:
    """p50, p95 and the greatest."""
    ordered = sorted(values)
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.5, 0.95))
    return f"{p50:.2f} / {p95:.2f} / {ordered[-1]:.1f}"


def differ(before: list[Any], now: list[Any]) -> None:
    """Say which answers are not the same.

    Raises:
        SystemExit: some are not.
    """
    wrong = [(one, other) for one, other in zip(before, now, strict=True) if one != other]
    print(f"\n{len(now)} answers compared, {len(wrong)} differ")
    for one, other in wrong[:5]:
        print(f"  {one[0]}\n    beside {str(one[1])[:600]}\n    now    {str(other[1])[:600]}")
    if wrong:
        sys.exit(1)


def anonymous() -> int:
    """Anonymous memory of this process in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) >> 10
    return 0


if __name__ == "__main__":
    main()
