"""The pictures of a web page: files of its own resource at the addresses where it has them, and no other picture."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from appliance.web.bytes import SHOWN_PICTURES
from appliance.web.readers_work import url_for_item

if TYPE_CHECKING:
    from appliance.web.readers_work import Work


def figure_urls(work: Work) -> Callable[[str], str]:
    """What gives the address here of a picture from its place beside the open web page, empty when it is not held."""
    figures = {
        _compared(item.label): item
        for item in work.resource.items
        if item.role == "figure" and item.of == work.item.id and item.media_type in SHOWN_PICTURES
    }

    def url(place: str) -> str:
        item = figures.get(_compared(place))
        return url_for_item(item) if item is not None else ""

    return url


def _compared(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
