"""Files that try to harm: what runs, loads, swells, loops, lies about itself or leaves its folder, made on the spot.

    for file in hostile_files(Target()):
        file.name, file.tries, file.content, file.media_type

`media_type` is what the file claims to be on a drive that no packager has looked at.
"""

from __future__ import annotations

import json
import struct
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial

from tests import hostile_amounts as amounts
from tests import hostile_books as books
from tests import hostile_documents as documents
from tests.appliance.web.holding import picture
from tests.generated import pdf, sound
from tests.hostile_books import SHOWN, attack

EPUB, PDF = "application/epub+zip", "application/pdf"
ALTO_SPACE = "http://www.loc.gov/standards/alto/ns-v4#"
LONG_SECONDS = "99999999999999999999:00:00.000"


@dataclass(frozen=True)
class Target:
    """Where attacks lead: a host outside, the box itself, and an item of the drive that is a script."""

    outside: str = "http://203.0.113.9"
    box: str = "http://192.0.2.1"
    script_item: str = "aaaaaaaaaaaaaaaaaaaa"


@dataclass(frozen=True)
class HostileFile:
    """One of them.

    Attributes:
        name: as a file of a source folder. tries: what it would do, in a few words.
        media_type: what it says it is. make: gives its content.
        role: of the item on a drive.
    """

    name: str
    tries: str
    media_type: str
    make: Callable[[], bytes]
    role: str = "part"

    @property
    def content(self) -> bytes:
        """Its bytes; made once."""
        return _made(self.make)


@cache
def _made(make: Callable[[], bytes]) -> bytes:
    return make()


def hostile_files(target: Target) -> list[HostileFile]:
    """All of them, by kind."""
    return [
        *_books(target),
        *_documents(target),
        *_pictures(target),
        *_texts(target),
        *_recordings(target),
        *_masks(target),
    ]


def _books(target: Target) -> Iterator[HostileFile]:
    makers: dict[str, tuple[str, Callable[[], bytes]]] = {
        "everything.epub": (
            "scripts, handlers, frames, forms, refresh, CSS and media from outside, SVG, XSLT",
            partial(books.everything, target),
        ),
        "zip-bomb.epub": ("a chapter that unpacks to 192 MiB", books.zip_bomb),
        "lying-size.epub": ("a chapter that is larger than it says", books.lying_zip),
        "overlapping.epub": ("3,000 chapters that share one stream of 16 MiB", books.overlapping_zip),
        "entity-bomb.epub": ("10^10 letters of entities in package and chapter", books.entity_bomb),
        "external-entities.epub": (
            "reads /etc/passwd and a host outside through entities",
            partial(books.external_entities, target),
        ),
        "traversal.epub": ("names with ../, absolute, a link to /etc/passwd", books.traversal),
        "formatting-bomb.epub": ("markup that grows a thousandfold when it is parsed as HTML", books.formatting_bomb),
        "deep.epub": ("elements and contents nested 100,000 deep", books.deep_book),
        "million.epub": ("a chapter of a million elements", books.many_elements),
        "long-spine.epub": ("100,000 chapters", books.long_spine),
        "long-contents.epub": ("contents of 5,000 long lines", amounts.long_contents),
    }
    for name, (tries, make) in makers.items():
        yield HostileFile(name, tries, EPUB, make)


def _documents(target: Target) -> Iterator[HostileFile]:
    makers: dict[str, tuple[str, Callable[[], bytes]]] = {
        "actions.pdf": (
            "JavaScript, Launch, URI, SubmitForm, GoToR, ImportData, embedded program, XFA",
            partial(documents.pdf_actions, target),
        ),
        "xref-loop.pdf": ("cross-reference tables that name each other", documents.pdf_xref_loop),
        "page-loop.pdf": ("a tree of pages that holds itself", documents.pdf_page_loop),
        "lost-page.pdf": ("a page that its document does not lead to", documents.pdf_lost_page),
        "stream-bomb.pdf": ("a drawing of 256 MiB in a few hundred bytes", documents.pdf_stream_bomb),
        "huge-page.pdf": ("a page of a thousand million points", documents.pdf_huge_page),
        "huge-picture.pdf": ("pictures of 3.6 thousand million points", documents.pdf_huge_picture),
        "calls.pdf": ("forms that call forms, 12^9 rectangles", documents.pdf_calls),
        "font-loop.pdf": ("a font drawn with itself", documents.pdf_fonts),
    }
    for name, (tries, make) in makers.items():
        yield HostileFile(name, tries, PDF, make)


