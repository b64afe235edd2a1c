"""Opens one form of a work as a reader would and looks whether it can be read to its end; says what was seen.

What is not as it should be is an error. What is otherwise by rule, not by fault, is an exception with its name
(`EXCEPTIONS`): the rule looks at the work and the browser, never at one resource.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioning.words import Words
from tests.browser.reading_room import INK, opened
from tests.spine.checks import sentence
from tests.spine.playing import play
from tests.spine.terminals import Terminal, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.spine.works import Form

EXCEPTIONS = {
    "wordless": "no words in the file, pages of pictures only: these are looked at instead of a sentence",
    "plain": "the pages as pictures that the box renders: nothing else shows a PDF without scripts",
    "nothing": "nothing to open: the source holds descriptions or texts of pages and no pages; the page says so",
    "unreadable": "a format that browsers do not show; the page says so and offers the download where it is allowed",
    "closed": "locked or damaged at the source, or in a codec that no browser plays; the page says so beforehand",
    "codec": "this browser has no decoder for any form of the recording; the page says so",
}
SHOWS = """() => document.querySelector("foliate-view").renderer.getContents().some(
  ({ doc }) => doc.body?.innerText.trim() || doc.querySelector("img, svg, image"))"""
LEAF = f"() => ({INK})('.rpage img') > 1"
READ = "() => document.querySelector('.rtext').innerText.trim() || document.querySelector('.rtext img')"
PAINTED = f"() => ({INK})('#view canvas') > 1"
LAST = "() => (({ page, pages }) => page === pages)(document.getElementById('stage').dataset)"
LAID_OUT = "() => document.getElementById('stage').dataset.shown !== undefined"
LEADS_ON = "() => JSON.parse(document.getElementById('reader-config').textContent).next"
"""From the last picture of a work to the next work of its collection."""
MOST_SCREENS = 8
AT_END = """() => {
  const { page, pages } = document.getElementById("stage").dataset;
  return document.querySelector("foliate-view").renderer.atEnd ?? page === pages;
}"""
KNOWS_ITS_END = "() => document.querySelector('foliate-view').renderer.atEnd !== undefined"
SAYS = """([selector, ...any]) => any.some((words) => document.querySelector(selector).textContent.includes(words))"""
SEEN = """([words, root, bounds, scroll]) => {
  const view = document.querySelector("foliate-view");
  const roots = view
    ? view.renderer.getContents().map(({ doc }) => doc.body) : [...document.querySelectorAll(root)];
  const area = document.querySelector(bounds).getBoundingClientRect();
  const [left, top] = [Math.max(area.left, 0), Math.max(area.top, 0)];
  const [right, bottom] = [Math.min(area.right, innerWidth), Math.min(area.bottom, innerHeight)];
  const wanted = words.replace(/\\s+/g, "").toLowerCase();
  for (const body of roots) {
    if (!body) continue;
    const doc = body.ownerDocument;
    const frame = doc.defaultView.frameElement;
    const outer = frame?.getBoundingClientRect() ?? { left: 0, top: 0 };
    const scale = frame ? outer.width / frame.clientWidth || 1 : 1;
    const [places, letters] = [[], []];
    const walker = doc.createTreeWalker(body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_CDATA_SECTION);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (/^(style|script|rt|rp|title)$/i.test(node.parentNode.localName)) continue;
      for (let at = 0; at < node.data.length; at += 1) {
        if (/\\s/.test(node.data[at])) continue;
        letters.push(node.data[at].toLowerCase());
        places.push([node, at]);
      }
    }
    const text = letters.join("");
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
      const range = doc.createRange();
      range.setStart(...places[at]);
      const [node, offset] = places[at + wanted.length - 1];
      range.setEnd(node, offset + 1);
      if (scroll) places[at][0].parentNode.scrollIntoView({ block: "center", inline: "center" });
      const box = [...range.getClientRects()].find(({ width, height }) => width && height);
      if (!box) continue;
      const x = outer.left + (box.left + box.width / 2) * scale;
      const y = outer.top + (box.top + box.height / 2) * scale;
      if (x > left && x < right && y > top && y < bottom) return true;
    }
  }
  return false;
}"""


@dataclass(frozen=True)
class Outcome:
    """What was seen: which exceptions, by key."""

    exceptions: tuple[str, ...] = ()


def open_form(page: Page, form: Form, terminal: Terminal, picture: Path | None = None) -> Outcome:
    """Read one form from its first page to its last.

    Args:
        page: fresh, of the terminal. form: what is read. picture: where to leave what a reader sees.
    """

    def shot() -> None:
        if picture:
            page.wait_for_timeout(400)
            page.screenshot(path=str(picture))

    if form.kind in {"audio", "video"}:
        return Outcome(play(page, form, terminal, shot))
    if form.kind in {"none", "other", "closed"}:
        return _refused(page, form, shot)
    if form.kind == "issues":
        return _issues(page, form, shot)
    if form.kind == "text":
        return _text(page, form, shot)
    if not terminal.script:
        return _chapters(page, form, shot) if form.kind == "epub" else _leaves(page, form, shot)
    return {"epub": _book, "pdf": _document, "picture": _pictures}[form.kind](page, form, terminal, shot)


def _ways_on(page: Page, form: Form) -> list[str]:
    """Links to a next page of the same work; those to the next issue or picture are others."""
    links = [link.get_attribute("href") or "" for link in page.locator("a[rel=next]").all()]
    return [link for link in links if link.startswith(form.of("") + "/")]


def _looked_for(page: Page, form: Form, root: str, bounds: str) -> tuple[str, ...]:
    """Find a sentence of the work with the reader's own find, go there, and see it."""
    if not form.sentences:
        return ("wordless",)
    for wanted in form.sentences:
        if not page.locator("#find").is_visible():
            page.click("#find-button")
        page.fill("#find-query", wanted.words)
        page.keyboard.press("Enter")
        until(
            page,
            """(none) => document.querySelector("#find-list button")
                 || document.getElementById("find-status").textContent.startsWith(none)""",
            sentence("reader.find.none").split("“")[0],
        )
        if not page.locator("#find-list button").count():
            continue
        page.locator("#find-list button").first.click()
        until(page, SEEN, [wanted.words, root, bounds, False])
        page.keyboard.press("Escape")
        return ()
    raise AssertionError(f"none of these can be found: {[s.words for s in form.sentences]}")


