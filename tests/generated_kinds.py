"""A collection of every kind of resource that the library knows, made on the spot, and what must be seen of each.

Each row says how it opens and what stands on its first and last page, so that one test can walk through all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import generated_books as books
from tests import generated_media as media
from tests import generated_pictures as pictures

FIRST = "清溪之水清且浅，可以濯我缨。"
LAST = "卷终，此后再无一字。"
TRADITIONAL = "學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？"
UYGHUR = "كىتاب بىلىمنىڭ بۇلىقى."
LATIN = "The river is clear and shallow."
Files = dict[str, bytes]


@dataclass(frozen=True)
class Kind:
    """A row and what must be seen of it.

    Attributes:
        id, title, type: of the record. columns: more of it.
        files: makes its files: path → bytes.
        opens: epub, pdf, picture, text, audio, video: the reader; issues, parts: what it gathers; closed: its page
            says that it does not open; entry: a catalogue entry.
        first: what is read on the first page, or the sentence that says why not. last: on the last one.
        parts: labels in order: of files, of pages, of what it gathers.
        pages: how many a reader counts, 0 where it counts none.
        tag: what results say of it; of what gathers issues or volumes what they say of the best of them.
    """

    id: str
    title: str
    type: str
    opens: str
    files: Callable[[], Files] = dict
    first: str = ""
    last: str = ""
    parts: tuple[str, ...] = ()
    pages: int = 0
    tag: str = "可下载"
    columns: dict[str, object] = field(default_factory=dict)


def texts() -> Iterator[Kind]:
    """Texts, web pages, books and documents."""
    plain = "\n\n".join([FIRST, "　　岸芷汀兰，郁郁青青。" * 30, LAST])
    yield Kind("t-gb", "乡音录", "book", "text", lambda: {"t/乡音.txt": plain.encode("gb18030")}, FIRST, LAST)
    yield Kind("t-16", "乡音续录", "book", "text", lambda: {"t/续.txt": plain.encode("utf-16")}, FIRST, LAST)
    yield Kind(
        "t-big5",
        "學而篇",
        "book",
        "text",
        lambda: {"t/big5.txt": (TRADITIONAL * 6).encode("big5")},
        TRADITIONAL,
        TRADITIONAL,
        columns={"language": "zh-Hant"},
    )
    yield Kind(
        "t-md",
        "记事",
        "book",
        "text",
        lambda: {"t/记事.md": f"# 第一节\n\n{FIRST}\n\n# 第二节\n\n{LAST}".encode()},
        FIRST,
        LAST,
    )
    yield Kind(
        "t-novel",
        "山中夜话",
        "book",
        "text",
        lambda: {"t/夜话.txt": books.novel().encode("gb18030")},
        "第一回　山中夜话之一",
        "第二十四回　山中夜话之二十四",
        pages=24,
    )
    yield Kind(
        "t-web",
        "水乡纪行",
        "book",
        "text",
        lambda: {
            "w/page.html": books.web_page(FIRST, ["图/桥.jpg", "boat.png"]),
            "w/图/桥.jpg": pictures.jpeg("Bridge", (400, 300)),
            "w/boat.png": pictures.saved(pictures.drawing("Boat", (400, 300)), "PNG"),
        },
        FIRST,
        "图：boat.png",
    )
    yield Kind(
        "e-flow",
        "清溪集",
        "book",
        "epub",
        lambda: {"e/流.epub": books.epub(books.chapters(FIRST, LAST))},
        FIRST,
        LAST,
        columns={"creator": "（清）李溪 撰", "clc": "I22", "subject": "诗歌"},
    )
    yield Kind(
        "e-fixed",
        "书影",
        "book",
        "epub",
        lambda: {"e/定.epub": books.fixed_epub()},
        pages=4,
        columns={"language": "lzh"},
    )
    yield Kind(
        "e-upright",
        "直排清溪集",
        "book",
        "epub",
        lambda: {"e/直.epub": books.vertical_epub(FIRST, LAST)},
        FIRST,
        LAST,
        columns={"language": "zh-Hant", "creator": "（清）李溪 撰"},
    )
    yield Kind(
        "e-ug",
        "بىلىم بۇلىقى",
        "book",
        "epub",
        lambda: {"e/ug.epub": books.uyghur_epub(UYGHUR)},
        UYGHUR,
        UYGHUR,
        columns={"language": "ug"},
    )
    yield Kind(
        "d-text",
        "清溪县水利志",
        "book",
        "pdf",
        lambda: {"d/文.pdf": books.pdf(FIRST, LAST)},
        FIRST,
        LAST,
        pages=3,
        columns={"clc": "TV"},
    )
    yield Kind(
        "d-scan",
        "清溪县志（扫描）",
        "book",
        "pdf",
        lambda: {"d/扫.pdf": books.scanned_pdf()},
        pages=3,
        columns={"clc": "K29"},
    )
    yield Kind(
        "d-fonts",
        "清溪文钞",
        "book",
        "pdf",
        lambda: {"d/缺.pdf": books.pdf(FIRST, LAST, font="missing")},
        FIRST,
        LAST,
        pages=3,
    )


def closed() -> Iterator[Kind]:
    """What cannot be opened as it came, with and without another form."""
    locked, broken = "这份资源带着锁，在这里打不开。", "这份资源送来时就有损坏，打不开。"
    yield Kind(
        "x-epub",
        "上锁的书",
        "book",
        "closed",
        lambda: {"x/锁.epub": books.locked_epub(FIRST)},
        locked,
        tag="这里打不开",
    )
    yield Kind(
        "x-pdf",
        "带密码的文件",
        "book",
        "closed",
        lambda: {"x/密.pdf": books.pdf(LATIN, LATIN, font="latin", password="x")},
        locked,
        tag="这里打不开",
    )
    yield Kind(
        "x-broken", "残缺的文件", "book", "closed", lambda: {"x/残.pdf": books.broken_pdf()}, broken, tag="这里打不开"
    )
    yield Kind(
        "x-avi",
        "老录像",
        "video",
        "closed",
        lambda: {"x/老.avi": media.avi(media.frames(4))},
        "这种录音录像，馆里的机器多半放不出。",
        tag="这里打不开",
    )
    yield Kind(
        "x-forms",
        "上锁的书（另有文件）",
        "book",
        "pdf",
        lambda: {
            "x/书.epub": books.locked_epub(FIRST),
            "x/书.pdf": books.pdf(FIRST, LAST),
        },
        FIRST,
        LAST,
        pages=3,
    )
    yield Kind(
        "x-film",
        "老录像（两种格式）",
        "video",
        "video",
        lambda: {"x/渡口.mp4": media.unplayable_mp4(media.frames(6)), "x/渡口.webm": media.webm(media.frames(6))},
    )
    yield Kind(
        "x-entry",
        "清溪县志（民国二十六年本）",
        "book",
        "entry",
        first="本资源仅有目录，馆内没有全文。",
        tag="仅有目录",
        columns={"date": "民国26年"},
    )


def write_kinds(folder: Path, kinds: list[Kind]) -> None:
    """Write their files and a catalogue in JSON lines below `folder`."""
    lines = []
    for kind in kinds:
        files = kind.files()
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        row = {"id": kind.id, "title": kind.title, "type": kind.type, "language": "zh-Hans", **kind.columns}
        lines.append(json.dumps({**row, "files": list(files)}, ensure_ascii=False))
    (folder / "catalogue.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
