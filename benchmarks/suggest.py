"""Suggestions while typing, pinyin as a search, and what a query may have meant, at a million records.

    SHUXIANG_COLLECTION=… python benchmarks/suggest.py [--records 1000000] [--sample 150] [--built FOLDER]

Beside ours, in the same run and with the same typing: SQLite over the same titles, names and subjects with their
pinyin and first letters, once by indexes and LIKE, once by FTS5 with prefixes. CPU milliseconds of one thread.
`--built` takes a folder with catalogue.jsonl, catalogue.db and search/ instead of making one.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import opencc
from search_records import write_truth

import indexer.build
from indexer.analysis import fold, normal_text, title_key
from indexer.catalogue import Catalogue, build_catalogue
from indexer.codec_index import IndexFiles
from indexer.model import Resource
from indexer.search import Part, Searcher, SearchRequest
from indexer.suggest import typed_key
from indexer.text.syllables import sounds_of, table

SUFFIXES = (".sge", ".sgs", ".sgr")
PEER = 30
"""Of each kind what the others are asked: they take up to a second."""

Typing = dict[str, list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--sample", type=int, default=150, help="records that typing is made from")
    parser.add_argument("--built", type=Path)
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.open:
        print(opened(options.open))
        return
    if options.built:
        measure(options.built, options.sample)
        return
    with tempfile.TemporaryDirectory(prefix="suggest-benchmark-") as scratch:
        made = Path(scratch)
        build(made, options.records)
        measure(made, options.sample)


def build(folder: Path, count: int) -> None:
    truth = write_truth(folder, count)
    build_catalogue(*truth, folder / "catalogue.db")
    took: list[float] = []
    plain = indexer.build.write_suggestions

    def timed(*given: object) -> tuple[str, ...]:
        started = time.process_time()
        made = plain(*given)  # type: ignore[arg-type]
        took.append(time.process_time() - started)
        return made

    indexer.build.write_suggestions = timed
    started = time.process_time()
    stats = indexer.build.build_index_of(truth[0], folder / "search", workers=2)
    whole = time.process_time() - started
    print(f"{stats.records:,} records: the index {stats.seconds:.0f} s; this process {whole:.0f} CPU s, of which")
    print(f"{took[0]:.0f} CPU s write what is suggested (the workers gather it beside their terms)")


def measure(folder: Path, sample: int) -> None:
    size = sum(path.stat().st_size for path in (folder / "search").iterdir())
    own = [path.stat().st_size for path in (folder / "search").iterdir() if path.suffix in SUFFIXES]
    files = IndexFiles(folder / "search")
    print(f"{files.records:,} records, {files.entries.keys.count:,} titles, names and subjects, ", end="")
    print(f"{files.sounds.keys.count:,} sounds: {sum(own) >> 20} MB of {size >> 20} MB")
    own_process = [sys.executable, __file__, "--open", str(folder)]
    print(subprocess.run(own_process, check=True, capture_output=True, text=True).stdout.strip())
    catalogue = Catalogue(folder / "catalogue.db")
    rows = random.Random(1).sample(range(catalogue.count), sample)
    resources = catalogue.rows(rows)
    typing = typed(resources)
    searcher = Searcher([Part(folder / "search", catalogue)])
    table_of("suggestions, ours", typing, lambda text: len(searcher.suggest(text)))
    table_of("suggestions for children, ours", typing, lambda text: len(searcher.suggest(text, face="child")))
    started = time.process_time()
    few = {kind: texts[:PEER] for kind, texts in typing.items()}
    with peer(folder / "peer.db", files) as database:
        made, held = time.process_time() - started, (folder / "peer.db").stat().st_size >> 20
        print(f"\nSQLite: made in {made:.0f} CPU s, {held} MB")
        table_of("suggestions, SQLite LIKE over indexes", few, lambda text: len(by_like(database, text)))
        table_of("suggestions, SQLite FTS5 prefixes", few, lambda text: len(by_words(database, text)))
    (folder / "peer.db").unlink()
    asked = slips(resources)
    sounding = {kind: typing[kind] for kind in ("whole pinyin", "first letters")}
    table_of("search in pinyin, whole page", sounding, pages(searcher, ""))
    table_of("nothing found, nothing offered", asked, pages(searcher, ""))
    table_of("nothing found, the nearest searched", asked, pages(searcher, "search"))
    searcher.close()


def opened(folder: Path) -> str:
    """What a fresh process holds for itself for an open index."""
    first = IndexFiles(folder / "search")
    first.entries.record(0)
    before = anonymous()
    second = IndexFiles(folder / "search")
    second.entries.record(0)
    after = anonymous()
    return (
        f"opening all of an index costs a process {(after - before) / 1024:.1f} MB of its own (terms and tables in it)"
    )


def anonymous() -> int:
    """KB that this process holds for itself."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


