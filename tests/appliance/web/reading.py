"""Works of every kind that has a reader, made here, as a holding with a drive: what the tests of the readers open."""

from __future__ import annotations

import base64
import io
import random
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from appliance.clock import FixedClock
from appliance.library.keeper import LibraryKeeper
from appliance.people.accounts import Accounts
from appliance.serving.chunks import ChunkStore
from appliance.serving.pools import DrivePools
from appliance.settings import Settings
from appliance.store.faults import FaultStore
from appliance.store.holdings import write_holdings
from appliance.web.renditions import RenditionService
from appliance.web.renditions_cache import RenditionCache
from appliance.web.services import Services
from indexer.model import Access, Audience, Creator, Resource
from indexer.renditions import BytesSource, Renditions, libvips, tiles, write_tilepack
from packager.format.files import RealFiles
from tests.appliance.web.holding import NOW, World, holdings_of, one, picture, write_truth

SENTENCE = "学而时习之，不亦说乎？"
LAST = "全书至此终，后会有期。"
OUTSIDE = "http://203.0.113.9"
EPUB = "application/epub+zip"
_NOISE = random.Random(7)
_NS = 'xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"'
_CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def xhtml(title: str, body: str, head: str = "") -> str:
    """A chapter."""
    return f'<?xml version="1.0"?><html {_NS}><head><title>{title}</title>{head}</head><body>{body}</body></html>'


def epub(
    chapters: Sequence[tuple[str, str]],
    *,
    files: dict[str, tuple[str, bytes]] | None = None,
    meta: str = "",
    spine: str = "",
    language: str = "zh-Hans",
) -> bytes:
    """A book; `chapters` are (title, XHTML), `files` name → (media type, content)."""
    extra = files or {}
    items = "".join(
        f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(1, len(chapters) + 1)
    )
    items += "".join(
        f'<item id="f{n}" href="{name}" media-type="{kind}"/>' for n, (name, (kind, _)) in enumerate(extra.items())
    )
    refs = "".join(f'<itemref idref="c{n}"/>' for n in range(1, len(chapters) + 1))
    opf = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">urn:x</dc:identifier>'
        f"<dc:title>书</dc:title><dc:language>{language}</dc:language>{meta}</metadata><manifest>"
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        f"{items}</manifest><spine{spine}>{refs}</spine></package>"
    )
    lines = "".join(f'<li><a href="c{n}.xhtml">{title}</a></li>' for n, (title, _) in enumerate(chapters, 1))
    nav = xhtml("目录", f'<nav epub:type="toc"><ol>{lines}</ol></nav>')
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(zipfile.ZipInfo("mimetype"), EPUB)
        file.writestr("META-INF/container.xml", _CONTAINER)
        file.writestr("OPS/book.opf", opf)
        file.writestr("OPS/nav.xhtml", nav)
        for n, (_, text) in enumerate(chapters, 1):
            file.writestr(f"OPS/c{n}.xhtml", text)
        for name, (_, content) in extra.items():
            file.writestr(zipfile.ZipInfo(f"OPS/{name}"), content)
    return out.getvalue()


def plain_book() -> bytes:
    """Three chapters with a picture; the last sentence of the last one is `LAST`."""
    filler = "".join(f"<p>有朋自远方来，不亦乐乎？此为第 {n} 段。</p>" for n in range(60))
    chapters = [
        ("学而篇", xhtml("学而篇", f'<h1>学而篇</h1><p>{SENTENCE}</p><p><img src="seal.png" alt="印"/></p>{filler}')),
        ("为政篇", xhtml("为政篇", f"<h1>为政篇</h1><p>为政以德，譬如北辰。</p>{filler}")),
        ("八佾篇", xhtml("八佾篇", f"<h1>八佾篇</h1>{filler}<p id='last'>{LAST}</p>")),
    ]
    seal = io.BytesIO()
    Image.new("RGB", (40, 40), "#a32a1e").save(seal, "PNG")
    return epub(chapters, files={"seal.png": ("image/png", seal.getvalue())})