def _next_says_last(page: Page, terminal: Terminal) -> None:
    """Turn at the end: the reader says that this was the last page, once all of it has been in view."""
    words = Words.load("zh-Hans")
    labels = "|".join(words.label(f"reader.{key}") for key in ("next", "picture_next"))
    says = ["#note-text", sentence("reader.last_page"), sentence("reader.part_end")]
    for _ in range(MOST_SCREENS):
        if terminal.phone:
            page.locator(".rbar--end button:visible", has_text=re.compile(labels)).last.tap(force=True)
        else:
            page.keyboard.press("PageDown")
        page.wait_for_timeout(100)
        if page.evaluate(SAYS, says):
            return
    until(page, SAYS, says)


def _book(page: Page, form: Form, terminal: Terminal, shot: Callable[[], None]) -> Outcome:
    opened(page, form.address)
    until(page, SHOWS)
    exceptions = _looked_for(page, form, "", "#stage")
    shot()
    page.keyboard.press("End")
    until(page, AT_END)
    until(page, SHOWS)
    page.wait_for_timeout(200)
    if page.evaluate(KNOWS_ITS_END):
        _next_says_last(page, terminal)
    if form.last:
        opened(page, form.of(form.last))
        until(page, SHOWS)
    return Outcome(exceptions)


def _document(page: Page, form: Form, terminal: Terminal, shot: Callable[[], None]) -> Outcome:
    drawn = f"() => ({INK})(`.page[data-page-number='${{document.getElementById('stage').dataset.page}}'] canvas`) > 1"
    opened(page, form.address)
    until(page, drawn)
    exceptions = _looked_for(page, form, "#view .textLayer", "#stage")
    until(page, drawn)
    shot()
    page.keyboard.press("End")
    until(page, LAST)
    until(page, drawn)
    _next_says_last(page, terminal)
    if form.last:
        opened(page, form.of(form.last))
        until(page, drawn)
    return Outcome(exceptions)


def _pictures(page: Page, form: Form, terminal: Terminal, shot: Callable[[], None]) -> Outcome:
    opened(page, form.address)
    until(page, LAID_OUT)
    until(page, PAINTED)
    shot()
    page.keyboard.press("End")
    until(page, LAST)
    until(page, LAID_OUT)
    until(page, PAINTED)
    if page.get_attribute("#stage", "data-pages") != "1" and not page.evaluate(LEADS_ON):
        _next_says_last(page, terminal)
    return Outcome()


