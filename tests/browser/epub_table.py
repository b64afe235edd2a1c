"""How each of the W3C's reading-system tests for EPUB is decided: by what the book's page holds, computes and shows.

A check looks at an open book and fails by an assertion. Where the test's own text says that somebody must see or hear,
the check makes sure of all that can be computed, and `docs/epub-tests.md` says "by eye".
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

Check = Callable[["Page"], None]
CHECKS: dict[str, Check] = {}
TURN_MS = 350
"""Longer than the reader takes to turn a page: an order that comes while it turns is not taken."""

DOCS = "document.querySelector('foliate-view').renderer.getContents().map(({ doc }) => doc)"


def check(*names: str) -> Callable[[Check], Check]:
    """Register the check of these tests."""

    def register(function: Check) -> Check:
        CHECKS.update(dict.fromkeys(names, function))
        return function

    return register


def look(page: Page, script: str) -> Any:
    """Value of `script`, a function of the document that is shown."""
    return page.evaluate(f"() => ({script})({DOCS}[0])")


def words(page: Page) -> str:
    """The visible text of the book's page."""
    return str(look(page, "(d) => d.body?.innerText ?? d.documentElement.textContent"))


def style(page: Page, selector: str, name: str) -> str:
    """A computed property of the first element."""
    return str(look(page, f"(d) => d.defaultView.getComputedStyle(d.querySelector('{selector}')).{name}"))


def turn(page: Page, key: str = "PageDown") -> None:
    """Press a key that turns the page, and wait for it."""
    page.keyboard.press(key)
    page.wait_for_timeout(TURN_MS)


def colours(page: Page, selector: str) -> int:
    """How many colours an element of the book shows on the screen."""
    box = next(f for f in page.frames if f != page.main_frame).locator(selector).first.bounding_box()
    assert box is not None
    picture = Image.open(io.BytesIO(page.screenshot(clip=box)))  # type: ignore[arg-type]
    return len(picture.convert("RGB").getcolors(1 << 24) or ())


def says(*sentences: str) -> Check:
    """The page holds each of these sentences."""

    def found(page: Page) -> None:
        text = " ".join(words(page).split())
        for sentence in sentences:
            assert sentence in text

    return found


for name, sentence in {
    "cnt-xhtml-support": "Test passes if you see this.",
    "ocf-metainf-inc": "Test passes if this page of the book can be accessed without any error.",
    "ocf-package_arbitrary": "Test passes if you see this.",
    "ocf-url_manifest": "Test passes if this page opens.",
    "ocf-url_relative": "Test passes if this page opens.",
    "pkg-collections-unknown": "Test passes if the EPUB opens.",
    "pkg-manifest-unknown": "Test passes if the EPUB opens.",
    "pkg-meta-unknown": "Test passes if the EPUB opens.",
    "pkg-unique-id_duplicate": "Test passes if the reading system displays this book",
    "pub-foreign_json-spine": "Test passes if you see this text.",
    "pub-foreign_xml-suffix-spine": "Test passes if you see this text.",
    "scr-storage-delete": "does not support scripting, hence this test succeeds.",
    "scr-support-fallback": "followed through the scripted content fallback by displaying this page. Test passes.",
    # Refused by design: what such a page shows without its scripts.
    "ocf-url_parse-leaking-relative": "does not support scripting",
    "scr-not-support_ccscript-modify-size": "If no content appears below this line in a box",
    "scr-readingsystem-support": "does not support scripting.",
    "scr-readingsystem-support_iframe_svg": "does not support scripting.",
    "scr-support_origin": "does not support scripting",
    "scr-support_scrolled-continuous": "The test is not relevant",
    "scr-support_svg": "does not support scripting",
    "sec-untrusted-consent_scripting": "No script has been executed.",
    "pkg-dir-auto_root-rtl": "Test passes if the book title",
    "pkg-dir_rtl-root-ltr": "Test passes if the book title",
    "pkg-dir_unset-root-rtl": "Test passes if the book title",
    "pkg-title-order": 'Test passes if the title "First title in package" appears before',
    "lay-reflow-align-x-center": "This test is not applicable to reading systems that do not support",
}.items():
    CHECKS[name] = says(sentence)


@check("cnt-css-fonts_ot", "cnt-css-fonts_woff", "ocf-font_obfuscation")
def font_is_used(page: Page) -> None:
    page.wait_for_function(
        f"() => [...{DOCS}[0].fonts].some((f) => !f.family.includes('Noto') && f.status === 'loaded')"
    )
    assert look(page, "(d) => [...d.fonts].filter((f) => f.status === 'error').length") == 0
    own, other = (look(page, WIDTH.replace("FAMILY", family)) for family in ("", "serif"))
    assert own != other