def upright_book() -> bytes:
    """One vertical chapter; the package says nothing of a direction."""
    lines = "".join("<p>人之初，性本善。性相近，習相遠。</p>" for _ in range(30))
    head = "<style>html { writing-mode: vertical-rl; }</style>"
    return epub([("三字經", xhtml("三字經", f"<h1>三字經</h1>{lines}", head))], language="zh-Hant")


def fixed_book() -> bytes:
    """Three fixed pages, each wider than high."""
    meta = '<meta property="rendition:layout">pre-paginated</meta>'
    head = '<meta name="viewport" content="width=800, height=500"/>'
    files, chapters = {}, []
    for n, colour in enumerate(("#204060", "#604020", "#206040"), 1):
        out = io.BytesIO()
        Image.new("RGB", (800, 500), colour).save(out, "PNG")
        files[f"p{n}.png"] = ("image/png", out.getvalue())
        chapters.append((f"第{n}葉", xhtml(f"{n}", f'<img src="p{n}.png" width="800" height="500" alt="{n}"/>', head)))
    return epub(chapters, files=files, meta=meta)


def hostile_book() -> bytes:
    """A book that tries everything; `window.top.PWNED` is what its scripts would set."""
    attack = "try { window.top.PWNED = 1 } catch (e) {} fetch('/PWNED')"
    encoded = base64.b64encode(b"<script>top.PWNED=1</script>").decode()
    shown = f'<p style="background: url({OUTSIDE}/s.png)">样式。</p>'
    body = f"""<h1>恶意</h1><p id="victim" onclick="{attack}" onmouseover="{attack}">可见的一句话。</p>
      <script>{attack}</script><script src="evil.js"></script><script src="{OUTSIDE}/a.js"></script>
      <svg xmlns="http://www.w3.org/2000/svg" onload="{attack}"><script>{attack}</script>
      <set attributeName="href" to="javascript:{attack}"/></svg>
      <img src="{OUTSIDE}/i.png" alt="" onerror="{attack}"/><img src="//203.0.113.9/j.png" alt=""/>
      <img src="none.png" srcset="{OUTSIDE}/k.png 2x" alt=""/><iframe src="{OUTSIDE}/f"></iframe>
      <iframe srcdoc="&lt;script&gt;top.PWNED=1&lt;/script&gt;"></iframe>
      <iframe src="data:text/html;base64,{encoded}"></iframe>
      <object data="{OUTSIDE}/o"></object><embed src="{OUTSIDE}/e"/><a id="way" href="javascript:{attack}">去</a>
      <form action="{OUTSIDE}/form"><p>表单里的话。</p><input name="q" autofocus="autofocus" onfocus="{attack}"/>
      </form>{shown}<video src="{OUTSIDE}/v.mp4" poster="{OUTSIDE}/p.png"></video>"""
    head = (
        f'<base href="{OUTSIDE}/"/><meta http-equiv="refresh" content="0; url={OUTSIDE}/r"/>'
        f'<link rel="stylesheet" href="{OUTSIDE}/x.css"/><link rel="prefetch" href="{OUTSIDE}/y"/>'
        f'<link rel="stylesheet" href="evil.css"/>'
        f"<style>@import url({OUTSIDE}/z.css); p {{ background-image: url('{OUTSIDE}/q.png') }}</style>"
    )
    files = {
        "evil.js": ("text/javascript", attack.encode()),
        "evil.css": (
            "text/css",
            f'@import "{OUTSIDE}/w.css"; p[id^="v"] {{ background: url({OUTSIDE}/exfil) }}'.encode(),
        ),
    }
    return epub([("恶意", xhtml("恶意", body, head))], files=files)


def large_book() -> bytes:
    """Over 8 MiB: a first chapter, 9 MiB of noise that no chapter shows, and a chapter after it."""
    chapters = [("前", xhtml("前", f"<p>{SENTENCE}</p>")), ("后", xhtml("后", f"<p>{LAST}</p>"))]
    return epub(chapters, files={"noise.bin": ("application/octet-stream", _NOISE.randbytes(9 << 20))})