def typed(resources: list[Resource]) -> Typing:
    """What people type on the way to these records, by kind."""
    chance, found = random.Random(3), defaultdict[str, list[str]](list)
    other = opencc.OpenCC("s2t")
    known = table()
    for record in resources:
        title = title_key(record.title)
        found["1 character"].append(title[:1])
        found["2 characters"].append(title[:2])
        found["4 characters"].append(title[:4])
        found["traditional"].append(other.convert(title[:3]))
        if len(title) > 5:
            start = chance.randrange(2, len(title) - 3)
            found["from the middle"].append(title[start : start + 3])
        if not (sounds := sounds_of(normal_text(fold(record.title)), record.title_pinyin, known)):
            continue
        sound = sounds[0][:4]
        found["1 letter"].append(sound[0][0])
        found["1 syllable"].append(sound[0])
        found["3 syllables"].append("".join(sound[:3]))
        found["syllables with spaces"].append(" ".join(sound[:3]))
        found["whole pinyin"].append("".join(sounds[0][:8]))
        found["first letters"].append("".join(part[0] for part in sound))
        found["mixed"].append(sound[0] + "".join(part[0] for part in sound[1:]))
        found["composing"].append(title[:1] + "".join(sound[1:3]))
        if record.creators:
            names = sounds_of(title_key(record.creators[0].name), "", known)
            found["a name's pinyin"] += ["".join(name) for name in names[:1]]
        found["nothing like it"].append("".join(chance.choice("㐀㐁㐂㐃xqzwv") for _ in range(5)))
    return {kind: [text for text in texts if text] for kind, texts in found.items()}


def slips(resources: list[Resource]) -> Typing:
    """Queries with one slip, by kind."""
    chance, found = random.Random(5), defaultdict[str, list[str]](list)
    known = table()
    by_sound = defaultdict[str, list[str]](list)
    for character, sounds in known.items():
        if ord(character) < 0x7000:
            by_sound[sounds[0]].append(character)
    for record in resources:
        title = title_key(record.title)[:6]
        at = chance.randrange(len(title))
        same = [c for c in by_sound.get(known.get(title[at], ("",))[0], []) if c != title[at]]
        if same:
            found["same sound"].append(title[:at] + chance.choice(same) + title[at + 1 :])
        found["another character"].append(title[:at] + chance.choice("的一是在有") + title[at + 1 :])
        if len(title) > 3:
            found["one too many"].append(title[:at] + title[at] + title[at:])
        names = [creator.name for creator in record.creators[:1]]
        for text in [record.title, *names]:
            sounds = sounds_of(normal_text(fold(text)), record.title_pinyin if text is record.title else "", known)
            letters = "".join(sounds[0]) if sounds else ""
            if 6 <= len(letters) <= 20 and letters.isalpha():
                cut = chance.randrange(1, len(letters) - 1)
                swapped = letters[cut : cut + 2][::-1]
                found["pinyin with a slip"].append(letters[:cut] + swapped + letters[cut + 2 :])
    return dict(found)


def pages(searcher: Searcher, mend: str) -> Callable[[str], int]:
    return lambda text: searcher.search(SearchRequest(q=text, mend=mend)).total


def table_of(title: str, typing: Typing, ask: Callable[[str], int]) -> None:
    """CPU milliseconds by kind, and how many found anything; once before without the clock."""
    print(f"\n{title}\n| typed | times | p50 | p95 | most | found |\n|---|---|---|---|---|---|")
    every: list[float] = []
    for kind, texts in typing.items():
        took, found = [], 0
        for text in texts:
            ask(text)
            started = time.thread_time()
            found += bool(ask(text))
            took.append((time.thread_time() - started) * 1000)
        every += took
        print(f"| {kind} | {len(took)} | {figures(took)} | {found} |")
    print(f"| all | {len(every)} | {figures(every)} | |")


def figures(took: list[float]) -> str:
    ordered = sorted(took)
    shown = (ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], ordered[-1])
    return " | ".join(f"{value:.2f}" for value in shown)


def peer(path: Path, files: IndexFiles) -> sqlite3.Connection:
    """A database of the same entries with their likeliest sound, as one would make it with SQLite alone."""
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path)
    columns = "id INTEGER PRIMARY KEY, key TEXT, text TEXT, sound TEXT, initials TEXT, score INT"
    database.execute(f"CREATE TABLE entry ({columns})")
    database.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?)", _rows(files))
    for column in ("key", "sound", "initials"):
        database.execute(f"CREATE INDEX by_{column} ON entry ({column} COLLATE NOCASE)")
    database.execute("CREATE VIRTUAL TABLE word USING fts5 (key, sound, initials, content='', prefix='1 2 3')")
    database.execute("INSERT INTO word (rowid, key, sound, initials) SELECT id, key, sound, initials FROM entry")
    database.commit()
    return database


def _rows(files: IndexFiles) -> Iterator[tuple[object, ...]]:
    known = table()
    for place in range(files.entries.keys.count):
        entry = files.entries.record(place)
        sounds: Iterable[tuple[str, ...]] = sounds_of(entry.key, "", known)[:1]
        sound = next(iter(sounds), ())
        initials = "".join(part[0] for part in sound)
        yield place, entry.key, entry.text, "".join(sound), initials, files.entries.scores[0][place]


def by_like(database: sqlite3.Connection, text: str) -> list[object]:
    wanted = typed_key(text) + "%"
    return database.execute(
        "SELECT text FROM (SELECT text, score FROM entry WHERE key LIKE ?1 UNION SELECT text, score FROM entry WHERE "
        "sound LIKE ?1 UNION SELECT text, score FROM entry WHERE initials LIKE ?1) ORDER BY score DESC LIMIT 8",
        (wanted,),
    ).fetchall()


def by_words(database: sqlite3.Connection, text: str) -> list[object]:
    wanted = f'"{typed_key(text)}"*'
    return database.execute(
        "SELECT text FROM word JOIN entry ON entry.id = word.rowid WHERE word MATCH ? ORDER BY score DESC LIMIT 8",
        (wanted,),
    ).fetchall()


if __name__ == "__main__":
    main()
