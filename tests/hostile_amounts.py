"""Hostile amounts: what is small on the drive and whole, but was a thousand readers' worth of memory on the box."""

from __future__ import annotations

import struct
import zipfile

from tests.appliance.web.holding import picture
from tests.hostile_books import SHOWN
from tests.indexer.rendition_files import epub_of, package, page

_ITEM = '<item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/>'
_SPINE = '<spine><itemref idref="c1"/></spine>'
_NAV = '<item id="n" properties="nav" href="nav.xhtml" media-type="application/xhtml+xml"/>'


def full_text(size: int = 2 << 20) -> bytes:
    """A text that is four times as large when its characters are written for a browser."""
    return (f"{SHOWN}\n\n" + "<<<a" * (size >> 2)).encode()


def one_block(size: int = 2 << 20) -> bytes:
    """A web page that is one paragraph of bold letters."""
    return f"<p>{SHOWN}{'<b>x</b>' * (size >> 3)}</p>".encode()


def many_links(count: int = 60_000) -> bytes:
    """A chapter of links to itself, which stands behind 4,999 others in the order of reading."""
    body = f"<p>{SHOWN}</p>" + '<p><a href="c1.xhtml">x</a></p>' * count
    items = "".join(f'<item id="d{n}" href="d.xhtml" media-type="application/xhtml+xml"/>' for n in range(4999))
    refs = "".join(f'<itemref idref="d{n}"/>' for n in range(4999))
    spine = f'<spine>{refs}<itemref idref="c1"/></spine>'
    files = {"OPS/package.opf": package(_ITEM + items, spine), "OPS/c1.xhtml": page(body)}
    return epub_of(files, zipfile.ZIP_STORED)


def long_contents(lines: int = 5000) -> bytes:
    """A table of contents whose lines are as many and as long as a book may have."""
    entries = "".join(f'<li><a href="c1.xhtml">{n}{"长" * 120}</a></li>' for n in range(lines))
    kind = "xmlns:epub='http://www.idpf.org/2007/ops' epub:type='toc'"
    files = {
        "OPS/package.opf": package(_ITEM + _NAV, _SPINE),
        "OPS/c1.xhtml": page(f"<p>{SHOWN}</p>"),
        "OPS/nav.xhtml": page(f"<nav {kind}><ol>{entries}</ol></nav>"),
    }
    return epub_of(files, zipfile.ZIP_STORED)


def avif_claim() -> bytes:
    """A picture of 65,535 by 65,535 points in a form that browsers know and the box does not unpack."""
    small = struct.pack(">I4sIII", 20, b"ispe", 0, 16, 16)
    extent = struct.pack(">I4sIII", 20, b"ispe", 0, 65_535, 65_535)
    return b"\0\0\0\x1cftypavif\0\0\0\0avifmif1" + b"\0\0\0\x60meta" + bytes(20) + small + extent + bytes(100)


def srt_chapters(count: int = 20_000) -> bytes:
    """A file that names twenty thousand chapters."""
    times = [f"{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}" for n in range(count)]
    return "\n\n".join(f"{n}\n{at},000 --> {at},900\n第{n}章" for n, at in enumerate(times, 1)).encode()


def large_tilepack(count: int) -> bytes:
    """A pack whose directory names `count` tiles, all of them the same one."""
    tile = picture("navy", (64, 64))
    body = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, len(tile), len(tile), 1, 0) + b"x" + tile
    lines = []
    for number in range(count):
        name = b"%04d_files/10/%d_%d.jpeg" % (number // 500 + 1, number % 500 // 100, number % 100)
        fields = (20, 20, 0, 0, 0, 0, 0, len(tile), len(tile), len(name), 0, 0, 0, 0, 0, 0)
        lines.append(struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *fields) + name)
    directory = b"".join(lines)
    at = len(body) + len(directory)
    large = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(directory), len(body))
    place = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFF_FFFF, 0xFFFF_FFFF, 0)
    return body + directory + large + place + end