WIDTH = """(d) => {
  const node = d.querySelector('[class^=font-]');
  node.style.fontFamily = 'FAMILY';
  const range = d.createRange();
  range.selectNodeContents(node);
  return [...range.getClientRects()].reduce((sum, box) => sum + box.width, 0);
}"""


@check("cnt-mathml-support")
def superscript_stands_higher(page: Page) -> None:
    assert look(
        page,
        """(d) => { const [base, power] = [...d.querySelector('msup').children].map((n) => n.getBoundingClientRect());
          return power.bottom < base.bottom - 4 && power.height < base.height && power.left >= base.right - 4; }""",
    )


@check("cnt-svg-css-inclusion")
def drawing_has_its_pattern(page: Page) -> None:
    assert "#star" in style(page, ".fil0", "fill")
    assert colours(page, "svg") > 8


@check("cnt-svg-embedded", "pub-cmt-avif", "pub-cmt-jpeg", "pub-cmt-webp")
def picture_is_seen(page: Page) -> None:
    page.wait_for_timeout(300)
    assert look(page, "(d) => [...d.images].every((i) => i.complete && i.naturalWidth > 0)")
    assert colours(page, "img, svg") > 8


@check("pub-cmt-mp3", "pub-cmt-opus")
def sound_is_played(page: Page) -> None:
    frame = next(f for f in page.frames if f != page.main_frame)
    assert frame.locator("audio").bounding_box() is not None
    page.wait_for_function(f"() => {DOCS}[0].querySelector('audio').readyState >= 1")
    assert look(page, "(d) => d.querySelector('audio').error?.message ?? null") is None
    look(page, "(d) => d.querySelector('audio').play()")
    page.wait_for_function(f"() => {DOCS}[0].querySelector('audio').currentTime > 0.2")


@check("css-epub-line-break")
def line_break_is_taken_over(page: Page) -> None:
    for value in ("auto", "loose", "normal", "strict"):
        assert style(page, f"p.{value}", "lineBreak") == value


@check("css-epub-text-combine-horizontal")
def digits_are_combined(page: Page) -> None:
    combined = [".epub-text-combine-horizontal-all", ".epub-text-combine-horizontal"]
    for selector in combined:
        assert style(page, selector, "textCombineUpright") == "all"
        height = look(page, f"(d) => d.querySelector('{selector}').getBoundingClientRect().height")
        assert 0.8 < height / float(style(page, "body", "fontSize").removesuffix("px")) < 1.2
    for selector in (".epub-text-combine-horizontal-none", ".epub-text-combine-none"):
        assert style(page, selector, "textCombineUpright") == "none"


@check("css-epub-text-orientation")
def letters_are_oriented(page: Page) -> None:
    turn(page)
    found = [style(page, f"p.text-orientation-{kind}", "textOrientation")
             for kind in ("mixed", "upright", "sideways", "sideways-right")]  # fmt: skip
    assert found == ["mixed", "upright", "sideways", "sideways"]


@check("css-epub-text-underline-position")
def underline_is_placed(page: Page) -> None:
    for value in ("auto", "under", "under left", "", "under right"):
        if value:
            assert style(page, ".underline", "textUnderlinePosition") == value
        turn(page)


@check("css-epub-writing-mode")
def writing_runs_as_told(page: Page) -> None:
    for value in ("horizontal-tb", "vertical-rl", "vertical-lr"):
        assert style(page, "body", "writingMode") == value
        turn(page)


@check("lay-pkg-flow-paginated")
def pages_are_turned(page: Page) -> None:
    turn(page)
    before = page.inner_text("#progress")
    assert not page.evaluate("document.querySelector('foliate-view').renderer.scrolled")
    assert page.evaluate("document.querySelector('foliate-view').renderer.pages") > 3
    turn(page)
    assert page.inner_text("#progress") != before


@check("lay-pkg-flow-scrolled-doc")
def chapters_are_scrolled(page: Page) -> None:
    turn(page, "ArrowRight")
    assert "Chapter 1. Loomings." in words(page)
    view = "document.querySelector('foliate-view').renderer"
    assert page.evaluate(f"{view}.viewSize > 2 * {view}.size")
    page.mouse.move(683, 400)
    page.mouse.wheel(0, 500)
    page.wait_for_function(f"() => {view}.start > 300")
    turn(page, "ArrowRight")
    assert "Chapter 2. The Carpet-Bag." in words(page)
    assert page.evaluate(f"{view}.start") == 0


@check("mol-support_xhtml", "mol-timing-synchronization")
def chapter_is_spoken(page: Page) -> None:
    turn(page)
    page.click("#aloud")
    page.wait_for_function(f"() => {DOCS}[0].getElementById('c01s0002').matches('.active-item, [data-spoken]')")
    assert page.get_attribute("#aloud", "aria-pressed") == "true"


