"""Targets: what else reaches the serving process: headers of pictures, words of patrons, a hostile child's messages."""

from __future__ import annotations

import functools
import io
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence

from PIL import Image

from indexer.catalogue import Catalogue
from indexer.errors import RenditionError
from indexer.image_header import HEAD_BYTES, header_pixels, picture_type
from indexer.renditions import wire
from indexer.renditions.captions import MAX_CUES, cues
from indexer.renditions.sandbox import Limits, _Job
from indexer.renditions.source import BytesSource
from indexer.search import Part, Searcher, SearchRequest
from indexer.search_query import MAX_ADDED, MAX_QUERY, MAX_TERMS, loosened, parse
from indexer.search_tree import texts
from tests.fuzz.indexes import index_files
from tests.fuzz.lists import outcome
from tests.fuzz.target import Target, kept, scratch

_SOURCE = BytesSource(bytes(range(256)))
_LIMITS = Limits(wall=0.5, output=4096)


def run_picture(data: bytes) -> bool:
    pixels = header_pixels(data)
    assert pixels is None or (type(pixels) is int and pixels >= 0)
    assert header_pixels(data.ljust(HEAD_BYTES, b"\0") + b"\xff") == header_pixels(data.ljust(HEAD_BYTES, b"\0"))
    kind = picture_type(data)
    assert picture_type(data[:16]) == kind
    return pixels is not None


def run_query(data: bytes) -> bool:
    """What a patron types, parsed and asked of a small index: always an answer, and a bounded one."""
    text = data.decode("utf-8", "surrogateescape")
    query = parse(text)
    every = set(texts(query.root, excluded=True))
    assert sum(len(condition.terms) for condition in every) <= 2 * MAX_TERMS + MAX_ADDED
    assert all(condition.text and (condition.terms or condition.head) for condition in every)
    loosened(query)
    loosened(query, numbers=False)
    found = _searcher().search(SearchRequest(q=text[: 2 * MAX_QUERY]))
    assert len(found.hits) <= 100
    return found.total > 0


@functools.cache
def _searcher() -> Searcher:
    files, catalogue = index_files()
    folder = scratch() / "asked"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return Searcher([Part(folder, Catalogue(kept("asked.db", catalogue)))])


def run_child(data: bytes) -> bool:
    """Whatever a child that a hostile file took over says to the process that serves readers."""
    others: list[socket.socket] = []

    def start(theirs: socket.socket) -> int:
        others.append(theirs.dup())
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        return os.dup(_nobody())

    try:
        with _Job(start, _LIMITS) as job:
            made = outcome(lambda: job.run("words", _SOURCE, {}, None), RenditionError)
    finally:
        for other in others:
            other.close()
    assert made is None or (len(made.body) <= _LIMITS.output and isinstance(made.values, dict))
    return made is not None


@functools.cache
def _nobody() -> int:
    """A process that is gone: what is sent to it reaches no one."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    descriptor = os.pidfd_open(gone.pid)
    gone.wait()
    return descriptor


def run_captions(data: bytes) -> bool:
    found = list(cues(data))
    assert len(found) <= MAX_CUES
    assert all(0 <= start <= end for start, end, _ in found)
    return bool(found)


def _picture_seeds() -> Sequence[bytes]:
    found = []
    for form, options in (
        ("PNG", {}), ("JPEG", {}), ("JPEG", {"progressive": True}), ("GIF", {}), ("WEBP", {}),
        ("WEBP", {"lossless": True}), ("AVIF", {}), ("BMP", {}),
    ):  # fmt: skip
        out = io.BytesIO()
        Image.new("RGB", (7, 5)).save(out, form, **options)
        found.append(out.getvalue())
    out = io.BytesIO()
    Image.new("RGBA", (7, 5)).save(out, "WEBP", save_all=True, append_images=[Image.new("RGBA", (7, 5), "red")])
    return [*found, out.getvalue()]


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack(">I", len(body)) + body


def _child_seeds() -> Sequence[bytes]:
    result = _message(wire.RESULT, json.dumps({"pages": 3}).encode())
    fault = _message(wire.ERROR, json.dumps({"kind": "limit", "reason": "x"}).encode())
    read = wire.READ + struct.pack(">QI", 5, 20)
    return [result, _message(wire.PIECE, b"body") + result, read * 3 + result, fault, read[:5], _message(b"J", b"[]")]


_QUERIES = (
    "红楼梦",
    "title:山水 人民",
    '"moby dick"',
    "作者:佚名",
    "978-7-02-000220-1",
    "isbn:7020002207",
    "oby-Dic 3期",
    "(红楼梦 OR 山水) AND NOT 题名:日报 -春秋",
    "作者:(李白 或 张三) 年:1930-1949 分类:I222",
    "人民日报 与 3月 非 江南 | gb* 正文:山水",
    "《山水》2019年第3期 卷三 no. 3",
    "清光绪二十三年刻本 公元前221年",
    "ISBN 978 7 101 00304 8 CN11-1234/G2",
    "!!",
)
_CUES = (
    "WEBVTT\n\n00:01.000 --> 00:02.000 align:start\n<v 甲>你好&amp;\n\n1\n00:00:03,000 --> 00:00:04,000\n<i>a</i>\nb\n",
    "1\r\n0:0:1,0 --> 9999:59:59,999\r\nx\r\n",
)
READERS = (
    Target(
        "picture", "indexer.image_header.header_pixels", _picture_seeds, run_picture,
        (b"\xff\xc0", b"VP8X", b"ispe\0\0\0\0", b"IHDR", b"\x2c", b"\x21\xff", b"\xff" * 4),
    ),
    Target(
        "query", "indexer.search_query.parse", lambda: [query.encode() for query in _QUERIES], run_query,
        ("“".encode(), "标题：".encode(), "\u3000".encode(), b"isbn:", b"*", b" -", b"(", b")", b" OR ", b" AND ",
         b"NOT ", " 或 ".encode(), "第3期".encode(), "年:".encode(), b"\xed\xa0\x80"), 600,
    ),
    Target(
        "child", "indexer.renditions.sandbox", _child_seeds, run_child,
        (b"R\0\0\0\0", b"W\0\0\0\4", b"J\0\0\0\2{}", b"E\0\0\0\2{}", b"\xff" * 4, b"[" * 3000), 4096,
    ),
    Target(
        "captions", "indexer.renditions.captions.cues", lambda: [text.encode() for text in _CUES], run_captions,
        (b" --> ", b"00:00:01.000", b"<" * 600, b"&#x110000;", b"\xff\xfe"),
    ),
)  # fmt: skip
