"""Words that an address asks to find in a text or web page: which page holds them, and marks where they stand."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from flask import request, url_for
from markupsafe import Markup, escape

from appliance.web.inside import LONGEST_FIND, squeezed
from appliance.web.readers_text import text_pages

if TYPE_CHECKING:
    from appliance.web.readers_work import Work

_LONGEST_NEAR = 120
_MOST_PAGES = 4000
_MOST_MARKS = 500
_TAG = re.compile(r"<[^<>]*>")
FOUND = "found"
"""The id of the mark that the address leads to."""


def asked_words() -> tuple[str, str]:
    """The words to find, and they with what stands around them; empty without."""
    return request.args.get("find", "")[:LONGEST_FIND].strip(), request.args.get("near", "")[:_LONGEST_NEAR]


def found_url(work: Work, find: str, near: str) -> str | None:
    """Where the page of the open text is that holds the words, in the surroundings told if it can be; None: nowhere.

    Raises:
        RenditionError: the text cannot be read. ServingError: its bytes cannot be had.
    """
    if not find:
        return None
    pages, first = text_pages(work), 0
    whole, alone = squeezed(near).lower(), squeezed(find).lower()
    for number in range(1, min(pages.count, _MOST_PAGES) + 1):
        text = _plain(pages.page(number)).lower()
        if whole and whole in text:
            first = number
            break
        if not first and alone in text:
            first = number
    if not first:
        return None
    item = work.item_argument
    return url_for(
        "readers.text", resource_id=work.resource.id, n=first, item=item, find=find, near=near or None, _anchor=FOUND
    )


def marked_in(content: Markup, find: str, near: str) -> Markup:
    """Checked markup of a page with `<mark>` round the words where no tag stands between them."""
    if not find:
        return content
    # Entities are passed over whole, so that none is torn apart.
    wanted = re.compile(f"({re.escape(str(escape(find)))})|&[A-Za-z0-9#]+;", re.IGNORECASE)
    chosen = _chosen(str(content), wanted, find, near)
    out: list[str] = []
    count = end = 0

    def mark(match: re.Match[str]) -> str:
        nonlocal count
        count += match[1] is not None
        if match[1] is None or count > max(_MOST_MARKS, chosen):
            return match[0]
        return f'<mark id="{FOUND}">{match[0]}</mark>' if count == chosen else f"<mark>{match[0]}</mark>"

    for tag in _TAG.finditer(content):
        out += [wanted.sub(mark, str(content)[end : tag.start()]), tag[0]]
        end = tag.end()
    out.append(wanted.sub(mark, str(content)[end:]))
    return Markup("".join(out))  # noqa: S704 - the pieces are those of checked markup


def _chosen(content: str, wanted: re.Pattern[str], find: str, near: str) -> int:
    """The number, from 1, of the mark that stands in the surroundings told; else the first."""
    around = squeezed(near).lower()
    place, inside = _plain(content).lower().find(around), around.find(squeezed(find).lower())
    if not around or place < 0 or inside < 0:
        return 1
    text = _TAG.sub("\0", content)
    seen = end = number = 0
    for match in wanted.finditer(text):
        if match[1] is None:
            continue
        number += 1
        seen += len(_plain(text[end : match.start()]))
        if seen >= place + inside:
            return number
        seen += len(_plain(match[0]))
        end = match.end()
    return 1


def _plain(content: str) -> str:
    """The words of markup without tags and spaces."""
    return squeezed(html.unescape(_TAG.sub("", content)).replace("\0", ""))
