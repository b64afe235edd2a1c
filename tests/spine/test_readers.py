"""Every book, document and picture of the real collection, opened in a real browser by its reader."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.conftest import DESKTOP
from tests.browser.reading_room import INK, opened, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.box import Box

pytestmark = [pytest.mark.timeout(900), pytest.mark.browser, pytest.mark.collection]

READERS = {"application/epub+zip": "epub", "application/pdf": "pdf"}
BOOK_SHOWS = """() => {
  const view = document.querySelector("foliate-view");
  const shows = ({ doc }) => doc.body?.innerText.trim() || doc.querySelector("img, svg, image");
  return view.renderer.getContents().some(shows);
}"""
SHOWS = {
    "epub": BOOK_SHOWS,
    "pdf": f"() => ({INK})('.page canvas') > 1",
    "picture": f"() => ({INK})('#view canvas') > 1",
}
PICTURES = Path(os.environ["SHUXIANG_PICTURES"]) if "SHUXIANG_PICTURES" in os.environ else None
"""Where to leave a screenshot of each, for people to look at."""


def reader_of(item: dict[str, Any]) -> str:
    """Which reader opens an item; empty for kinds that have none of their own yet."""
    media_type = item["media_type"]
    return READERS.get(media_type, "picture" if media_type.startswith("image/") else "")


def show(page: Page, resource: str, item: str, reader: str) -> None:
    """Open one item and wait until something of it is seen."""
    opened(page, f"/read/{resource}?item={item}")
    page.wait_for_function(SHOWS[reader], timeout=20_000)
    if PICTURES:
        page.wait_for_timeout(300)
        page.screenshot(path=str(PICTURES / f"{resource}-{reader}.png"))


def test_collection_every_book_document_and_picture_opens_in_the_browser(
    real: Box,
    rows: list[dict[str, str]],
    browser: Browser,
) -> None:
    faults: list[str] = []
    counts = dict.fromkeys(SHOWS, 0)
    context = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, base_url=real.url)
    context.set_default_timeout(20_000)
    for row in rows:
        items = real.get(f"/api/resources/{row['id']}").json()["items"]
        shown = {(reader_of(i), i["role"]): i for i in reversed(items) if i["role"] in {"part", "page", "alternate"}}
        for (reader, _), item in shown.items():
            if not reader:
                continue
            page, seen = watched(context, real.url)
            try:
                show(page, row["id"], item["id"], reader)
                counts[reader] += 1
                if seen.outside or seen.errors or seen.dialogs:
                    faults.append(f"{row['id']} {reader}: {seen.outside} {seen.errors} {seen.dialogs}")
            except Exception as error:  # noqa: BLE001 - every resource is tried, the faults are told together
                faults.append(f"{row['id']} {reader}: {error}")
            finally:
                page.close()
    context.close()
    assert not faults, "\n".join(faults)
    assert all(counts.values()), counts
