"""The cleaning of books in a real browser: style sheets, chapters, pictures; honest ones stay as they are."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests import hostile_documents as documents
from tests.browser.conftest import held, opened, server
from tests.hostile_books import escaped, style_attacks
from tests.hostile_files import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

__all__ = ["held", "server"]
pytestmark = pytest.mark.browser

OUT = "http://203.0.113.9"
BOX = "http://192.0.2.1"
CALL = "async ([module, name, value]) => (await import(`/static/readers/${module}.js`))[name](value)"
KEPT = "async ([text, kind]) => (await import('/static/readers/sanitize.js')).sanitizeFile(text, kind).data"
ASKED = """async (css) => {
  const style = document.createElement("style");
  style.textContent = css;
  const frame = document.createElement("iframe");
  frame.srcdoc = "<p class='o2'>x</p>";
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; });
  frame.contentDocument.head.append(style);
  for (const name of [..."234567890abcde"]) {
    for (const side of "os") {
      const node = frame.contentDocument.createElement("p");
      node.className = side + name;
      node.textContent = "样式";
      frame.contentDocument.body.append(node);
    }
  }
  await new Promise((done) => setTimeout(done, 600));
}"""


@pytest.fixture(scope="module")
def tab(browser: Browser, server: str) -> Iterator[Page]:
    with opened(browser, server) as page:
        yield page


@pytest.fixture
def bench(tab: Page) -> Page:
    if urlsplit(tab.url).path != "/":
        tab.goto("/")
    return tab


def call(page: Page, module: str, name: str, value: Any) -> Any:
    return page.evaluate(CALL, [module, name, value])


@pytest.mark.parametrize(
    "css",
    [
        "p { color: red; background: url(blob:http://x/1) } q::before { content: '“' }",
        "@import url(\"blob:http://x/2\"); @import 'blob:http://x/3' screen; p { margin: 0 }",
        "@font-face { font-family: 'a b'; src: local('a'), url(data:font/woff2;base64,AAAA) format('woff2') }",
        "p { background: url(data:image/png;base64,AAAA) no-repeat; content: 'see: this; that' }",
        'q::after { content: "\\201D" } .\\31 23 > .a\\:b { color: #fff } /**/ @media screen { p { top: 0 } }',
        "a[href^='http'] { color: blue } p { scroll-behavior: smooth; font: 12px/1.5 'Songti SC', serif }",
        "@namespace epub 'http://www.idpf.org/2007/ops'; p { quotes: '«' '»' }",
    ],
)
def test_style_of_an_honest_book_stays(bench: Page, css: str) -> None:
    namespace = css.replace("'http://www.idpf.org/2007/ops'", '""')
    assert call(bench, "sanitize-style", "sanitizeStyle", css) in {css, namespace}


@pytest.mark.parametrize(
    "css",
    [
        f"@import '{OUT}/x'",
        f'@import"{OUT}/x";',
        f"@import/**/url( {OUT}/x )",
        f"@\\69 mport '{OUT}/x'",
        f"@IMPORT url('{OUT}/x')",
        "@import 'data:text/css,p{}';",
        "@import '//203.0.113.9/x';",
        f"p {{ background: url({OUT}/x",
        f"p {{ background: \\75\\72\\6c({OUT}/x) }}",
        f"p {{ background: {escaped('url')}('{OUT}/x') }}",
        f"p {{ background: \\url({OUT}/x) }}",
        "p { background: url('http\\3a //203.0.113.9/x') }",
        "p { background: url(ht\\\ntp://203.0.113.9/x) }",
        f"p {{ --a: '{OUT}/x'; background: image-set(var(--a) 1x) }}",
        f"p {{ background: image-set('{OUT}/x' 1x) }}",
        f'p {{ background: url(a"b) }} q {{ background: url({OUT}/x) }} "',
        f"p {{ content: 'a\n; background: url({OUT}/x); '",
        f"p {{ background: url(/*) }} q {{ background: url({OUT}/x) }} /*)",
        "p { background: url(//203.0.113.9/x) }",
        "p { background: url(\\\\\\\\203.0.113.9/x) }",
        "p { -moz-binding: url(http://203.0.113.9/x#x) }",
        "p { background: url(javascript:x) }",
    ],
)
def test_style_that_leads_out_of_the_book_is_taken_out(bench: Page, css: str) -> None:
    left = call(bench, "sanitize-style", "sanitizeStyle", css)
    assert "203.0.113.9" not in left
    assert not any(word in left for word in ("javascript:", "text/css"))


def test_style_of_a_hostile_book_asks_for_nothing(bench: Page) -> None:
    """The browser itself says what a sheet asks for: here without any policy that would stop it."""
    target = Target(OUT, BOX)
    css = style_attacks(target, "x")
    asked: list[str] = []
    bench.on("request", lambda request: asked.append(request.url))
    bench.context.route(lambda url: url.startswith((OUT, BOX)), lambda route: route.abort())
    bench.context.route(
        "**/bare", lambda route: route.fulfill(body="<!doctype html><body></body>", content_type="text/html")
    )
    cleaned = call(bench, "sanitize-style", "sanitizeStyle", css)
    bench.goto("/bare")
    bench.evaluate(ASKED, css)
    assert len({url for url in asked if url.startswith((OUT, BOX))}) > 20
    asked.clear()
    bench.evaluate(ASKED, cleaned)
    assert [url for url in asked if url.startswith((OUT, BOX))] == []


@pytest.mark.parametrize(
    ("text", "much"),
    [
        ("<p>x</p>" * 1000, False),
        ("<br>" * 5000, False),
        ("<p>x" * 5000, False),
        ("<ruby>字<rt>z</rt></ruby>" * 60_000, False),
        ("<div>" * 1100, True),
        ("<i/>" * 300_001, True),
        ("<b>" * 100 + "<p>x</p>" * 20_000, True),
    ],
)
def test_chapter_that_nobody_could_wait_for_is_too_much(bench: Page, text: str, much: bool) -> None:
    assert call(bench, "sanitize", "isTooMuch", text) is much


def test_drawing_that_uses_itself_without_end_loses_its_uses(bench: Page) -> None:
    bomb = documents.svg_bomb().decode()
    honest = "<svg xmlns='http://www.w3.org/2000/svg'><g id='a'><rect/></g><use href='#a'/><use href='#a'/></svg>"
    loop = "<svg xmlns='http://www.w3.org/2000/svg'><g id='a'><use href='#a'/></g></svg>"
    assert "<use" not in bench.evaluate(KEPT, [bomb, "image/svg+xml"])
    assert "<use" not in bench.evaluate(KEPT, [loop, "image/svg+xml"])
    assert bench.evaluate(KEPT, [honest, "image/svg+xml"]).count("<use") == 2


def test_chapter_carries_a_policy_of_its_own(bench: Page) -> None:
    for text, kind in (
        ("<html xmlns='http://www.w3.org/1999/xhtml'><body>x</body></html>", "application/xhtml+xml"),
        ("x", "text/html"),
    ):
        kept = bench.evaluate(KEPT, [text, kind])
        assert kept.index("Content-Security-Policy") < kept.index("<body")
        assert "default-src 'none'" in kept


def encoded(picture: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def test_pictures_are_measured_as_the_box_measures_them(bench: Page) -> None:
    picture = Image.new("RGB", (123, 45), "navy")
    contents = {
        "png": (encoded(picture, "PNG"), True),
        "jpeg": (encoded(picture, "JPEG", progressive=True), True),
        "gif": (encoded(picture, "GIF"), True),
        "lossless": (encoded(picture, "WEBP", lossless=True), True),
        "lossy": (encoded(picture, "WEBP"), True),
        "extended": (encoded(picture.convert("RGBA"), "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"), True),
        "bomb": (documents.webp_bomb(), False),
        "claim": (documents.png_claim(), False),
        "frames": (documents.gif_claim(), False),
        "page": (b"<html>", False),
        "cut": (encoded(picture, "PNG")[:18], False),
        "nothing": (b"", False),
    }
    script = """async (files) => {
      const { isShowable, headerPixels } = await import("/static/readers/image-header.js");
      const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const both = (file) => [isShowable(file), headerPixels(file)];
      return Object.fromEntries(files.map(([name, text]) => [name, both(bytes(text))]));
    }"""
    found = bench.evaluate(
        script, [[name, base64.b64encode(content).decode()] for name, (content, _) in contents.items()]
    )
    assert {name: shown for name, (shown, _) in found.items()} == {name: shown for name, (_, shown) in contents.items()}
    assert {pixels for shown, pixels in found.values() if shown} == {123 * 45}


MEASURED = """async ([before, shown, after]) => {
  const { measureOnlyTheNear } = await import("/static/readers/epub-visible.js");
  const doc = document.implementation.createHTMLDocument("");
  for (let n = 0; n < before + shown + after; n += 1) doc.body.append(doc.createElement("p"));
  measureOnlyTheNear(doc);
  let measured = 0;
  const acceptNode = () => {
    measured += 1;
    const isShown = measured > before && measured <= before + shown;
    return isShown ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT;
  };
  const walker = doc.createTreeWalker(doc.body, NodeFilter.SHOW_ELEMENT, { acceptNode });
  let found = 0;
  while (walker.nextNode()) found += 1;
  const plain = doc.createTreeWalker(doc.body, NodeFilter.SHOW_ELEMENT);
  let all = 0;
  while (plain.nextNode()) all += 1;
  return [found, measured, all];
}"""


def test_elements_far_behind_the_page_are_not_measured(browser: Browser, server: str) -> None:
    with opened(browser, server) as page:
        page.goto("/")
        found, measured, every = page.evaluate(MEASURED, [3000, 20, 60_000])
    assert (found, every) == (20, 63_020)
    assert measured <= 3000 + 20 + 1001
