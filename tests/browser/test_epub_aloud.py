"""Reading along in a real Chromium: words are marked while they are spoken, pages follow, silence comes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect

from appliance.web.display import COOKIE, Display
from indexer.model import Audience
from tests.appliance.web.holding import make_app, one
from tests.appliance.web.odd_books import CLIP, SENTENCES, spoken_book, spoken_pages
from tests.appliance.web.reading import EPUB, plain_book, reading_world
from tests.browser.conftest import serving, violations
from tests.browser.reading_room import DESKTOP, PHONE, VENDOR, context, opened, settled, watched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page

__all__ = ["context"]
pytestmark = pytest.mark.browser

ACTIVE = '<meta property="media:active-class">said</meta><meta property="media:playback-active-class">saying</meta>'
STYLE = ".said { background-color: rgb(13,92,55); color: rgb(255,255,240) } .saying { color: rgb(120,120,120) }"
FAINT = ".said { background-color: rgb(250,250,250); color: rgb(240,240,240) }"
BOOKS = {
    "r.spoken": spoken_book(),
    "r.short": spoken_book(clip=CLIP),
    "r.silent": spoken_book(b""),
    "r.spoiled": spoken_book(b"RIFF no sound at all", outside=True),
    "r.own": spoken_book(meta=ACTIVE, style=STYLE),
    "r.faint": spoken_book(meta=ACTIVE, style=FAINT),
    "r.pages": spoken_pages(),
    "r.plain": plain_book(),
}
KEEP_SOUNDS = """
  window.sounds = [];
  const Own = window.Audio;
  window.Audio = function (...values) { const sound = new Own(...values); window.sounds.push(sound); return sound; };
