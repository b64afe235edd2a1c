"""The pictures of a web page: files of its own resource at the addresses where it has them, and no other picture."""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from appliance.web.readers_frames import SHOWN_BY_BROWSERS
from appliance.web.readers_work import url_for_item

if TYPE_CHECKING:
    from appliance.web.readers_work import Work


def figures_of(work: Work) -> dict[str, str]:
    """Address relative to the open web page → address of the picture's bytes here."""
    return {
        _compared(item.label): url_for_item(item)
        for item in work.resource.items
        if item.role == "figure" and item.of == work.item.id and item.media_type in SHOWN_BY_BROWSERS
    }


def figure_filter(figures: Mapping[str, str]) -> Callable[[str, str, str], str | None]:
    """What the cleaning of markup asks of every attribute: a picture's address becomes ours, or goes."""

    def keep(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) != ("img", "src"):
            return value
        return figures.get(value) or figures.get(_place_of(value))

    return keep


def _place_of(address: str) -> str:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return ""
    return "" if parts.scheme or parts.netloc else _compared(posixpath.normpath(unquote(parts.path)))


def _compared(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