@check("mol-css")
def spoken_words_look_as_the_book_wishes(page: Page) -> None:
    chapter_is_spoken(page)
    assert style(page, ".active-item", "backgroundColor") == "rgb(13, 146, 95)"
    assert style(page, "#c01s0005", "color") == "rgb(158, 158, 158)"


@check("mol-support_xhtml-load", "mol-support_xhtml-load-next")
def speech_goes_on_in_the_next_chapter(page: Page) -> None:
    turn(page)
    page.click("#aloud")
    page.wait_for_selector("#aloud-bar:not([hidden])")
    page.select_option("#aloud-speed", "2")
    second = f"() => {DOCS}[0].body.textContent.includes('There now is your insular city') && {DOCS}[0]"
    for _ in range(10):
        page.wait_for_timeout(250)
        if look(page, "(d) => d.querySelector('#c01s0008')?.matches('.active-item, [data-spoken]') ?? false"):
            break
        page.keyboard.press("]")
    page.wait_for_function(f"{second}.querySelector('.active-item, [data-spoken]') !== null")
    assert page.get_attribute("#aloud", "aria-pressed") == "true"


@check("mol-tts_single")
def speech_without_a_sound_says_so(page: Page) -> None:
    turn(page)
    page.click("#aloud")
    page.wait_for_function("() => document.getElementById('note-text').textContent.includes('朗读声音')")


@check("nav-activation")
def link_of_the_contents_leads_there(page: Page) -> None:
    frame = next(f for f in page.frames if f != page.main_frame)
    frame.locator("a", has_text="2nd content document").click()
    page.wait_for_function(
        f"() => {DOCS}[0].body.textContent.includes('Test passes if the navigation link leads here.')"
    )


@check("nav-spine_in-spine-hidden-toc-css")
def hidden_entry_stands_in_the_drawer(page: Page) -> None:
    assert "The second link" not in words(page)
    page.click("#toc-button")
    assert page.locator("#toc-list button").all_inner_texts() == ["The first link", "The second link"]


@check("nav-spine_in-spine-no-list-style")
def drawer_has_no_numbers(page: Page) -> None:
    page.click("#toc-button")
    assert page.locator("#toc-list li").count() == 2
    styles = "() => [...document.querySelectorAll('#toc-list, li')].map((n) => getComputedStyle(n).listStyleType)"
    assert set(page.evaluate(styles)) == {"none"}


@check("pkg-dir_but_not_content")
def chapter_does_not_run_to_the_left(page: Page) -> None:
    assert style(page, "ul", "direction") == "ltr"
    assert look(page, "(d) => d.querySelector('li').getBoundingClientRect().left < 200")


@check("pkg-lang_but_not_content")
def chapter_has_no_language(page: Page) -> None:
    assert look(page, "(d) => d.querySelector('q').matches(':lang(fr)')") is False


@check("pkg-spine-duplicate-item-hyperlink")
def link_leads_to_the_first_of_three(page: Page) -> None:
    next(f for f in page.frames if f != page.main_frame).locator("a").click()
    page.wait_for_function("() => document.querySelector('foliate-view').renderer.getContents()[0].index === 1")


@check("pkg-spine-duplicate-item-ui")
def each_of_three_has_its_own_bookmark(page: Page) -> None:
    for _ in range(3):
        turn(page)
        page.keyboard.press("b")
    for number in (1, 0, 2):
        page.click("#toc-button")
        page.locator("#marks-list li > button:first-child").nth(number).click()
        page.wait_for_function(
            "(n) => document.querySelector('foliate-view').renderer.getContents()[0].index === n", arg=number + 1
        )


@check("pkg-spine-order")
def chapters_come_in_order(page: Page) -> None:
    for word in ("first", "second", "third", "last"):
        assert f"This page must appear {word}" in words(page)
        turn(page)


@check("pkg-spine-progression-default", "pkg-spine-progression_rtl")
def next_page_lies_to_the_left(page: Page) -> None:
    for word in ("first", "second", "third", "last"):
        assert f"This page must appear {word}" in words(page)
        turn(page, "ArrowLeft")
    turn(page, "ArrowRight")
    assert "This page must appear third" in words(page)


@check("pss-support")
def note_is_shown_in_place(page: Page) -> None:
    next(f for f in page.frames if f != page.main_frame).locator("a").click()
    page.wait_for_function(
        "() => document.getElementById('note-text').textContent === 'This text is meant to appear as a footnote.'"
    )


@check("pub-external-links")
def way_out_is_no_way(page: Page) -> None:
    assert look(page, "(d) => d.querySelectorAll('a[href]').length") == 0


@check("pub-file-urls")
def frames_are_gone(page: Page) -> None:
    assert look(page, "(d) => d.querySelectorAll('iframe, object, embed').length") == 0


@check("pub-xml-names", "pub-xml-non-validating_unclosed")
def error_is_reported(page: Page) -> None:
    assert "排版有误" in page.inner_text("#note-text")