def document(pages: int = 8, *, noisy: bool = False) -> bytes:
    """A PDF in a Chinese font that is not embedded, with an outline; `noisy` pages are about 400 kB each."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(420, 595), pageCompression=0, invariant=1)
    for n in range(1, pages + 1):
        canvas.setFont("STSong-Light", 22)
        canvas.drawString(40, 520, f"第 {n} 页")
        canvas.drawString(40, 480, LAST if n == pages else SENTENCE)
        canvas.bookmarkPage(f"p{n}")
        canvas.addOutlineEntry(f"第{n}节", f"p{n}")
        if noisy:
            noise = Image.frombytes("RGB", (370, 370), _NOISE.randbytes(370 * 370 * 3))
            canvas.drawImage(ImageReader(noise), 40, 60, 300, 300)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def orderly_document(pages: int = 8) -> bytes:
    """A PDF whose pages are listed before their pictures, each of 410 kB: damage to one spoils few pages."""
    side, kids = 370, " ".join(f"{3 + n} 0 R" for n in range(pages))
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Count {pages}/Kids[{kids}]>>".encode()]
    for n in range(pages):
        resources = f"<</XObject<</I {3 + 2 * pages + n} 0 R>>>>"
        page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 500]/Contents {3 + pages + n} 0 R/Resources{resources}>>"
        objects.append(page.encode())
    drawing = b"q 300 0 0 300 50 100 cm /I Do Q"
    objects += [b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing)] * pages
    kind = b"/Type/XObject/Subtype/Image/Width 370/Height 370/BitsPerComponent 8/ColorSpace/DeviceRGB"
    for _ in range(pages):
        noise = _NOISE.randbytes(side * side * 3)
        objects.append(b"<<%s/Length %d>>stream\n%s\nendstream" % (kind, len(noise), noise))
    body, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    tail = b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(body) + tail % (count, table, count, len(body))


def tiff(pages: int = 3) -> bytes:
    """Pages of growing darkness."""
    out = io.BytesIO()
    first, *rest = [Image.new("L", (300, 200), 220 - 60 * n) for n in range(pages)]
    first.save(out, "TIFF", save_all=True, append_images=rest)
    return out.getvalue()


def sound() -> bytes:
    """A second of silence as WAV."""
    samples = bytes(8000)
    header = b"RIFF" + (36 + len(samples)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    header += bytes.fromhex("01000100401f0000401f000001000800") + b"data" + len(samples).to_bytes(4, "little")
    return header + samples


def tilepack(pictures: Sequence[bytes]) -> bytes:
    """The tile pack of these pictures; the first as packs of older releases have it, WebP instead of JPEG."""

    def made_now(body: bytes) -> list[bytes]:
        pieces: list[bytes] = []
        maker.tiles(BytesSource(body), pieces.append)
        return pieces

    out = io.BytesIO()
    older = tiles.records(tiles.cut(libvips.opened(io.BytesIO(pictures[0]), 1), ".webp[Q=80,effort=2]"))
    with Renditions() as maker:
        write_tilepack(out, chain([older], map(made_now, pictures[1:])))
    return out.getvalue()


def works() -> list[tuple[Resource, dict[str, bytes]]]:
    """Every kind of work, with its bytes."""
    zh = ("zh-Hans",)
    colours = [picture(c, (900, 700)) for c in ("#802010", "#108020", "#102080")]
    scans = [("page", f"{n}.jpg", "image/jpeg", picture(f"#{n}0a080", (600, 800))) for n in range(1, 5)]
    hostile_page = f"<h1>标题</h1><script>top.PWNED=1</script><img src='{OUTSIDE}/x'><p onclick='x()'>网页正文。</p>"
    long_text = "\n\n".join(f"第 {n} 段。{SENTENCE}<b>不是粗体</b>" for n in range(900))

    def book(content: bytes) -> Sequence[tuple[str, str, str, bytes]]:
        return (("part", "a.epub", EPUB, content),)

    return [
        one("r.book", "论语", files=book(plain_book()), language=zh, creators=(Creator("孔子弟子", "撰", "春秋"),)),
        one("r.upright", "三字經", files=book(upright_book()), language=("zh-Hant",)),
        one("r.fixed", "固定版式", files=book(fixed_book()), language=("lzh",)),
        one("r.hostile", "恶意之书", files=book(hostile_book()), language=zh),
        one("r.large", "大书", files=book(large_book()), language=zh),
        one("r.broken", "不成书", files=book(b"PK\x03\x04 and nothing else"), language=zh),
        one("r.pdf", "文件", files=(("part", "a.pdf", "application/pdf", document()),), language=zh),
        one("r.scan", "大文件", files=(("part", "a.pdf", "application/pdf", document(8, noisy=True)),), language=zh),
        one("r.orderly", "有序", files=(("part", "a.pdf", "application/pdf", orderly_document()),), language=zh),
        one("r.painting", "三联画", "image", language=zh, creators=(Creator("画家", "绘"),),
            files=(*(("part", f"{n}.jpg", "image/jpeg", c) for n, c in enumerate(colours)),
                   ("tilepack", "p.zip", "application/zip", tilepack(colours)))),
        one("r.scans", "刻本書影", files=scans, language=("lzh",)),
        one("r.tiff", "扫描件", "image", files=(("part", "a.tif", "image/tiff", tiff()),), language=zh),
        one(
            "r.tiffs",
            "一坏一好",
            "image",
            files=(("part", "1.tif", "image/tiff", b"II*\0 broken"), ("part", "2.tif", "image/tiff", tiff())),
            language=zh,
        ),
        one("r.sound", "听书", "audio", language=zh, labels=("第一集", "第二集"),
            files=(("part", "1.wav", "audio/wav", sound()), ("part", "2.wav", "audio/wav", sound() + bytes(1)),
                   ("caption", "1.vtt", "text/vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n"))),
        one("r.text", "长文", files=(("part", "a.txt", "text/plain", long_text.encode("gb18030")),), language=zh),
        one("r.web", "网页", files=(("part", "a.html", "text/html", hostile_page.encode()),), language=zh),
        one("r.other", "程序", files=(("part", "a.bin", "application/octet-stream", b"\0\1\2"),), language=zh),
        one("r.locked", "馆外不可读", files=book(plain_book() + b"\0"), access=Access("accessible-only"), language=zh),
        one("r.adult", "成人读物", files=book(plain_book() + b"\0\0"), audience=Audience("general"), language=zh),
    ]  # fmt: skip


@contextmanager
def reading_world(root: Path, made: Sequence[tuple[Resource, dict[str, bytes]]] = ()) -> Iterator[World]:
    """A holding of `works`, or of those given, on one drive, with the service that makes views; closed at the end."""
    made = made or works()
    records = {r.id: r for r, _ in made}
    contents = {path: content for _, files in made for path, content in files.items()}
    (root / "root.json").write_text("{}")
    settings = Settings(data_folder=root / "data", root_file=root / "root.json", library_name="清溪县图书馆")
    holdings = holdings_of(root / "drive", len(records))
    write_truth(settings.releases_folder / holdings.releases[0].folder, list(records.values()), contents)
    for path, content in contents.items():
        target = root / "drive" / "bag" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    write_holdings(settings.holdings_file, holdings, RealFiles())
    clock = FixedClock(NOW)
    keeper = LibraryKeeper(settings.holdings_file, settings.releases_folder)
    faults, accounts = FaultStore(settings.faults_file, clock), Accounts(settings.accounts_file, clock)
    pools, chunks = DrivePools(), ChunkStore(16 << 20)
    renditions = RenditionService(RenditionCache(settings.cache_folder), chunks, pools)
    services = Services(
        keeper=keeper,
        clock=clock,
        faults=faults,
        accounts=accounts,
        chunks=chunks,
        pools=pools,
        command=lambda _command: None,
        renditions=renditions,
    )
    try:
        yield World(root, settings, clock, keeper, faults, accounts, services, holdings, records)
    finally:
        renditions.close()
        keeper.close()
        pools.close()
        accounts.close()
        faults.close()


def damage(world: World, resource_id: str, offset: int, role: str = "part", order: int = 0) -> None:
    """Flip one byte of a file on the drive and forget what was read of it."""
    path = world.item_path(resource_id, role, order)
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0xFF]))
    world.services.chunks._kept.clear()
