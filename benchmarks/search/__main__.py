"""A search page beside its peers, at one or more sizes, each engine in a process of its own, in one run.

    SHUXIANG_COLLECTION=… PYTHONPATH=benchmarks python -m search [--records 100000 300000] [--engines ours whoosh …]
        [--folder F] [--kinds] [--http]

Peers that are not there are named and left out: tantivy (requirements/benchmarks.txt), Xapian (Debian's python3-xapian,
by /usr/bin/python3). A page is the 20 best fetched, their snippets, the count and three facets; ours has six facets,
collapsed lines and marks. Terms, weights and what a line holds are the same for all but Xapian, which has n-grams of
its own. `cold`: nothing of the index in the page cache when the first question is asked.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from search_records import collection

from search import over_http
from search.child import ENGINES
from search.figures import compare, growth, kinds, table
from search.preparing import prepare

_BENCHMARKS = Path(__file__).resolve().parent.parent
_PYTHONS = {"xapian": "/usr/bin/python3"}
_MODULES = {"xapian": "xapian", "tantivy": "tantivy"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="+", default=[100_000, 300_000])
    parser.add_argument("--engines", nargs="+", default=list(ENGINES), choices=ENGINES)
    parser.add_argument("--folder", type=Path, help="keep corpora and indexes here; what is there is used again")
    parser.add_argument("--kinds", action="store_true", help="times by kind of question too")
    parser.add_argument("--http", action="store_true", help="then over HTTP, from a drive of the same records")
    options = parser.parse_args()
    collection()
    engines = [name for name in options.engines if available(name)]
    sizes: list[tuple[int, dict[str, Any]]] = []
    with tempfile.TemporaryDirectory(prefix="search-benchmark-") as scratch:
        for count in options.records:
            folder = (options.folder or Path(scratch)) / f"{count}"
            folder.mkdir(parents=True, exist_ok=True)
            prepare(folder, count)
            sizes.append((count, {name: measured(name, folder) for name in engines}))
            print(f"\n{count:,} records, load {os.getloadavg()[0]:.0f}")
            asked = [json.loads(line) for line in (folder / "queries.jsonl").open(encoding="utf-8")]
            print("\n".join(table(sizes[-1][1], asked)))
            print("\n".join(compare(sizes[-1][1], asked)), flush=True)
            if options.kinds:
                print("\n".join(kinds(sizes[-1][1], asked)), flush=True)
        print("\n".join(growth(sizes)), flush=True)
        if options.http:
            over_http.measure((options.folder or Path(scratch)) / f"{options.records[0]}", options.records[0])


def available(name: str) -> bool:
    """Whether an engine can be asked here; says so when not."""
    module = _MODULES.get(name)
    if module is None:
        return True
    python = _PYTHONS.get(name, sys.executable)
    there = Path(python).exists() and subprocess.run([python, "-c", f"import {module}"], stderr=subprocess.DEVNULL)
    if not there or there.returncode:
        print(f"left out: {name} is not installed for {python}")
        return False
    return True


def measured(name: str, folder: Path) -> dict[str, Any]:
    """Build what is not there yet, then ask."""
    kept = folder / f"built-{name}.json"
    if not kept.is_file():
        kept.write_text(json.dumps(child(name, "build", folder)))
    return {"built": json.loads(kept.read_text()), **child(name, "ask", folder)}


def child(name: str, what: str, folder: Path) -> dict[str, Any]:
    """What an engine's process measured."""
    command = [_PYTHONS.get(name, sys.executable), "-m", "search.child", name, what, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(_BENCHMARKS), "XAPIAN_FLUSH_THRESHOLD": "100000"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    print(f"  {name}: {what} done", file=sys.stderr, flush=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
