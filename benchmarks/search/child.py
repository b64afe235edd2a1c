"""One engine in a process of its own: `python -m search.child ENGINE build|ask FOLDER`; prints what it measured."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

from search import measuring

ENGINES = ("ours", "whoosh", "tantivy", "fts5", "xapian")


def main() -> None:
    name, what, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    engine = importlib.import_module(f"search.engine_{name}")
    measure = measuring.build if what == "build" else measuring.ask
    json.dump(measure(engine, folder), sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
