"""Every kind of resource, made on the spot, by the whole path into a real browser: first page, order, last page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.box import Box, make_drive, running
from tests.browser.conftest import DESKTOP
from tests.browser.reading_room import BOOK_VISIBLE, INK, VENDOR, rested, watched
from tests.generated_kinds import Kind, closed, texts, write_kinds
from tests.generated_serials import serials
from tests.generated_shows import seen, sounds
from tests.spine.checks import found_ids, holdings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.browser.reading_room import Seen

pytestmark = [pytest.mark.timeout(300), pytest.mark.browser]

KINDS = {kind.id: kind for make in (texts, closed, sounds, seen, serials) for kind in make()}
SHOWN = 30_000
"""Milliseconds that a busy machine is given."""
DRAWN = f"() => ({INK})('.page canvas') > 1"
PICTURE = f"() => ({INK})('#view canvas') > 1"
SHOWN_PICTURE = "(n) => document.getElementById('stage').dataset.shown === String(n)"
STAGE_PAGE = "(n) => document.getElementById('stage').dataset.page === String(n)"
TEXT_LAYER = """([n, words]) => document.querySelector(`.page[data-page-number="${n}"] .textLayer`)
  ?.textContent.includes(words)"""
PLAYS = "() => { const p = document.getElementById('player'); return p.currentTime > 0.1 && !p.error; }"
ENDED = "() => document.getElementById('player').ended"
TO_END = "() => { const p = document.getElementById('player'); p.currentTime = Math.max(0, p.duration - 0.2); }"
CUE = """(words) => [...document.getElementById('player').textTracks].some((track) => track.kind === 'captions'
  && [...(track.cues ?? [])].some((cue) => cue.text.includes(words)))"""
LAST_PART = "() => [...document.querySelectorAll('#parts a')].at(-1).ariaCurrent === 'true'"


@pytest.fixture(scope="module")
def kinds_box(bench: Path, keys: Path) -> Iterator[Box]:
    """A box with a drive of all of them."""
    if not VENDOR.is_file():
        pytest.skip("the front end is not built here")
    folder = bench / "kinds"
    folder.mkdir()
    write_kinds(folder, list(KINDS.values()))
    make_drive(folder, bench / "kinds-work", keys, bench / "kinds-drive", "--bundle", "kinds")
    with running(Box(bench / "kinds-box", keys / "root.json", [bench / "kinds-drive"])) as box:
        box.wait_resources(len(KINDS))
        yield box


@pytest.fixture(scope="module")
def reading(kinds_box: Box, browser: Browser) -> Iterator[BrowserContext]:
    """One reader who looks at all of them."""
    size = {"width": DESKTOP[0], "height": DESKTOP[1]}
    context = browser.new_context(viewport=size, base_url=kinds_box.url)  # type: ignore[arg-type]
    context.set_default_timeout(SHOWN)
    yield context
    context.close()


@pytest.fixture
def looked(reading: BrowserContext, kinds_box: Box) -> Iterator[tuple[Page, Seen]]:
    """A page, and what it did."""
    page, what = watched(reading, kinds_box.url)
    yield page, what
    page.close()
    assert what.errors == []
    assert what.outside == []
    assert what.dialogs == 0


def of(*opens: str) -> list[Kind]:
    """The rows that open so; of issues and volumes that are alike the first in the catalogue."""
    alike = {kind.id for kind in KINDS.values() if kind.columns.get("parent")}
    first = {str(KINDS[resource].columns["parent"]): resource for resource in sorted(alike, reverse=True)}
    return [k for k in KINDS.values() if k.opens in opens and (k.id not in alike or k.id in first.values())]


def ids(kind: Kind) -> str:
    return kind.id


def opened(page: Page, kind: Kind) -> None:
    """The reader that the main button of the resource's page leads to."""
    page.goto(f"/resources/{kind.id}")
    page.click(".btn--big")
    page.wait_for_selector("html[data-opened]", state="attached")


@pytest.mark.parametrize("kind", of("epub"), ids=ids)
def test_kinds_book_shows_its_first_sentence_and_ends(looked: tuple[Page, Seen], kind: Kind) -> None:
    page, _ = looked
    opened(page, kind)
    if not kind.first:
        page.wait_for_function("(n) => document.getElementById('stage').dataset.pages === String(n)", arg=kind.pages)
        for _ in range(5 * kind.pages):
            page.keyboard.press("ArrowLeft")
            rested(page, 100)
            if page.evaluate(STAGE_PAGE, kind.pages):
                break
        page.wait_for_function(STAGE_PAGE, arg=kind.pages)
        return
    page.wait_for_function(BOOK_VISIBLE, arg=kind.first)
    page.keyboard.press("End")
    page.wait_for_function(BOOK_VISIBLE, arg=kind.last)