def _pictures(target: Target) -> Iterator[HostileFile]:
    makers: dict[str, tuple[str, str, Callable[[], bytes]]] = {
        "claim.png": ("2^31 by 2^31 points", "image/png", documents.png_claim),
        "bomb.png": ("484 megapixels in 60 kB", "image/png", documents.png_bomb),
        "note-bomb.png": ("eight notes of 64 MiB beside one point", "image/png", documents.png_text_bomb),
        "claim.tif": ("2^32 by 2^32 points in one strip", "image/tiff", documents.tiff_claim),
        "loop.tif": ("a page that is its own next page", "image/tiff", documents.tiff_loop),
        "bomb.tif": ("169 megapixels in 20 kB", "image/tiff", documents.tiff_bomb),
        "claim.gif": ("10,000 pictures of 65,535 by 65,535 points", "image/gif", documents.gif_claim),
        "bomb.webp": ("268 megapixels, the most that WebP knows", "image/webp", documents.webp_bomb),
        "claim.avif": ("65,535 by 65,535 points in a box of a small one", "image/avif", amounts.avif_claim),
        "claim.jp2": ("2^32 by 2^32 tiles of one point", "image/jp2", documents.jp2_claim),
        "script.svg": (
            "a drawing with scripts, frames and remote parts",
            "image/svg+xml",
            partial(books.svg_attacks, target),
        ),
        "bomb.svg": ("10^12 rectangles by reference", "image/svg+xml", documents.svg_bomb),
        "xxe.svg": ("reads /etc/passwd and a host outside", "image/svg+xml", partial(_xxe, target)),
        "drawing.jpg": (
            "a drawing with scripts under the name of a photograph",
            "image/jpeg",
            partial(books.svg_attacks, target),
        ),
    }
    for name, (tries, media_type, make) in makers.items():
        yield HostileFile(name, tries, media_type, make)
    yield HostileFile("tiles.zip", "descriptors with scripts and tiles from outside", "application/zip",
                      partial(documents.evil_tilepack, target), "tilepack")  # fmt: skip


def _texts(target: Target) -> Iterator[HostileFile]:
    web, js = partial(web_page, target), attack(target)
    makers: dict[str, tuple[str, str, str, Callable[[], bytes]]] = {
        "everything.html": ("a web page with scripts, frames, forms, refresh, styles", "text/html", "part", web),
        "everything.xhtml": ("the same as XHTML", "application/xhtml+xml", "part", web),
        "formatting-bomb.html": (
            "markup that grows a thousandfold when it is parsed",
            "text/html",
            "part",
            formatting_bomb,
        ),
        "deep.html": (
            "100,000 elements in one another",
            "text/html",
            "part",
            lambda: b"<div>" * 100_000 + SHOWN.encode(),
        ),
        "one-block.html": ("one paragraph of 260,000 elements", "text/html", "part", amounts.one_block),
        "million.html": ("a million elements", "text/html", "part", lambda: b"<p>x</p>" * 1_000_000),
        "markup.md": (
            "Markdown with HTML and javascript: links",
            "text/markdown",
            "part",
            lambda: f"# <script>{js}</script>\n\n[x](javascript:{js})\n\n<img src=x onerror='{js}'>\n".encode(),
        ),
        "markup.txt": ("a text that is HTML", "text/plain", "part", web),
        "paragraphs.txt": ("2,700,000 paragraphs", "text/plain", "part", lambda: b"a\n\n" * 2_700_000),
        "script.js": ("a script that calls itself a text to read", "text/javascript", "part", lambda: js.encode()),
        "style.css": (
            "a style sheet that loads from outside",
            "text/css",
            "part",
            lambda: books.style_attacks(target, "item").encode(),
        ),
        "entities.xml": ("ALTO with entities of entities", "application/alto+xml", "ocr", alto_entities),
        "elements.xml": ("ALTO of 300,000 words", "application/alto+xml", "ocr", alto_words),
        "markup.vtt": (
            "captions with markup, styles from outside, impossible times",
            "text/vtt",
            "caption",
            partial(vtt, target),
        ),
        "markup.srt": ("the same as SubRip", "application/x-subrip", "caption", lambda: srt(js)),
        "page.vtt": ("a web page that calls itself captions", "text/vtt", "caption", web),
        "deep.json": (
            "lists nested 200,000 deep",
            "application/json",
            "metadata",
            lambda: b"[" * 200_000 + b"]" * 200_000,
        ),
        "sections.jsonl": ("a text in sections out of all bounds", "application/jsonl", "text", sections),
    }
    for name, (tries, media_type, role, make) in makers.items():
        yield HostileFile(name, tries, media_type, make, role)


