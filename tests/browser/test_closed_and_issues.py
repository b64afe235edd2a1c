"""Files that do not open, flagged or not, and the pages of issues, in a real Chromium on desktop and phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from appliance.web.display import Display
from tests import generated_books as books
from tests.appliance.web.holding import make_app, one
from tests.appliance.web.reading import EPUB, reading_world
from tests.appliance.web.test_flags import works as flagged_works
from tests.appliance.web.test_issues import paper
from tests.browser.conftest import DESKTOP, PHONE, opened, serving, violations
from tests.browser.reading_room import VENDOR
from tests.generated_pictures import jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
PDF = "application/pdf"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if not VENDOR.is_file():
        pytest.skip("the front end is not built here")
    locked_pdf = books.pdf("Locked", "Locked", font="latin", password="x")
    leaves = [("page", f"{n}.jpg", "image/jpeg", jpeg(f"Leaf {n}")) for n in (1, 2, 3)]
    grown = {"level": "issue", "parent": "weekly"}
    works = [
        *flagged_works(),
        *paper()[:150],
        one("weekly", "清溪周报", "newspaper", files=(), level="serial"),
        *(one(f"w{n}", f"清溪周报 第{n}期", "newspaper", labels=("第1版 要闻", "第2版 本地", "第3版 副刊"),
              files=[(*leaf[:3], leaf[3] + bytes([n])) for leaf in leaves], designation=f"2019年第{n}期",
              **grown) for n in (1, 2, 3)),
        one("u.epub", "未注明的锁书", files=(("part", "a.epub", EPUB, books.locked_epub("x")),)),
        one("u.pdf", "未注明的密码文件", files=(("part", "a.pdf", PDF, locked_pdf),)),
        one("u.broken", "未注明的残书", files=(("part", "a.pdf", PDF, books.broken_pdf()),)),
        one("u.half", "半截的书", files=(("part", "a.epub", EPUB, books.epub(books.chapters("x", "y"))[:900]),)),
    ]  # fmt: skip
    with reading_world(tmp_path_factory.mktemp("closed"), works) as made, serving(make_app(made)) as base:
        yield base


@pytest.mark.parametrize("resource", ["u.pdf", "u.broken", "u.half"])
def test_lock_that_nobody_flagged_ends_in_a_sentence(browser: Browser, address: str, resource: str) -> None:
    with opened(browser, address) as page:
        page.goto(f"/read/{resource}")
        page.wait_for_function("() => document.getElementById('note-text').textContent.includes('有损坏')")
        expect(page.locator("#note")).to_be_visible()


def test_enciphered_chapters_that_nobody_flagged_leave_a_reader_that_can_be_left(
    browser: Browser, address: str
) -> None:
    with opened(browser, address) as page:
        page.goto("/read/u.epub")
        page.wait_for_selector("html[data-opened]", state="attached")
        page.click("text=返回")
        page.wait_for_url("**/resources/u.epub")


@pytest.mark.parametrize(
    ("path", "display", "viewport"),
    [
        ("/resources/f.locked", Display(), DESKTOP),
        ("/resources/f.some", Display(), PHONE),
        ("/resources/f.some", Display(face="elder"), PHONE),
        ("/read/f.avi", Display(theme="night"), PHONE),
        ("/read/f.locked", Display(face="elder"), DESKTOP),
        ("/read/f.child", Display(face="child"), PHONE),
        ("/read/f.some", Display(), PHONE),
        ("/resources/daily", Display(), DESKTOP),
        ("/read/daily/issues?year=1949", Display(), PHONE),
        ("/read/daily/issues?year=1949", Display(face="elder", theme="contrast"), PHONE),
        ("/resources/w2", Display(), PHONE),
        ("/resources/weekly", Display(face="elder"), PHONE),
    ],
)  # fmt: skip
def test_pages_pass_axe_and_fit(
    browser: Browser, address: str, path: str, display: Display, viewport: tuple[int, int]
) -> None:
    with opened(browser, address, viewport, display=display) as page:
        page.goto(path)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_issue_drawer_names_pages_and_neighbours_and_passes_axe(
    browser: Browser, address: str, viewport: tuple[int, int]
) -> None:
    with opened(browser, address, viewport) as page:
        page.goto("/read/w2")
        page.wait_for_selector("html[data-opened]", state="attached")
        page.click("#toc-button")
        expect(page.locator("#toc-list a")).to_have_text(
            ["第1版 要闻", "第2版 本地", "第3版 副刊"], use_inner_text=True
        )
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]
        page.click("text=上一期")
        page.wait_for_url("**/read/w1")


def test_months_lead_to_their_calendar(browser: Browser, address: str) -> None:
    with opened(browser, address, PHONE) as page:
        page.goto("/read/daily/issues?year=1949")
        page.click(".rmonths >> text=4月")
        top = "document.getElementById('m4').getBoundingClientRect().top"
        page.wait_for_function(f"() => {top} > 0 && {top} < 300")


def test_issues_and_closed_pages_work_without_scripts(browser: Browser, address: str) -> None:
    with opened(browser, address, script=False) as page:
        page.goto("/read/w2")
        page.wait_for_url("**/read/w2/pages/1**")
        page.goto("/read/f.locked")
        expect(page.locator("main")).to_contain_text("带着锁", use_inner_text=True)
        page.goto("/read/daily/issues?year=1949")
        page.click(".rcal a >> nth=0")
        page.wait_for_url("**/read/d19490101**")
