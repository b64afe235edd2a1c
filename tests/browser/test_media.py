"""Sound in a real Chromium: it plays on by itself, remembers, stops in time, and jumps over damage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.web.display import Display
from tests.appliance.web.holding import make_app, one
from tests.appliance.web.listening import MEBIBYTE, listening
from tests.appliance.web.reading import damage, reading_world
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.appliance.web.holding import World

pytestmark = pytest.mark.browser
PLAYS = "(after) => { const p = document.getElementById('player'); return !p.paused && p.currentTime > after; }"
NOTE = """(text) => !document.getElementById('note').hidden
  && document.getElementById('note-text').textContent.includes(text)"""
STARTS = "() => { const p = document.getElementById('player'); return !p.paused && p.currentTime < 5; }"
INK = """() => {
  const canvas = document.getElementById("wave");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const [halves, played] = [[0, 0], [0, 0]];
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 250) continue;
    const half = (at / 4) % canvas.width < canvas.width / 2 ? 0 : 1;
    halves[half] += 1;
    if (data[at] > 2 * data[at + 1]) played[half] += 1;
  }
  return { halves, played };
}"""
SWELLS = f"() => {{ const {{ halves: [left, right] }} = ({INK})(); return left > 50 && right > 4 * left; }}"
LINE = "() => document.querySelector('#line-list [aria-current]')?.textContent"
PART = "(n) => document.querySelectorAll('#parts a')[n].getAttribute('aria-current') === 'true'"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with reading_world(tmp_path_factory.mktemp("media"), listening()) as made:
        yield made


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    with serving(make_app(world)) as base:
        yield base


@pytest.fixture(scope="module")
def text_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    works = [one("r.text", "长文", files=(("part", "a.txt", "text/plain", ("某一段话。\n\n" * 3000).encode()),))]
    with reading_world(tmp_path_factory.mktemp("text"), works) as made, serving(make_app(made)) as base:
        yield base


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with opened(browser, address) as found:
        found.set_default_timeout(30_000)
        yield found


def play(page: Page, path: str) -> None:
    page.goto(path)
    page.click("#play")


def time_of(page: Page) -> float:
    return float(page.evaluate("document.getElementById('player').currentTime"))


def test_sound_parts_follow_each_other_and_are_marked(page: Page) -> None:
    play(page, "/read/m.short")
    page.wait_for_function(PLAYS, arg=0.2)
    expect(page.locator("#cue")).to_have_text("第一句 红 & x", use_inner_text=True)
    page.wait_for_function(PART, arg=2)
    page.wait_for_function("() => document.querySelectorAll('#parts .done').length === 3")
    expect(page.locator("#parts li:last-child")).to_contain_text("已听完", use_inner_text=True)
    assert page.url.endswith(page.get_attribute("#parts li:last-child a", "href") or "-")


def test_sound_deck_moves_and_speeds(page: Page) -> None:
    play(page, "/read/m.long")
    page.wait_for_function(PLAYS, arg=0.1)
    page.click("#forward")
    page.wait_for_function(PLAYS, arg=30)
    page.click("#back")
    page.wait_for_function("() => document.getElementById('player').currentTime < 25")
    page.click("text=1.5 倍")
    assert page.evaluate("document.getElementById('player').playbackRate") == 1.5
    page.click("#play")
    assert page.evaluate("document.getElementById('player').paused")
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    before = time_of(page)
    page.keyboard.press("ArrowLeft")
    assert time_of(page) == pytest.approx(before - 15, abs=1)
    page.click("#next")
    page.wait_for_function(PART, arg=1)
    page.wait_for_function(PLAYS, arg=0.1)
    assert page.evaluate("document.getElementById('player').playbackRate") == 1.5


def test_sound_resumes_inside_the_tab(page: Page) -> None:
    play(page, "/read/m.long")
    page.wait_for_function(PLAYS, arg=0.1)
    page.click("#forward")
    page.wait_for_function(PLAYS, arg=30)
    page.wait_for_function("() => sessionStorage.getItem('reader.last.m.long')")
    page.goto("/read/m.long")
    page.wait_for_function(NOTE, arg="上次听到 前 0:3")
    page.click("text=接着听")
    page.wait_for_function(PLAYS, arg=30)
    page.goto("/read/m.long")
    page.click("text=从头听")
    page.wait_for_function(
        "() => { const p = document.getElementById('player'); return !p.paused && p.currentTime < 5; }"
    )


def test_sound_sleep_timer_stops_and_says_so(page: Page) -> None:
    page.clock.install()
    play(page, "/read/m.long")
    page.select_option("#sleep", "10")
    page.wait_for_function(NOTE, arg="10 分钟后停止播放")
    page.clock.fast_forward("10:01")
    page.wait_for_function("() => document.getElementById('player').paused")
    page.select_option("#sleep", "20")
    page.click("text=取消定时")
    expect(page.locator("#sleep")).to_have_value("0")


def test_sound_jumps_over_a_damaged_stretch(page: Page, world: World) -> None:
    path = world.item_path("m.long")
    whole = path.read_bytes()
    damage(world, "m.long", MEBIBYTE + 100)
    try:
        page.goto("/read/m.long")
        page.wait_for_function("() => document.getElementById('player').readyState >= 1")
        page.evaluate("document.getElementById('player').currentTime = 8")
        page.click("#play")
        page.wait_for_function(NOTE, arg="0:11 至 0:23 这一段有损坏", timeout=40_000)
        page.click("text=跳过这一段")
        page.wait_for_function(PLAYS, arg=24)
    finally:
        path.write_bytes(whole)
        world.services.chunks._kept.clear()


def test_sound_that_is_damaged_altogether_says_so(page: Page, world: World) -> None:
    path = world.item_path("m.whole")
    whole = path.read_bytes()
    damage(world, "m.whole", 100)
    try:
        page.goto("/read/m.whole")
        page.wait_for_function(NOTE, arg="这份资源有损坏")
    finally:
        path.write_bytes(whole)
        world.services.chunks._kept.clear()


def test_sound_in_another_form_when_the_first_cannot_play(page: Page) -> None:
    play(page, "/read/m.forms")
    page.wait_for_function(PLAYS, arg=0.1)
    page.goto("/read/m.none")
    page.wait_for_function(NOTE, arg="本机不能播放这种格式")


def test_sound_chapters_lead_and_follow(page: Page) -> None:
    page.goto("/read/m.chapters")
    expect(page.locator("#chapter-list a")).to_have_count(2)
    page.click("#chapter-list >> text=承")
    page.wait_for_function(PLAYS, arg=20)
    page.wait_for_function("() => document.querySelectorAll('#chapter-list a')[1].getAttribute('aria-current')")
    page.goto("/read/m.chapters?at=25")
    page.wait_for_function("() => document.getElementById('player').currentTime >= 25")


def test_sound_keys_of_the_lock_screen_know_the_part(page: Page) -> None:
    page.goto("/read/m.short")
    assert page.evaluate("navigator.mediaSession.metadata.title") == "甲"
    assert page.evaluate("navigator.mediaSession.metadata.album") == "三段短声"


def test_sound_wave_shows_where_it_is_loud_and_what_was_played(page: Page) -> None:
    page.goto("/read/m.wave")
    page.wait_for_function(SWELLS)
    assert page.evaluate(INK)["played"] == [0, 0]
    page.wait_for_function("() => document.getElementById('player').readyState >= 1")
    box = page.locator("#seek").bounding_box()
    assert box
    page.mouse.click(box["x"] + 8 + (box["width"] - 16) * 0.75, box["y"] + box["height"] / 2)
    page.wait_for_function("() => Math.abs(document.getElementById('player').currentTime - 30) <= 1")
    page.wait_for_function(f"() => ({INK})().played[1] > 0")
    ink = page.evaluate(INK)
    assert ink["played"][0] == ink["halves"][0]
    assert 0.15 < ink["played"][1] / ink["halves"][1] < 0.4
    before = ink["halves"]
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_function(f"(before) => ({INK})().halves[1] < before", arg=before[1])


def test_sound_wave_is_sought_by_keys(page: Page) -> None:
    page.goto("/read/m.wave")
    page.wait_for_function("() => document.getElementById('player').readyState >= 1")
    page.focus("#seek")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert time_of(page) == pytest.approx(2, abs=0.2)
    expect(page.locator("#seek")).to_have_attribute("aria-valuetext", "0:02，共 0:40")
    page.keyboard.press("End")
    page.wait_for_function("() => document.getElementById('player').currentTime > 38")


def test_sound_without_peaks_or_with_damaged_ones_has_the_plain_bar(page: Page, world: World) -> None:
    page.goto("/read/m.short")
    page.wait_for_selector("html[data-script]")
    assert page.evaluate("getComputedStyle(document.getElementById('wave')).display") == "none"
    page.goto("/read/m.wave")
    page.wait_for_function(SWELLS)
    page.click("#parts >> text=下")
    page.wait_for_selector(".rseek__bar:not([data-wave])")
    path = world.item_path("m.wave", "peaks", 1)
    whole = path.read_bytes()
    damage(world, "m.wave", 5, "peaks", 1)
    try:
        page.click("#parts >> text=中")
        page.wait_for_function(PART, arg=1)
        page.wait_for_selector(".rseek__bar:not([data-wave])")
        page.wait_for_function(PLAYS, arg=0.1)
    finally:
        path.write_bytes(whole)
        world.services.chunks._kept.clear()


def test_sound_lines_follow_and_lead(page: Page) -> None:
    page.goto("/read/m.wave")
    page.click("text=边听边看")
    page.wait_for_function("() => document.querySelectorAll('#line-list button').length === 20")
    page.click("#line-list >> text=第 15 句")
    page.wait_for_function(PLAYS, arg=30)
    page.wait_for_function(f"() => ({LINE})()?.includes('第 16 句')")
    assert page.evaluate("document.getElementById('line-list').scrollTop") > 100
    page.select_option("#captions", "English")
    page.wait_for_function("() => document.querySelectorAll('#line-list button').length === 9")
    expect(page.locator("#line-list")).to_have_attribute("lang", "en")
    expect(page.locator("#line-list")).to_contain_text("E第 0 句", use_inner_text=True)
    page.select_option("#captions", "")
    expect(page.locator("#line-list button")).to_have_count(9)
    page.click("#next")
    page.wait_for_function(PART, arg=1)
    expect(page.locator("#lines")).to_be_hidden()
    expect(page.locator("#lines-toggle")).to_be_hidden()
    page.click("#previous")
    page.wait_for_selector("#line-list button")
    expect(page.locator("#lines")).to_be_visible()


def test_sound_sleep_timer_stops_at_the_end_of_the_part(page: Page) -> None:
    page.goto("/read/m.short")
    page.select_option("#sleep", "end")
    page.wait_for_function(NOTE, arg="放完这一部分就停止播放")
    page.click("#play")
    page.wait_for_function(PART, arg=1)
    assert page.evaluate("document.getElementById('player').paused")
    expect(page.locator("#sleep")).to_have_value("0")
    expect(page.locator("#parts li:first-child")).to_contain_text("已听完", use_inner_text=True)
    page.goto("/read/m.short")
    page.wait_for_function(PART, arg=1)
    expect(page.locator("#note")).to_be_hidden()
    page.click("#play")
    page.wait_for_function(PART, arg=2)


def test_sound_letters_are_keys_while_the_focus_is_in_the_player(page: Page) -> None:
    muted = "document.getElementById('player').muted"
    page.goto("/read/m.wave")
    page.wait_for_function("() => document.getElementById('captions').value === '中文'")
    page.keyboard.press("m")
    assert page.evaluate(muted) is False
    page.focus("#play")
    page.keyboard.press("m")
    assert page.evaluate(muted) is True
    page.wait_for_selector("#mute[aria-pressed=true]")
    page.click("#mute")
    assert page.evaluate(muted) is False
    page.select_option("#captions", "English")
    page.focus("#play")
    page.keyboard.press("c")
    expect(page.locator("#captions")).to_have_value("")
    page.keyboard.press("C")
    expect(page.locator("#captions")).to_have_value("English")
    before = time_of(page)
    page.keyboard.press("ArrowRight")
    assert time_of(page) == pytest.approx(before + 30, abs=1)


def test_film_fills_the_screen_by_a_letter(page: Page) -> None:
    page.goto("/read/m.film")
    page.wait_for_selector("html[data-script]")
    page.evaluate("document.getElementById('player').requestFullscreen = () => { window.filled = true; }")
    page.focus("#full")
    page.keyboard.press("f")
    assert page.evaluate("window.filled") is True


def test_sound_plays_without_scripts(browser: Browser, address: str) -> None:
    with opened(browser, address, script=False) as page:
        page.goto("/read/m.short")
        expect(page.locator("audio[controls]")).to_be_visible()
        expect(page.locator(".deck")).to_be_hidden()
        page.click("#parts >> text=乙")
        expect(page.locator("#part-title")).to_have_text("乙", use_inner_text=True)


@pytest.mark.parametrize(
    ("path", "display", "viewport"),
    [
        ("/read/m.short", Display(), DESKTOP),
        ("/read/m.short", Display(theme="night"), PHONE),
        ("/read/m.short", Display(face="elder"), PHONE),
        ("/read/m.short", Display(face="child"), DESKTOP),
        ("/read/m.wave", Display(), DESKTOP),
        ("/read/m.wave", Display(theme="contrast"), PHONE),
        ("/read/m.wave", Display(face="elder"), PHONE),
        ("/read/m.film", Display(face="elder"), DESKTOP),
        ("/read/m.film", Display(), PHONE),
    ],
)
def test_player_passes_axe_and_holds_large_targets(
    browser: Browser, address: str, path: str, display: Display, viewport: tuple[int, int]
) -> None:
    with opened(browser, address, viewport, display=display) as page:
        page.goto(path)
        page.wait_for_selector("html[data-script]")
        if path == "/read/m.wave":
            page.click("#lines-toggle")
            page.wait_for_selector("#line-list button")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]
        least = {"elder": 59.5, "child": 55.5}.get(display.face, 43.5)
        small = page.evaluate(
            """(least) => [...document.querySelectorAll('.rmedia :is(button, select, input, .chapters a)')]
              .filter((e) => e.getClientRects().length).map((e) => [e.id || e.textContent, e.getBoundingClientRect()])
              .filter(([, b]) => b.width < least || b.height < least).map(([name, b]) => [name, b.width, b.height])""",
            least,
        )
        assert small == []


def test_text_remembers_its_page_and_its_size(browser: Browser, text_address: str) -> None:
    with opened(browser, text_address) as page:
        page.goto("/read/r.text")
        page.click("#larger")
        before = page.evaluate("getComputedStyle(document.getElementById('text')).fontSize")
        page.keyboard.press("ArrowRight")
        page.wait_for_url("**/text/2")
        page.wait_for_selector("html[data-script]")
        assert page.evaluate("getComputedStyle(document.getElementById('text')).fontSize") == before
        page.goto("/read/r.text")
        page.wait_for_function(NOTE, arg="上次读到第 2 页")
        assert violations(page) == []
        page.click("text=接着读")
        page.wait_for_url("**/text/2")