def _leaves(page: Page, form: Form, shot: Callable[[], None]) -> Outcome:
    """Page pictures: the first, the last by the form, and then no further."""

    def arrive(address: str) -> None:
        page.goto(address)
        page.wait_for_url("**/pages/1*")
        until(page, LEAF)

    arrive(form.address)
    shot()
    jump = page.locator("#page")  # one picture alone has none
    last = (jump.get_attribute("max") or "") if jump.count() else "1"
    if last != "1":
        page.fill("#page", last)
        page.locator(".rjump button").click()
        page.wait_for_url(f"**/pages/{last}*")
        until(page, LEAF)
    assert not _ways_on(page, form)
    if form.last:
        arrive(form.of(form.last))
    return Outcome(("plain",) if form.kind == "pdf" else ())


def _chapters(page: Page, form: Form, shot: Callable[[], None]) -> Outcome:
    """A book without scripts: the chapter of a sentence, the last chapter, the last part."""
    page.goto(form.address)
    page.wait_for_url("**/chapters/1*")
    first = page.url
    exceptions = _read_on_plain_page(
        page, form, lambda section: first.replace("/chapters/1", f"/chapters/{section.split('#')[0]}")
    )
    shot()
    total = re.search(r"/\s*(\d+)", page.locator(".rways .nowrap").first.inner_text())
    assert total
    page.goto(first.replace("/chapters/1", f"/chapters/{total[1]}"))
    until(page, READ)
    assert not _ways_on(page, form)
    if form.last:
        page.goto(form.of(form.last))
        page.wait_for_url("**/chapters/1*")
    return Outcome(exceptions)


def _read_on_plain_page(page: Page, form: Form, address: Callable[[str], str]) -> tuple[str, ...]:
    """See a sentence of the work on the page that its section stands on."""
    if not form.sentences:
        until(page, READ)
        return ("wordless",)
    for wanted in form.sentences:
        page.goto(address(wanted.section.target))
        if page.evaluate(SEEN, [wanted.words, ".rtext", "body", True]):
            return ()
    raise AssertionError(f"none of these can be seen: {[s.words for s in form.sentences]}")


def _text(page: Page, form: Form, shot: Callable[[], None]) -> Outcome:
    """A text by its pages: a sentence of its middle, the last page."""
    page.goto(form.address)
    page.wait_for_url("**/text/1*")
    first, total = page.url, 1
    ways = page.locator(".rways .nowrap")
    if ways.count():
        total = int((re.search(r"(\d+)\D*/\D*(\d+)", ways.first.inner_text()) or ["", "", "1"])[2])
    pages = [first.replace("/text/1", f"/text/{n}") for n in range(1, total + 1)]
    wanted = [s.words for s in form.sentences]
    seen = not wanted
    for address in pages if wanted else ():
        page.goto(address)
        seen = any(page.evaluate(SEEN, [words, ".rtext", "body", True]) for words in wanted)
        if seen:
            break
    assert seen, wanted
    shot()
    page.goto(pages[-1])
    assert page.inner_text(".rtext").strip()
    assert not _ways_on(page, form)
    return Outcome(() if wanted else ("wordless",))


def _issues(page: Page, form: Form, shot: Callable[[], None]) -> Outcome:
    """A periodical by its dates: its first and its last issue open."""
    page.goto(form.address)
    page.wait_for_url("**/issues*")
    shot()
    links = [link.get_attribute("href") or "" for link in page.locator(".rissues a, .rcal a").all()]
    assert links
    for link in {links[0], links[-1]}:
        page.goto(link)
        assert page.locator("main").inner_text().strip() or page.locator("main canvas, main img").count()
    return Outcome()


def _refused(page: Page, form: Form, shot: Callable[[], None]) -> Outcome:
    """Nothing that a browser can show: the page says so in its own words."""
    page.goto(form.address)
    shot()
    said = page.inner_text("main")
    key, words = {
        "other": ("unreadable", ["reader.no_reader", "reader.no_sound_format"]),
        "closed": ("closed", ["reader.closed.locked", "reader.closed.damaged", "reader.closed.codec"]),
        "none": ("nothing", ["reader.no_pages", "rights.catalogue_only"]),
    }[form.kind]
    assert any(sentence(word) in said for word in words), said
    return Outcome((key,))
