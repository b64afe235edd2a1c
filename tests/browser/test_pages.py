"""Every page in a real browser: accessible, without overflow, without a word from the console, also without scripts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.web.display import Display
from tests.appliance.web.holding import PASSWORD
from tests.browser.conftest import DESKTOP, PHONE, opened, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.appliance.web.holding import World

pytestmark = pytest.mark.browser

PAGES = (
    "/", "/search?q=论语", "/search?type=book", "/search?q=唐诗赏读大全", "/browse", "/browse/list?kind=book", "/new",
    "/resources/x.lunyu", "/resources/x.mulu", "/resources/x.zhanguo", "/resources/x.tangshi", "/resources/x.odd",
    "/end", "/nope", "/staff/", "/staff/how", "/staff/sign-in",
)  # fmt: skip
FEW = (
    "/",
    "/search?type=book",
    "/search?q=唐诗赏读大全",
    "/resources/x.lunyu",
    "/resources/x.zhanguo",
    "/end",
    "/staff/",
)
TERMINALS = [
    pytest.param(DESKTOP, Display(), PAGES, id="desktop"),
    pytest.param(PHONE, Display(), PAGES, id="phone"),
    pytest.param((320, 640), Display(size="4"), FEW, id="narrow-large"),
    pytest.param(DESKTOP, Display(face="elder", size="4"), FEW, id="elder-largest"),
    pytest.param(PHONE, Display(face="elder"), FEW, id="elder-phone"),
    pytest.param(DESKTOP, Display(face="child"), FEW, id="child"),
    pytest.param(DESKTOP, Display(theme="night"), FEW, id="night"),
    pytest.param(DESKTOP, Display(theme="contrast", language="en"), FEW, id="contrast-english"),
]


@pytest.mark.parametrize(("size", "display", "paths"), TERMINALS)
def test_pages_are_accessible_fit_and_are_silent(
    browser: Browser, server: str, held: World, size: tuple[int, int], display: Display, paths: tuple[str, ...]
) -> None:
    item = held.records["x.zhanguo"].items[1]
    held.faults.record(item.sha256, 0, item_id=item.id, drive="d1")
    said: list[str] = []
    with opened(browser, server, size, display=display) as page:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        for path in paths:
            page.goto(path)
            assert violations(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path
    expected = re.compile(r"Failed to load resource: .* 40[34] ")
    assert [text for text in said if not expected.match(text)] == []


def test_staff_pages_are_accessible_when_signed_in(browser: Browser, server: str, held: World) -> None:
    held.accounts.first_start()
    name = held.accounts.all()[0].name
    held.accounts.set_password(name, PASSWORD)
    for size in (DESKTOP, PHONE):
        with opened(browser, server, size) as page:
            page.goto("/staff/sign-in")
            page.get_by_label("账号").fill(name)
            page.get_by_label("密码").fill(PASSWORD)
            page.get_by_role("button", name="登录").click()
            page.wait_for_url("**/staff/")
            for path in ("/staff/", "/staff/drives", "/staff/health", "/staff/password"):
                page.goto(path)
                expect(page.get_by_text(name).first).to_be_visible()
                assert violations(page) == [], path
                assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path


def test_state_card_changes_by_itself(page: Page, held: World) -> None:
    page.goto("/staff/")
    assert page.locator("#state .word").inner_text() in {"正常", "需要处理"}
    before = held.holdings
    try:
        held.write(releases=(), drives=())
        page.get_by_text("请接上资源硬盘").wait_for(timeout=30_000)
    finally:
        held.write(releases=before.releases, drives=before.drives)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_find_filter_open_and_leave_without_scripts(browser: Browser, server: str, size: tuple[int, int]) -> None:
    with opened(browser, server, size, script=False) as page:
        page.goto("/")
        page.get_by_role("searchbox").fill("论语")
        page.get_by_role("button", name="检索").click()
        expect(page.get_by_role("heading", name="检索结果 1 条")).to_be_visible()
        if size == PHONE:
            page.get_by_role("link", name="筛选").click()
            expect(page.get_by_role("heading", name="检索结果 1 条")).to_be_hidden()
        page.locator("#facets").get_by_role("link", name="本馆可读").click()
        page.wait_for_url("**available=yes**")
        page.get_by_role("link", name="论语", exact=True).click()
        expect(page.get_by_role("heading", name="论语", level=1)).to_be_visible()
        page.get_by_role("button", name="夜间").last.click()
        expect(page.locator("html")).to_have_attribute("data-theme", "night")
        page.wait_for_url("**/resources/x.lunyu#display")
        page.get_by_role("link", name="结束使用").click()
        page.wait_for_url("**/end")
        page.get_by_role("button", name="结束使用").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^已清除全部记录"))
        expect(page.locator("html")).to_have_attribute("data-theme", "paper")


def test_keyboard_alone_finds_a_book_and_focus_is_always_seen(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.id"))
        box = page.evaluate(
            "(() => { const r = document.activeElement.getBoundingClientRect(); return [r.width, r.height] })()"
        )
        assert min(box) > 0
        if seen[-1] == "q":
            break
    page.keyboard.type("论语")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="检索结果 1 条").wait_for()


def test_cover_that_cannot_be_had_leaves_the_drawn_one(browser: Browser, server: str, held: World) -> None:
    path = held.item_path("x.kao", "cover")
    good = path.read_bytes()
    path.write_bytes(bytes(len(good)))
    try:
        with opened(browser, server) as page:
            page.goto("/resources/x.kao")
            expect(page.locator(".item__pic .cover b")).to_contain_text("考拉", use_inner_text=True)
    finally:
        path.write_bytes(good)


def test_targets_of_the_elder_face_are_large(browser: Browser, server: str) -> None:
    with opened(browser, server, display=Display(face="elder")) as page:
        page.goto("/")
        small = page.eval_on_selector_all(
            "main a, main button, header a, header button, footer button",
            "els => els.map(e => [e.textContent.trim(), e.getBoundingClientRect()])"
            ".filter(([, r]) => r.width > 0 && r.height > 0 && r.height < 59).map(([t, r]) => t + ' ' + r.height)",
        )
        assert small == []
        assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 24


def test_leave_forgets_what_scripts_kept(page: Page) -> None:
    page.goto("/")
    page.evaluate("localStorage.setItem('place', '12'); sessionStorage.setItem('q', 'x')")
    page.goto("/end")
    page.locator("main").get_by_role("button", name="结束使用").click()
    page.get_by_role("heading", name="已清除全部记录").wait_for()
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.context.cookies() == [] or all(c["name"] == "session" for c in page.context.cookies())


def test_pages_without_the_shipped_fonts_stay_calm(browser: Browser, server: str) -> None:
    with opened(browser, server) as page:
        page.route("**/*.woff2", lambda route: route.abort())
        page.goto("/resources/x.lunyu")
        assert page.evaluate("document.documentElement.scrollWidth") <= DESKTOP[0]


def test_first_page_every_kind_and_class_that_can_be_chosen_holds_something(page):
    page.goto("/")
    ways = page.locator("a.tile, .panel .links a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert ways
    for way in ways:
        page.goto(way)
        assert page.locator(".shelf li").count() > 0, way
    page.goto("/")
    for tile in page.locator(".tile--none").all():
        assert tile.evaluate("e => e.tagName") == "SPAN"


def test_video_cover_keeps_sign_title_and_name_apart(page):
    page.goto("/")
    page.evaluate(
        """() => { document.querySelector('main').innerHTML =
        '<div style="inline-size: 9rem"><span class="cover cover--video cover--m c-zi"><b>一部片名很长的短片</b>'
        + '<small>A Foundation With A Long Name</small></span></div>' }"""
    )
    title, name = page.locator(".cover b").bounding_box(), page.locator(".cover small").bounding_box()
    cover = page.locator(".cover").bounding_box()
    sign_end = cover["x"] + 0.23 * cover["width"]
    assert name["y"] + name["height"] <= title["y"]
    assert name["x"] >= sign_end
    assert title["y"] >= cover["y"] + (0.13 + 0.15) * cover["width"] * 10 / 16


def test_largest_size_on_a_phone_leaves_room_to_write_and_breaks_no_choice(browser, server):
    with opened(browser, server, PHONE, display=Display(face="elder", size="4")) as page:
        page.goto("/search?q=三字经")
        field = page.locator("#q").bounding_box()
        assert field["width"] > 280
        heights = page.locator(".foot .seg > button").evaluate_all(
            "buttons => buttons.map(b => b.getBoundingClientRect().height / parseFloat(getComputedStyle(b).fontSize))"
        )
        assert max(heights) < 3