@pytest.mark.parametrize("kind", of("pdf"), ids=ids)
def test_kinds_document_is_drawn_and_ends(looked: tuple[Page, Seen], kind: Kind) -> None:
    page, _ = looked
    opened(page, kind)
    if kind.parts:
        page.click("#toc-button")
        expect(page.locator(".rtoc--parts a")).to_have_text(list(kind.parts), use_inner_text=True)
        page.keyboard.press("Escape")
    page.wait_for_function(DRAWN)
    if kind.first:
        page.wait_for_function(TEXT_LAYER, arg=[1, kind.first])
    page.click("#stage")
    page.keyboard.press("End")
    page.wait_for_function(STAGE_PAGE, arg=kind.pages)
    if kind.last:
        page.wait_for_function(TEXT_LAYER, arg=[kind.pages, kind.last])


@pytest.mark.parametrize("kind", of("text"), ids=ids)
def test_kinds_text_shows_its_first_sentence_and_ends(looked: tuple[Page, Seen], kind: Kind) -> None:
    page, _ = looked
    page.goto(f"/resources/{kind.id}")
    page.click(".btn--big")
    page.wait_for_selector("#text")
    expect(page.locator("#text")).to_contain_text(kind.first, use_inner_text=True)
    if page.locator(".rcontents").count():
        page.click(".rcontents summary")
        page.locator(".rcontents a").last.click()
    expect(page.locator("[rel=next]")).to_have_count(0)
    expect(page.locator("#text")).to_contain_text(kind.last, use_inner_text=True)


@pytest.mark.parametrize("kind", of("picture"), ids=ids)
def test_kinds_pictures_are_drawn_in_order(looked: tuple[Page, Seen], kind: Kind) -> None:
    page, _ = looked
    opened(page, kind)
    page.wait_for_function(SHOWN_PICTURE, arg=1)
    page.wait_for_function(PICTURE)
    if kind.first:
        expect(page.locator("#caption")).to_contain_text(kind.first, use_inner_text=True)
    if kind.type == "newspaper":
        page.click("#toc-button")
        expect(page.locator("#toc-list a")).to_have_text(list(kind.parts), use_inner_text=True)
        page.keyboard.press("Escape")
    elif kind.parts:
        for number, label in enumerate(kind.parts, 1):
            page.wait_for_function(SHOWN_PICTURE, arg=number)
            expect(page.locator("#caption")).to_have_text(re.compile(f"^{re.escape(label)}"))
            page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    # A book lies open at two pages: its last opening begins one page before its end.
    page.wait_for_function("(n) => Number(document.getElementById('stage').dataset.shown) >= n - 1", arg=kind.pages)
    expect(page.locator("#stage")).to_have_attribute("data-pages", str(kind.pages))
    page.wait_for_function(PICTURE)


@pytest.mark.parametrize("kind", of("audio", "video"), ids=ids)
def test_kinds_recording_plays_to_its_end(looked: tuple[Page, Seen], kind: Kind) -> None:
    page, _ = looked
    page.goto(f"/resources/{kind.id}")
    page.click(".btn--big")
    page.wait_for_selector("html[data-script]", state="attached")
    if kind.parts:
        expect(page.locator("#parts a span:nth-child(2)")).to_have_text(list(kind.parts), use_inner_text=True)
    page.click("#play")
    page.wait_for_function(PLAYS)
    if kind.first:
        page.wait_for_function(CUE, arg=kind.first)
    if kind.parts:
        page.locator("#parts a").last.click()
        page.wait_for_function(LAST_PART)
        page.wait_for_function(PLAYS)
    page.evaluate(TO_END)
    page.wait_for_function(ENDED)


@pytest.mark.parametrize("kind", of("closed", "entry"), ids=ids)
def test_kinds_closed_says_why_and_loads_nothing(looked: tuple[Page, Seen], kind: Kind) -> None:
    page, what = looked
    page.goto(f"/resources/{kind.id}")
    expect(page.locator("main")).to_contain_text(kind.first, use_inner_text=True)
    # What is kept here may be taken home; what is in the catalogue only may be asked for.
    expect(page.locator(".btn--big")).to_have_count(int(kind.id in {"x-avi", "x-entry"}))
    page.goto(f"/read/{kind.id}")
    expect(page.locator("main")).to_contain_text(kind.first, use_inner_text=True)
    expect(page.locator("#reader")).to_have_count(0)
    assert not [address for address in what.asked if "/items/" in address]


@pytest.mark.parametrize("kind", of("issues", "parts"), ids=ids)
def test_kinds_gathered_parts_stand_in_order(looked: tuple[Page, Seen], kind: Kind) -> None:
    page, _ = looked
    page.goto(f"/resources/{kind.id}")
    shown = page.locator("#parts .title").all_inner_texts()
    assert [text.replace(f"{kind.title} ", "") for text in shown] == list(kind.parts)


