"""Two editions of one small source: a book edited, data grown, a file renamed, one withdrawn, one new."""

from __future__ import annotations

import csv
import random

from packager.build import BuildOptions
from packager.format.files import RealFiles
from tests.generated import epub

OPTIONS = BuildOptions(bundle="national", issued="2026-11-22", edition="2026.10", quiet=True, workers=1)
FILES = RealFiles()


def noise(size, seed):
    return random.Random(seed).randbytes(size)


def write_source(folder, rows):
    """A source: id → (title, file name → bytes)."""
    folder.mkdir(exist_ok=True)
    with (folder / "catalogue.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["id", "title", "type", "files"])
        for identity, (title, files) in rows.items():
            for name, content in files.items():
                if not (folder / name).exists() or (folder / name).read_bytes() != content:
                    (folder / name).write_bytes(content)
            writer.writerow([identity, title, "book", ";".join(files)])
    return folder


BIG = noise(3_500_000, 1)
CHAPTERS = [f"第{n}章的正文，" + "春江潮水连海平，海上明月共潮生。" * 60 for n in range(30)]
EDITED = [*CHAPTERS[:7], CHAPTERS[7] + "新添的一句。", *CHAPTERS[8:]]
OLD = {
    "edited": ("改过的书", {"edited.epub": epub("改过的书", CHAPTERS)}),
    "grown": ("补录的数据", {"grown.dat": BIG}),
    "moved": ("改了文件名的书", {"name-before.dat": noise(1_300_000, 2)}),
    "gone": ("下架的书", {"gone.dat": noise(5000, 3)}),
    "stays": ("没有变的书", {"stays.dat": noise(2_200_000, 4)}),
    "renamed": ("题名有误", {"renamed.dat": noise(900, 5)}),
    "empty": ("空文件", {"empty.dat": b"x"}),
}
NEW = {name: row for name, row in OLD.items() if name not in {"gone", "moved"}} | {
    "edited": ("改过的书", {"edited.epub": epub("改过的书", EDITED)}),
    "grown": ("补录的数据", {"grown.dat": BIG[:1_000_000] + b"corrected" + BIG[1_000_100:] + b"more"}),
    "moved": ("改了文件名的书", {"name-after.dat": noise(1_300_000, 2)}),
    "renamed": ("题名已正", {"renamed.dat": noise(900, 5)}),
    "new": ("新书", {"new.dat": noise(1_100_000, 6), "new.txt": "新书的正文。".encode() * 3000}),
}
