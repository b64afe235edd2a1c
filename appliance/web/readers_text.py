"""Texts and web pages as the page of a reader: one page of them, their contents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from markupsafe import Markup

from appliance.web.readers_figures import figure_urls
from appliance.web.readers_work import renditions
from indexer.renditions.reading import addressed

if TYPE_CHECKING:
    from appliance.web.readers_work import Work
    from indexer.renditions import TextPages


_BLANK = re.compile(r"(?:<(?!img\b)[^<>]*>|\s)*+\Z")


def is_blank(content: str) -> bool:
    """Whether cleaned markup shows neither words nor pictures; its page says so in a sentence."""
    return _BLANK.match(content) is not None


def text_pages(work: Work) -> TextPages:
    """The pages of the open text.

    Raises:
        RenditionError: it cannot be read. ServingError: its bytes cannot be had.
    """
    return renditions().text_pages(work.held_item())


def shown(found: TextPages, number: int, work: Work) -> Markup:
    """One of its pages, from 1, with those of its pictures that the work holds.

    Raises:
        RenditionError: it is not what such pages are made of.
    """
    return Markup(addressed(found.page(number), figure_urls(work)))  # noqa: S704 - checked against a closed list