def test_kinds_journal_leads_from_issue_to_issue(looked: tuple[Page, Seen]) -> None:
    page, _ = looked
    page.goto("/read/j-monthly/issues")
    expect(page.locator(".rissues b")).to_have_text(list(KINDS["j-monthly"].parts[:5]), use_inner_text=True)
    page.click("text=2019年第3-4期合刊")
    page.wait_for_selector("html[data-opened]", state="attached")
    page.click("#toc-button")
    ways = page.locator(".rtoc--forms a").all_inner_texts()
    assert [text.split("\n")[-1] for text in ways] == ["2019年第2期", "2019年第10期", "看其他各期"]
    page.click(".rtoc--forms [rel=next]")
    page.wait_for_url("**/read/j-2")


def test_kinds_newspaper_calendar_leads_to_a_page_of_a_day(looked: tuple[Page, Seen]) -> None:
    page, _ = looked
    page.goto("/read/n-daily/issues?year=1949")
    expect(page.locator(".rcal caption")).to_have_text(["9月", "12月"], use_inner_text=True)
    page.click(".rcal a >> text=31")
    page.wait_for_selector("html[data-opened]", state="attached")
    page.click("#toc-button")
    expect(page.locator("#toc-list a")).to_have_text(list(KINDS["n-1949-12-31"].parts), use_inner_text=True)
    page.click("text=第10版 副刊")
    page.wait_for_function("() => Number(document.getElementById('stage').dataset.shown) >= 2")
    if page.locator("#toc").is_hidden():
        page.click("#toc-button")
    # The day after is there, the one after that is a catalogue entry: it is no neighbour to read.
    page.click(".rtoc--forms [rel=next]")
    page.wait_for_url("**/read/n-1950-01-01")
    page.click("#toc-button")
    expect(page.locator(".rtoc--forms [rel=next]")).to_have_count(0)


def test_kinds_missing_fonts_are_told_calmly_and_shown_as_printed(looked: tuple[Page, Seen]) -> None:
    page, _ = looked
    page.goto("/read/d-fonts")
    page.wait_for_selector("html[data-opened]", state="attached")
    expect(page.locator("#note-text")).to_contain_text("原书缺少字体", use_inner_text=True)
    page.click("text=按原样显示")
    page.wait_for_url("**/read/d-fonts/pages/1")
    assert page.evaluate("document.querySelector('.rpage img').decode().then(() => true)")


def test_kinds_chapters_and_pictures_of_pages(looked: tuple[Page, Seen]) -> None:
    page, _ = looked
    page.goto("/read/v-film")
    expect(page.locator("#chapter-list a span:nth-child(2)")).to_have_text(["春", "夏"], use_inner_text=True)
    page.goto("/read/t-web/text/1")
    assert page.evaluate("[...document.querySelectorAll('#text img')].map((i) => i.naturalWidth)") == [400, 400]


def test_kinds_lists_tell_what_each_is(kinds_box: Box, looked: tuple[Page, Seen]) -> None:
    page, _ = looked
    page.goto("/search?q=%E6%B8%85%E6%BA%AA&sort=title")
    said: dict[str, str] = {}
    while True:
        for hit in page.locator(".hit").all():
            address = hit.locator("h3 a").get_attribute("href") or ""
            said[address.rpartition("/")[2]] = hit.locator(".tag").inner_text()
        if not page.locator("a[rel=next]").count():
            break
        with page.expect_navigation():
            page.click("a[rel=next]")
    assert said == {kind.id: kind.tag for kind in KINDS.values() if kind.id in said}
    assert len(said) > 12
    assert found_ids(kinds_box, "锁")[-1] == "x-epub"


def test_kinds_api_gives_flags_and_what_is_usable(kinds_box: Box) -> None:
    def record(resource: str) -> Any:
        return kinds_box.get(f"/api/resources/{resource}").json()

    assert [i.get("flags") for i in record("d-fonts")["items"] if i["role"] == "part"] == [["fonts-missing"]]
    assert [record(kind)["usable"] for kind in ("x-epub", "x-pdf", "x-broken", "x-avi", "x-forms", "x-film")] == [
        False, False, False, False, True, True,
    ]  # fmt: skip
    found = {hit["id"] for hit in kinds_box.search("上锁", available="yes")["hits"]}
    assert found == {"x-forms"}
    assert holdings(kinds_box)["releases"][0]["count"] == len(KINDS)


def test_kinds_newspaper_is_found_by_the_words_of_its_pages(kinds_box: Box) -> None:
    items = kinds_box.get("/api/resources/n-1949-12-31").json()["items"]
    [text] = [item for item in items if item["role"] == "text"]
    assert "开渠放水" in kinds_box.get(text["url"]).text
