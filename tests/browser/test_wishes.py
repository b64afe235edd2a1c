"""登记需求 in a real browser: with and without scripts, on a terminal and a phone, by keyboard, accessible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.web.display import Display
from indexer.model import Access, Audience
from tests.appliance.web.holding import PASSWORD, make_app, make_world, one
from tests.appliance.web.searching import books
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from tests.appliance.web.holding import World

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """A holding with entries, and the base address of a box with it."""
    child = one("c", "恐龙百科全书", files=(), access=Access("none"), audience=Audience("children"))
    with make_world(tmp_path_factory.mktemp("asked"), [*books(), child]) as world, serving(make_app(world)) as base:
        yield world, base


def fits(page: Page, width: int) -> None:
    assert violations(page) == [], page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_words_that_find_nothing_are_asked_for_by_keyboard(
    browser: Browser, asked: tuple[World, str], size: tuple[int, int], script: bool
) -> None:
    world, base = asked
    assert world.services.wishes is not None
    words = f"滇剧锣鼓经全本{'甲' if script else '乙'}{size[0]}"
    with opened(browser, base, size, script=script) as page:
        page.goto(f"/search?q={words}")
        if script:
            fits(page, size[0])
        page.get_by_role("link", name="登记需求").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/wish?**")
        if script:
            fits(page, size[0])
        expect(page.get_by_label("想找的书名、作者或内容")).to_have_value(words)
        page.get_by_label("别的线索").fill("县剧团油印本")
        page.keyboard.press("Enter")
        page.wait_for_url("**/wish/thanks")
        expect(page.get_by_role("heading", level=1)).to_have_text("需求已登记，谢谢。", use_inner_text=True)
        if script:
            fits(page, size[0])
        page.get_by_role("link", name="继续检索").click()
        page.wait_for_url("**/search?**")
    assert words in {wish.words for wish in world.services.wishes.listed()}


@pytest.mark.parametrize(
    ("display", "resource", "button", "thanks"),
    [
        pytest.param(Display(), "s.04", "登记需求", "需求已登记，谢谢。", id="std"),
        pytest.param(Display(face="child"), "c", "我想看", "记下了，我们去找一找。", id="child"),
        pytest.param(Display(face="elder"), "s.09", "登记想看", "记下了，谢谢您。", id="elder"),
    ],
)
def test_an_entry_is_asked_for_by_one_button_in_every_face(
    browser: Browser, asked: tuple[World, str], display: Display, resource: str, button: str, thanks: str
) -> None:
    with opened(browser, asked[1], PHONE, display=display) as page:
        page.goto(f"/resources/{resource}")
        fits(page, PHONE[0])
        page.get_by_role("button", name=button).tap()
        page.wait_for_url("**/wish/thanks")
        expect(page.get_by_role("heading", level=1)).to_have_text(thanks, use_inner_text=True)
        fits(page, PHONE[0])
        page.goto(f"/resources/{resource}")
        expect(page.get_by_role("button", name=button)).to_have_count(0)


def test_entries_of_a_result_and_the_staff_list(browser: Browser, asked: tuple[World, str]) -> None:
    world, base = asked
    given = world.accounts.first_start()
    assert given
    name = world.accounts.all()[0].name
    world.accounts.set_password(name, PASSWORD)
    for size in (DESKTOP, PHONE):
        with opened(browser, base, size) as page:
            page.goto("/search?q=明月&available=catalogue")
            fits(page, size[0])
            page.get_by_role("button", name="登记需求").nth(int(size == PHONE)).click()
            page.wait_for_url("**/wish/thanks")
            page.get_by_role("link", name="继续检索").click()
            page.wait_for_url("**available=catalogue")
            expect(page.get_by_text("已登记", exact=True)).to_have_count(1)
            page.goto("/staff/sign-in?next=/staff/wishes")
            page.get_by_label("账号").fill(name)
            page.get_by_label("密码").fill(PASSWORD)
            page.keyboard.press("Enter")
            page.get_by_role("heading", name="读者需求", level=1).wait_for()
            fits(page, size[0])
            with page.expect_navigation():
                page.get_by_role("button", name="已办").first.click()
            page.goto("/staff/wishes?settled=1")
            fits(page, size[0])
            expect(page.get_by_role("button", name="改为待办")).to_have_count(1 + (size == PHONE))