def _recordings(target: Target) -> Iterator[HostileFile]:
    out = target.outside
    playlist = (
        f'#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI="{out}/hls-key"\n'
        f"#EXTINF:1,\n{out}/hls.ts\n#EXT-X-ENDLIST\n"
    )
    makers: dict[str, tuple[str, str, Callable[[], bytes]]] = {
        "giant-tag.mp3": (
            "an ID3 tag of 256 MiB that is not there",
            "audio/mpeg",
            lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + b"TIT2" + bytes(200),
        ),
        "atoms.mp4": ("atoms of impossible size, nested without end", "video/mp4", mp4_atoms),
        "playlist.mp4": ("a playlist that fetches from outside", "video/mp4", lambda: playlist.encode()),
        "playlist.m3u8": ("the same under its own name", "application/vnd.apple.mpegurl", lambda: playlist.encode()),
        "concat.mp4": (
            "a list of local files for ffmpeg",
            "video/mp4",
            lambda: b"ffconcat version 1.0\nfile /etc/passwd\n",
        ),
        "page.mp4": ("a web page that calls itself a film", "video/mp4", partial(web_page, target)),
        "page.weird": ("XHTML under a type of sound that ends in +xml", "audio/pwned+xml", partial(web_page, target)),
        "riff.wav": (
            "chunks of 4 GiB that are not there",
            "audio/wav",
            lambda: sound(0.1)[:40] + b"\xff\xff\xff\xff" + bytes(99),
        ),
    }
    for name, (tries, media_type, make) in makers.items():
        yield HostileFile(name, tries, media_type, make)


def _masks(target: Target) -> Iterator[HostileFile]:
    js, web = attack(target).encode(), web_page(target)
    makers: dict[str, tuple[str, str, Callable[[], bytes]]] = {
        "gif-and-js.gif": ("a picture that is a script too", "image/gif", lambda: b"GIF89a=1;" + js),
        "pdf-and-html.pdf": (
            "a document that is a web page too",
            PDF,
            lambda: pdf(1).replace(b"%PDF-1.4\n", b"%PDF-1.4\n" + web + b"\n"),
        ),
        "jpg-and-html.jpg": ("a photograph that is a web page too", "image/jpeg", lambda: picture("red") + web),
        "html-as.jpg": ("a web page that calls itself a photograph", "image/jpeg", lambda: web),
        "html-as.pdf": ("a web page that calls itself a PDF", PDF, lambda: web),
        "html-as.epub": ("a web page that calls itself a book", EPUB, lambda: web),
        "shortcut.lnk.pdf": (
            "a Windows shortcut under the name of a PDF",
            PDF,
            lambda: b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F" + bytes(60),
        ),
        "program.exe.pdf": (
            "a program under the name of a PDF",
            PDF,
            lambda: b"MZ" + bytes(58) + b"\x80\0\0\0" + bytes(64) + b"PE\0\0",
        ),
        "program.exe": (
            "a program",
            "application/vnd.microsoft.portable-executable",
            lambda: b"MZ" + bytes(126) + b"PE\0\0",
        ),
        "empty-type.bin": ("a type that breaks out of its header", "text/html\r\nSet-Cookie: pwned=1", lambda: web),
    }
    for name, (tries, media_type, make) in makers.items():
        yield HostileFile(name, tries, media_type, make)


def strange_names() -> list[HostileFile]:
    """A harmless text under names that mislead, break lines or look like others. (`/` and NUL no file can have.)"""
    names = {
        "photo\u202egpj.exe": "turned writing: reads as photoexe.jpg",
        "two\nlines.txt": "a line break",
        "cr\rlf.txt": "a carriage return",
        "bell\x07\x1b[31m.txt": "commands for a terminal",
        unicodedata.normalize("NFD", "Régime é.txt"): "letters taken apart",
        "zero\u200bwidth\ufeff.txt": "invisible letters",
        "-rf.txt": "an option",
        "CON.txt": "a device of Windows",
        "trail. .txt. ": "ends in a dot and a space",
        "<img src=x onerror=alert(1)>.txt": "markup",
        "=cmd|' '!A0.txt": "a formula",
        "%2e%2e%2fup.txt": "an escaped way up",
        "长" * 80 + ".txt": "244 bytes",
        "𠮷\U000f0000.txt": "letters that no font has",
    }
    return [HostileFile(n, f"a name with: {what}", "text/plain", lambda: SHOWN.encode()) for n, what in names.items()]


