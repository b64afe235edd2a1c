"""What a resource consists of, row by row: its editions, lectures, volumes, a hundred to a page; and its contents."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from appliance.web.context import words
from appliance.web.display import current_display
from appliance.web.inside import contents_url
from appliance.web.paging import Pages, pages
from appliance.web.usable import PLAYED, flag_of, ids_with_usable_form, kind_of_item, opens
from indexer.model import UNUSABLE_FLAGS
from provisioning.words import numbers

if TYPE_CHECKING:
    from indexer.access import Decision
    from indexer.model import Item, Resource

ROWS_SHOWN = 100
CONTENTS_SHOWN = 200
_TRIED = 200
"""Rows among which the main button looks for one that opens."""


@dataclass(frozen=True, slots=True)
class Row:
    """One edition, lecture or volume.

    Attributes:
        name: what readers call it. meta: form, length, size. language: of the name when not the page's.
        open_url: where it is read, empty when it cannot be now. verb: the words on that button.
        download_url: where it is saved, empty when it may not be. damaged: whether it was found damaged here.
        closed: why it does not open: 带锁，打不开; 硬盘未接; empty when nothing is known against it.
    """

    name: str
    meta: str
    language: str
    open_url: str
    verb: str
    download_url: str
    damaged: bool
    closed: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the contents: its number from 1, its title, where it leads (empty when nowhere)."""

    number: int
    title: str
    url: str


def form_name(item: Item) -> str:
    """EPUB, PDF, MP3 …: the form in a word."""
    spoken = words()
    media = item.media_type.partition(";")[0]
    for key in (f"media.{media}", f"media.{media.partition('/')[0]}"):
        if spoken.has_label(key):
            return spoken.label(key)
    return spoken.label("media.other")


def length_text(seconds: int) -> str:
    """A playing time, empty when unknown."""
    return numbers.position(seconds) if seconds else ""


class Editions:
    """What can be opened: page images together as one row, originals in order, other forms after them.

    The record is looked through once; rows are made for those that a page shows.

    Attributes:
        count: how many rows there are. parts: how many of them are originals.
        rows: those of the page that the address names by `files=`. pages: the ways to the others, None when all show.
    """

    def __init__(
        self, record: Resource, decision: Decision, damaged: AbstractSet[str], lacking: AbstractSet[str]
    ) -> None:
        """Look through the files of a resource.

        Args:
            record: the resource.
            decision: the gate's answer.
            damaged: items that were found damaged on a drive.
            lacking: items whose drive is not plugged in.
        """
        parts = [i for i in record.items if i.role == "part"]
        self._record, self._decision, self._damaged, self._lacking = record, decision, damaged, lacking
        self._images = [i for i in record.items if i.role == "page"]
        self._files = parts + [i for i in record.items if i.role == "alternate"]
        self._with_usable_form = ids_with_usable_form(record)
        self._images_rows = 1 if self._images else 0
        self.count, self.parts = len(self._files) + self._images_rows, len(parts)
        number, self.pages = _stretch("files", record, self.count, ROWS_SHOWN)
        self.rows = self._between((number - 1) * ROWS_SHOWN, number * ROWS_SHOWN)

    def first(self) -> list[Row]:
        """The first rows, whichever page is shown: what the main button chooses among."""
        return self.rows if self.pages is None else self._between(0, _TRIED)

    def _between(self, start: int, end: int) -> list[Row]:
        before = self._images_rows
        made = [self._row(item) for item in self._files[max(0, start - before) : max(0, end - before)]]
        return [self._images_row(), *made] if before and start == 0 else made

    def _row(self, item: Item) -> Row:
        spoken, flag, bad, here = words(), flag_of(item), item.id in self._damaged, item.id not in self._lacking
        child = current_display().face == "child"
        usable = self._decision.allowed and here
        closed = f"flag.{flag}" if flag else "" if here else "tag.not_plugged_child" if child else "tag.not_plugged"
        form = form_name(item)
        about = (
            form if item.label else "",
            spoken.label("detail.pages", count=item.pages) if item.pages else "",
            length_text(item.duration),
            spoken.size(item.size),
            *(spoken.label(f"flag.{other}") for other in item.flags if other not in UNUSABLE_FLAGS),
        )
        # What hardly plays may be tried, when there is nothing better.
        tried = flag == "codec-unplayable" and item.id not in self._with_usable_form
        opened = url_for("readers.read", resource_id=self._record.id, item=item.id, anyway=1 if tried else None)
        saved = usable and self._decision.download and not bad
        verb = "detail.play" if kind_of_item(item) in PLAYED else "detail.open"
        if kind_of_item(item) in {"epub", "pdf", "text"}:
            verb = "detail.read_short"
        return Row(
            name=item.label or form,
            meta=" · ".join(part for part in about if part),
            language=item.language if item.language and item.language != spoken.language else "",
            open_url=opened if usable and not bad and (tried or opens(item)) else "",
            verb=spoken.label("detail.try" if tried else verb),
            download_url=url_for("items.download", item_id=item.id) if saved else "",
            damaged=bad,
            closed=spoken.label(closed) if closed else "",
        )

    def _images_row(self) -> Row:
        spoken, images = words(), self._images
        bad = all(image.id in self._damaged for image in images)
        usable = self._decision.allowed and not any(image.id in self._lacking for image in images)
        about = (spoken.label("detail.pictures", count=len(images)), spoken.size(sum(image.size for image in images)))
        opened = url_for("readers.read", resource_id=self._record.id, item=images[0].id)
        return Row(
            name=spoken.label("role.page"),
            meta=" · ".join(about),
            language="",
            open_url=opened if usable and not bad else "",
            verb=spoken.label("detail.view"),
            download_url="",
            damaged=bad,
        )


def contents_of(record: Resource) -> tuple[list[Line], Pages | None]:
    """The lines of the contents on the page that the address names by `contents=`, and the ways to the others."""
    number, leaves = _stretch("contents", record, len(record.contents), CONTENTS_SHOWN)
    start, known = (number - 1) * CONTENTS_SHOWN, {item.id for item in record.items}
    shown = enumerate(record.contents[start : start + CONTENTS_SHOWN], start + 1)
    return [Line(n, entry.title, contents_url(record, entry.target, known)) for n, entry in shown], leaves


def _stretch(name: str, record: Resource, count: int, size: int) -> tuple[int, Pages | None]:
    """The page of a long list that the address names, from 1, and the ways to its pages; None of a short list."""
    if count <= size:
        return 1, None
    number = min(max(request.args.get(name, default=1, type=int), 1), -(-count // size))
    kept = {other: request.args.get(other) for other in ("files", "contents", "parts", "from") if other != name}

    def url(n: int) -> str:
        here: dict[str, Any] = {**kept, name: n if n > 1 else None}
        return url_for("patrons.detail", resource_id=record.id, **here) + f"#{name}"

    return number, pages(number, count, size, url)