"""
SPOKEN = """() => document.querySelector("foliate-view").renderer.getContents()
  .flatMap(({ doc }) => [...(doc?.querySelectorAll("[data-spoken], .said") ?? [])]).map((node) => node.textContent)"""
SHOWN_INDEX = "() => document.querySelector('foliate-view').renderer.getContents()[0]?.index"
WRITE_DOWN = f"""() => {{
  window.heard = [];
  const look = () => {{
    const [index, said, place] = [({SHOWN_INDEX})(), ({SPOKEN})(), document.getElementById("progress").textContent];
    const last = window.heard.at(-1);
    if (last?.said === said.join() && last.index === index) last.left = place;
    else if (said.length) window.heard.push({{ index, said: said.join(), place, left: place }});
    setTimeout(look, 10);
  }};
  look();
}}"""
"""Keeps what is marked as spoken, in its order, and where: a busy machine cannot ask as fast as a book is spoken."""
CONTRAST = """() => {
  const linear = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(linear);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  for (const { doc } of document.querySelector("foliate-view").renderer.getContents()) {
    const node = doc?.querySelector("[data-spoken], .said");
    if (!node) continue;
    const style = doc.defaultView.getComputedStyle(node);
    const [a, b] = [light(style.color), light(style.backgroundColor)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not VENDOR.is_file():
        pytest.skip("the front end is not built here")
    made = [
        one(
            name, name, files=(("part", "a.epub", EPUB, content),), language=("zh-Hant",), audience=Audience("children")
        )
        for name, content in BOOKS.items()
    ]
    with reading_world(tmp_path_factory.mktemp("aloud"), made) as world, serving(make_app(world)) as base:
        yield base


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    context.add_init_script(KEEP_SOUNDS)
    return watched(context, address)[0]


def spoken(page: Page, text: str) -> None:
    """Wait until these words, and no others, are marked."""
    settled(page, f"(text) => {{ const said = ({SPOKEN})(); return said.length === 1 && said[0] === text; }}", text)


def sounding(page: Page, count: int) -> None:
    """Wait until so many sounds play."""
    settled(page, "(count) => window.sounds.filter((sound) => !sound.paused).length === count", count)


def is_silent(page: Page) -> bool:
    return bool(page.evaluate("() => window.sounds.every((sound) => sound.paused)"))


def test_button_is_there_only_for_a_book_with_an_overlay(page: Page) -> None:
    opened(page, "/read/r.plain")
    expect(page.locator("#aloud")).to_be_hidden()
    opened(page, "/read/r.spoken")
    expect(page.locator("#aloud")).to_be_visible()
    expect(page.locator("#aloud")).to_have_text("跟读", use_inner_text=True)
    expect(page.locator("#aloud-bar")).to_be_hidden()
    assert page.evaluate("() => window.sounds.every((sound) => !sound.currentSrc && sound.paused)")


def test_book_is_spoken_to_its_end_and_turns_its_pages(page: Page) -> None:
    opened(page, "/read/r.short")
    page.evaluate(WRITE_DOWN)
    page.click("#aloud")
    settled(page, "() => document.getElementById('note-text').textContent === '朗读到此结束。'")
    heard = page.evaluate("window.heard")
    assert [(at["index"], at["said"]) for at in heard] == [(index, text) for index in (1, 2) for text in SENTENCES]
    assert heard[0]["place"] == heard[1]["place"] != heard[2]["left"]
    assert page.evaluate(SPOKEN) == []
    assert is_silent(page)
    expect(page.locator("#aloud")).to_have_attribute("aria-pressed", "false")


def test_keys_pause_step_and_go_on(page: Page) -> None:
    opened(page, "/read/r.spoken")
    page.keyboard.press("p")
    spoken(page, SENTENCES[0])
    page.keyboard.press("p")
    sounding(page, 0)
    page.wait_for_timeout(700)
    spoken(page, SENTENCES[0])
    page.keyboard.press("]")
    spoken(page, SENTENCES[1])
    sounding(page, 1)
    page.keyboard.press("[")
    spoken(page, SENTENCES[0])
    for _ in range(3):
        page.keyboard.press("]")
    settled(page, f"() => ({SHOWN_INDEX})() === 2")
    spoken(page, SENTENCES[0])
    sounding(page, 1)
    page.keyboard.press("[")
    settled(page, f"() => ({SHOWN_INDEX})() === 1")
    spoken(page, SENTENCES[2])


def test_speed_is_that_of_the_player_and_is_remembered(page: Page) -> None:
    opened(page, "/read/r.spoken")
    page.click("#aloud")
    spoken(page, SENTENCES[0])
    expect(page.locator("#aloud-speed option")).to_have_text(
        ["0.75 倍", "1 倍", "1.25 倍", "1.5 倍", "2 倍"], use_inner_text=True
    )
    page.select_option("#aloud-speed", "1.5")
    assert page.evaluate("window.sounds[0].playbackRate") == 1.5
    opened(page, "/read/r.own")
    page.click("#aloud")
    spoken(page, SENTENCES[0])
    assert page.evaluate("window.sounds[0].playbackRate") == 1.5
    expect(page.locator("#aloud-speed")).to_have_value("1.5")


def test_stop_and_leaving_are_silent_at_once(page: Page) -> None:
    opened(page, "/read/r.spoken")
    page.click("#aloud")
    spoken(page, SENTENCES[0])
    page.click("#aloud-stop")
    assert is_silent(page)
    assert page.evaluate(SPOKEN) == []
    expect(page.locator("#aloud-bar")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == "aloud"
    # Stopped while a sound is still on its way: it never starts.
    page.evaluate("() => { document.getElementById('aloud').click(); document.getElementById('aloud-stop').click(); }")
    page.wait_for_timeout(500)
    assert is_silent(page)
    page.click("#aloud")
    spoken(page, SENTENCES[0])
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert is_silent(page)


@pytest.mark.parametrize("name", ["r.silent", "r.spoiled"])
def test_sound_that_is_missing_or_damaged_is_said_and_the_text_goes_on(
    context: BrowserContext, address: str, name: str
) -> None:
    page, seen = watched(context, address)
    opened(page, f"/read/{name}")
    page.click("#aloud")
    settled(page, "() => document.getElementById('note-text').textContent.includes('没有可以播放的朗读声音')")
    expect(page.locator("#aloud")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#aloud-bar")).to_be_hidden()
    page.keyboard.press("PageDown")
    settled(page, f"() => ({SHOWN_INDEX})() === 1")
    assert seen.errors == []
    assert seen.outside == []


def test_turning_by_hand_takes_the_voice_along(page: Page) -> None:
    opened(page, "/read/r.spoken")
    page.click("#aloud")
    spoken(page, SENTENCES[0])
    page.click("#toc-button")
    page.click("#toc-list >> text=其二")
    settled(page, f"() => ({SHOWN_INDEX})() === 2")
    spoken(page, SENTENCES[0])
    sounding(page, 1)


@pytest.mark.parametrize(
    ("name", "theme"),
    [
        ("r.own", "paper"),
        ("r.faint", "paper"),
        *(
            pytest.param(*pair, marks=pytest.mark.slow)
            for pair in (("r.spoken", "paper"), ("r.faint", "night"), ("r.spoken", "night"), ("r.own", "contrast"))
        ),
    ],
)
def test_spoken_words_can_be_read_in_every_theme(context: BrowserContext, address: str, name: str, theme: str) -> None:
    cookie = Display(theme=theme).to_cookie()
    context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
    page, _ = watched(context, address)
    opened(page, f"/read/{name}")
    page.click("#aloud")
    spoken(page, SENTENCES[0])
    assert page.evaluate(CONTRAST) >= 4.5


def test_own_colours_of_the_book_hold_by_day_and_ours_by_night(page: Page) -> None:
    opened(page, "/read/r.own")
    page.click("#aloud")
    spoken(page, SENTENCES[0])
    shown = "document.querySelector('foliate-view').renderer.getContents()[0].doc"
    own, root = f"{shown}.querySelector('.said').dataset.spoken", f"{shown}.documentElement.className"
    assert page.evaluate(own) is None
    assert page.evaluate(root) == "saying"
    page.click("#night")
    assert page.evaluate(own) == ""
    assert page.evaluate(root) == ""


@pytest.mark.parametrize("size", [DESKTOP, pytest.param(PHONE, marks=pytest.mark.slow)])
def test_fixed_pages_are_spoken_and_turned(browser: Browser, address: str, size: dict[str, int]) -> None:
    context = browser.new_context(viewport=size, base_url=address)  # type: ignore[arg-type]
    try:
        page, seen = watched(context, address)
        opened(page, "/read/r.pages")
        page.evaluate(WRITE_DOWN)
        page.click("#aloud")
        settled(page, "() => document.getElementById('note-text').textContent === '朗读到此结束。'")
        assert [at["said"] for at in page.evaluate("window.heard")] == [f"第 {n} 頁的一句話。" for n in (1, 2, 3, 4)]
        assert seen.errors == []
    finally:
        context.close()


@pytest.mark.parametrize("face", ["elder", *(pytest.param(face, marks=pytest.mark.slow) for face in ("std", "child"))])
def test_phone_shows_all_tools_by_touch(browser: Browser, address: str, face: str) -> None:
    context = browser.new_context(viewport=PHONE, base_url=address, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    try:
        cookie = Display(face=face).to_cookie()
        context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
        page, _ = watched(context, address)
        opened(page, "/read/r.spoken")
        page.tap("#aloud")
        spoken(page, SENTENCES[0])
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        for name in ("#aloud", "#aloud-previous", "#aloud-play", "#aloud-next", "#aloud-speed", "#aloud-stop"):
            box = page.locator(name).bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 43.5
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE["width"]
        page.tap("#aloud-next")
        spoken(page, SENTENCES[1])
        page.tap("#aloud-play")
        expect(page.locator("#aloud-play")).to_have_text("播放", use_inner_text=True)
        assert violations(page) == []
    finally:
        context.close()


@pytest.fixture(scope="module")
def clocks(browser: Browser, address: str) -> Iterator[Page]:
    """A page that has the parser of overlays at hand."""
    context = browser.new_context(base_url=address)
    page = context.new_page()
    page.goto("/read/r.plain")
    page.evaluate("async () => { window.clips = await import('/static/readers/overlay-clips.js'); }")
    yield page
    context.close()


@given(
    hours=st.integers(0, 30),
    minutes=st.integers(0, 59),
    tenths=st.integers(0, 599),
    form=st.sampled_from(["{h}:{m:02}:{s:04.1f}", "{t:.1f}s", "{t:.1f}", "{ms}ms", "npt={t:.1f}s"]),
)
@settings(max_examples=40)
def test_clock_values_are_read(clocks: Page, hours: int, minutes: int, tenths: int, form: str) -> None:
    seconds = hours * 3600 + minutes * 60 + tenths / 10
    text = form.format(h=hours, m=minutes, s=tenths / 10, t=seconds, ms=round(seconds * 1000))
    assert clocks.evaluate("(text) => window.clips.parseClock(text)", text) == pytest.approx(seconds, abs=1e-6)


@given(st.text(max_size=12))
@settings(max_examples=40)
def test_clock_values_that_are_none_are_null_or_numbers(clocks: Page, text: str) -> None:
    found = clocks.evaluate("(text) => window.clips.parseClock(text)", text)
    assert found is None or found >= 0


@pytest.mark.parametrize(
    ("address_", "found"),
    [
        ("a.mp3", "OPS/text/a.mp3"),
        ("../au%20dio/%E4%B8%80.mp3#x", "OPS/au dio/一.mp3"),
        ("../../../../etc/a.mp3", "etc/a.mp3"),
        ("http://203.0.113.9/a.mp3", None),
        ("//203.0.113.9/a.mp3", None),
        ("file:///a.mp3", None),
        ("data:audio/wav,x", None),
        ("a%E4.mp3", None),
    ],
)
def test_sounds_lie_inside_of_the_book(clocks: Page, address_: str, found: str | None) -> None:
    path = clocks.evaluate("(address) => window.clips.resolveIn('OPS/text/c.smil', address)?.path ?? null", address_)
    assert path == found


def test_overlay_that_is_no_xml_or_has_odd_times_has_only_sound_clips(clocks: Page) -> None:
    par = '<par><text src="c.xhtml#{0}"/><audio src="a.mp3" clipBegin="{1}" clipEnd="{2}"/></par>'
    pars = [
        par.format("a", "5s", "5s"),
        par.format("b", "5s", "2s"),
        par.format("c", "x", "2s"),
        par.format("d", "1s", ""),
    ]
    body = (
        f'<smil xmlns="http://www.w3.org/ns/SMIL"><body>{"".join(pars)}<par><text src="c.xhtml#e"/></par></body></smil>'
    )
    read = "(text) => window.clips.readClips(text, 'c.smil').map((c) => [c.fragment, c.begin, c.end])"
    assert clocks.evaluate(read, body) == [["c", 0, 2], ["d", 1, None]]
    assert clocks.evaluate(read, "<smil><par>") == []


@pytest.mark.slow
def test_collection_speaks_what_has_a_sound_and_says_what_has_none(
    browser: Browser, collection: Path, tmp_path: Path
) -> None:
    made = [
        one(
            name,
            name,
            files=(("part", "a.epub", EPUB, next((collection / "files" / name).glob("*.epub")).read_bytes()),),
        )
        for name in ("A0093", "A0022")
    ]
    with reading_world(tmp_path, made) as world, serving(make_app(world)) as base:
        context = browser.new_context(viewport=DESKTOP, base_url=base)  # type: ignore[arg-type]
        page, seen = watched(context, base)
        opened(page, "/read/A0093")
        page.select_option("#aloud-speed", "2", force=True)
        page.click("#aloud")
        for text in ("人之初，性本善，性相近，習相遠。", "茍不教，性乃遷，教之道，貴以專。"):
            spoken(page, text)
        opened(page, "/read/A0022")
        page.click("#aloud")
        settled(page, "() => document.getElementById('note-text').textContent.includes('没有可以播放的朗读声音')")
        page.keyboard.press("PageDown")
        settled(page, f"() => ({SHOWN_INDEX})() > 0")
        assert seen.errors == []
        context.close()
