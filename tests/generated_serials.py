"""What gathers others: a daily newspaper, a journal with double issues, a set of volumes, a collection."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from tests import generated_books as books
from tests import generated_pictures as pictures
from tests.generated_kinds import FIRST, LAST, LATIN, Kind

LEAVES = ("第1版 要闻", "第2版 本地", "第10版 副刊")
ISSUES = ("2019年第1期", "2019年第2期", "2019年第3-4期合刊", "2019年第10期", "2019年增刊", "2020年第1期")
VOLUMES = ("卷首", "卷二", "卷十", "卷末")
DAYS = (dt.date(1949, 9, 30), dt.date(1949, 12, 31), dt.date(1950, 1, 1), dt.date(1950, 1, 2))


def day_name(day: dt.date) -> str:
    """1949年12月31日."""
    return f"{day.year}年{day.month}月{day.day}日"


def serials() -> Iterator[Kind]:
    """Every kind that gathers, with its parts; the parts come in another order than they are read in."""
    yield from _newspaper()
    yield from _journal()
    yield Kind("v-set", "清溪文献丛编", "book", "parts", parts=VOLUMES, columns={"language": "lzh"})
    for n, volume in enumerate(reversed(VOLUMES)):
        yield Kind(
            f"v-set-{n}",
            f"清溪文献丛编 {volume}",
            "book",
            "epub",
            lambda volume=volume: {f"丛编/{volume}.epub": books.epub(books.chapters(f"{volume}。{FIRST}", LAST, 1, 3))},
            f"{volume}。{FIRST}",
            LAST,
            columns={"parent": "v-set", "level": "volume", "designation": volume, "language": "lzh"},
        )
    yield Kind(
        "v-three",
        "清溪演义",
        "book",
        "pdf",
        lambda: {
            f"演义/清溪演义 {part}.pdf": books.pdf(LATIN, f"End of {n}", font="latin", pages=2)
            for n, part in enumerate("下上中")
        },
        LATIN,
        "End of 1",
        parts=("上", "中", "下"),
        pages=2,
    )
    yield Kind(
        "z-topic",
        "清溪水利专题库",
        "book",
        "parts",
        parts=("水利碑记", "水利条规", "水利图说"),
        tag="共 3 种",
        columns={"level": "collection", "description": "清溪历代水利文献。"},
    )
    for n, title in enumerate(("水利图说", "水利碑记", "水利条规")):
        yield Kind(
            f"z-topic-{n}",
            title,
            "book",
            "text",
            lambda n=n: {f"专题/{n}.txt": f"{FIRST}{n}".encode()},
            FIRST,
            columns={"parent": "z-topic"},
        )


def _newspaper() -> Iterator[Kind]:
    yield Kind(
        "n-daily",
        "清溪日报",
        "newspaper",
        "issues",
        parts=tuple(map(day_name, DAYS)),
        columns={"level": "serial"},
    )
    for n, day in enumerate(reversed(DAYS)):
        bare = n == 0
        yield Kind(
            f"n-{day.isoformat()}",
            f"清溪日报 {day_name(day)}",
            "newspaper",
            "entry" if bare else "picture",
            dict
            if bare
            else lambda day=day: {
                **{f"报/{day}/{leaf}.jpg": pictures.jpeg(f"{day} {k}") for k, leaf in enumerate(LEAVES, 1)},
                **{f"报/{day}/{leaf}.xml": books.alto([f"{day.day}日", leaf, "开渠放水"]) for leaf in LEAVES},
            },
            first="这一期只有目录，没有版面图像。" if bare else "",
            parts=() if bare else LEAVES,
            pages=0 if bare else 3,
            tag="仅有目录" if bare else "可下载",
            columns={"parent": "n-daily", "level": "issue", "date": day.isoformat(), "designation": day_name(day)},
        )


def _journal() -> Iterator[Kind]:
    yield Kind("j-monthly", "清溪农业", "journal", "issues", parts=ISSUES, columns={"level": "serial"})
    for n, issue in enumerate(reversed(ISSUES)):
        yield Kind(
            f"j-{n}",
            f"清溪农业 {issue}",
            "journal",
            "pdf",
            lambda n=n: {f"刊/{n}.pdf": books.pdf(f"{LATIN} {n}", "The end.", font="latin", pages=2)},
            f"{LATIN} {n}",
            "The end.",
            pages=2,
            columns={"parent": "j-monthly", "level": "issue", "designation": issue},
        )