def web_page(target: Target) -> bytes:
    """A web page with all that a browser would run or load; well-formed, so that it is XHTML too."""
    js, out = attack(target), target.outside
    return (
        f'<html xmlns="{documents.XHTML}"><head><title>p</title><base href="{out}/"/>'
        f'<meta http-equiv="refresh" content="0; url={out}/refresh"/><link rel="stylesheet" href="{out}/web.css"/>'
        f'<script src="{target.box}/items/{target.script_item}"></script><script>{js}</script>'
        f"<style>{books.style_attacks(target, 'web')}</style></head>"
        f'<body onload="{js}" onpageshow="{js}"><h1 id="x" onclick="{js}">{SHOWN}</h1>'
        f'<img src="{out}/web-img" onerror="{js}"/>'
        f'<iframe src="{out}/web-frame"></iframe><iframe srcdoc="&lt;script&gt;{js}&lt;/script&gt;"></iframe>'
        f'<form id="f" action="{out}/web-form"><input autofocus="autofocus" onfocus="{js}"/></form>'
        f'<object data="{out}/web-object"/>'
        f'<svg xmlns="http://www.w3.org/2000/svg" onload="{js}"><script>{js}</script></svg>'
        f'<a href="javascript:{js}">去</a>'
        f'<math><mi href="javascript:{js}">x</mi></math>'
        f'<video src="{out}/web-video" autoplay="autoplay" onerror="{js}"/>'
        f"</body></html>"
    ).encode()


def formatting_bomb() -> bytes:
    """400 kB of which HTML makes 30 million elements: every paragraph repeats 300 open elements."""
    return ("<p>" + "".join(f"<b title={n}>" for n in range(300)) + "</p>" + "<p>x" * 100_000).encode()


def _xxe(target: Target) -> bytes:
    return (
        f'<!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/passwd"><!ENTITY r SYSTEM "{target.outside}/xxe">]>'
        f'<svg xmlns="http://www.w3.org/2000/svg"><text>&e;&r;</text><image href="{target.outside}/xxe-image"/></svg>'
    ).encode()


def alto_entities() -> bytes:
    """ALTO with a bomb of entities in a word."""
    bomb = '<!ENTITY a0 "aaaaaaaaaa">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    page = '<Layout><Page><String CONTENT="&a9;"/></Page></Layout>'
    return f'<!DOCTYPE alto [{bomb}]><alto xmlns="{ALTO_SPACE}">{page}</alto>'.encode()


def alto_words() -> bytes:
    """ALTO of one page with 300,000 words."""
    words = b'<String CONTENT="x"/>' * 300_000
    return b'<alto xmlns="%b"><Layout><Page><TextLine>%b</TextLine></Page></Layout></alto>' % (
        ALTO_SPACE.encode(),
        words,
    )


def vtt(target: Target) -> bytes:
    """Captions that are everything but captions."""
    js, out = attack(target), target.outside
    return (
        f"WEBVTT\n\nSTYLE\n@import '{out}/vtt.css';\n::cue {{ background-image: url({out}/vtt) }}\n\nNOTE\nSTYLE\n\n"
        f"REGION\nid:x\nwidth:9999999999%\n\n{LONG_SECONDS} --> 00:00.000\nbad\n\n"
        f"00:05.000 --> 00:01.000\nbackwards\n\n"
        f"00:00.000 --> 00:09.000 line:-99999999% position:1e99% region:x\n<b onclick='{js}'>bold</b>"
        f"<script>{js}</script>"
        f"<img src={out}/vtt-img onerror='{js}'><v <script>x</script>>&lt;script&gt;</v>\n<c.x:y><i><b><u>"
        + "<i>" * 5000
        + "\n"
    ).encode()


def srt(js: str) -> bytes:
    """SubRip of the same kind."""
    return (
        f"1\n00:00:00,000 --> 99:99:99,999\n<script>{js}</script>{{\\an8}}<font face=x onclick='{js}'>x</font>\n\n"
        f"2\n{LONG_SECONDS} --> -1:00:00,000\nbad\n\n" + "3\n00:00:01,000 --> 00:00:02,000\nx\n\n" * 30_000
    ).encode()


def sections() -> bytes:
    """Sections with absurd members."""
    lines = [
        {"n": 1, "kind": "chapter", "text": "<script>top.__pwned=1</script>", "target": "javascript:alert(1)"},
        {"n": 10**30, "kind": "page"}, {"n": -1, "kind": "../../etc"}, {"n": "x", "kind": ["time"]}, {"kind": None},
        {"n": 2, "kind": "page", "text": "x" * 1_000_000, "label": "\u202e" * 400},
    ]  # fmt: skip
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines) + b"{" * 100_000


def mp4_atoms() -> bytes:
    """Atoms of 2^64 bytes, tables of 2^32 entries, a tree of 2,000 atoms in one another."""
    table = struct.pack(">I4sIII", 24, b"stsz", 0, 0, 0xFFFF_FFFF) + bytes(4)
    deep = table
    for _ in range(2000):
        deep = struct.pack(">I4s", 8 + len(deep), b"moov") + deep
    huge = struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1)
    return struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom") + deep + huge


def renamed(file: HostileFile, media_type: str, role: str = "part") -> HostileFile:
    """The same bytes under another claim."""
    return replace(file, media_type=media_type, role=role)
