"""The readers of pictures: scans as books, and pictures in a dark hall. Both get one compact list of their pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from appliance.web.cards import creators_text
from appliance.web.context import words
from appliance.web.display import current_display
from appliance.web.readers_frames import Frames
from appliance.web.readers_neighbours import neighbours_of
from appliance.web.readers_words import reader_words
from appliance.web.readers_work import PICTURE_POLICY, Work, answer

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

MAX_CONTENTS = 3000
"""Lines of a table of contents that are shown."""
_LONGEST_NUMBER = 6


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table of contents: its title, its picture (0 when it is none of these), and where it leads."""

    title: str
    number: int
    url: str


def pictures(work: Work) -> Response:
    """The reader of a work of pictures; `?item=` and `?page=` say where it opens.

    Raises:
        Refused: no drive that carries the open file is plugged in.
    """
    work.held_item()
    frames = Frames(work)
    neighbours = neighbours_of(work)
    first = _asked(frames)
    simple = frames.simple_url(first or 1)
    settings: dict[str, Any] = {
        # One place is remembered for the whole sequence, whichever of its files was asked for.
        "item": frames[1].item.id,
        "title": work.resource.title,
        "pictures": frames.to_json(),
        "first": first,
        "paged": frames.paged,
        "rtl": work.right_to_left,
        "credit": credit(work),
        "detail": url_for("patrons.detail", resource_id=work.resource.id),
        "similar": url_for("patrons.browse"),
        "simple": simple,
        "self": url_for("readers.read", resource_id=work.resource.id, item=frames.item_argument),
        "previous": neighbours.previous.url if neighbours and neighbours.previous else "",
        "next": neighbours.next.url if neighbours and neighbours.next else "",
        "language": words().language,
        "words": reader_words(words(), current_display().gate_face),
    }
    return answer(
        "readers/scan.html" if frames.paged else "readers/picture.html",
        PICTURE_POLICY,
        work,
        total=len(frames),
        lines=_lines(work, frames),
        neighbours=neighbours,
        simple=simple,
        settings_json=settings,
    )


def _asked(frames: Frames) -> int:
    """The number of the picture that the address names, 0 when it names none: the only file is the work itself."""
    item_id = request.args.get("item", "") if len(frames.work.siblings) > 1 else ""
    page = page_number(request.args.get("page") or request.args.get("at") or "")
    return frames.number_of(item_id, page) if item_id or page else 0


def page_number(text: str) -> int:
    """The page that an address names, 0 when it is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else 0


def _lines(work: Work, frames: Frames) -> list[Line]:
    """The contents of the record; lines that lead into another file of the work lead to its reader."""
    own = {frames[number].item.id for number in range(1, len(frames) + 1)}
    all_items = {item.id for item in work.resource.items}
    lines = []
    for entry in work.resource.contents[:MAX_CONTENTS]:
        item_id, _, place = entry.target.partition("#")
        number = frames.number_of(item_id, page_number(place)) if item_id in own else 0
        url = ""
        if number or item_id in all_items:
            url = url_for("readers.read", resource_id=work.resource.id, item=item_id, page=place or None)
        lines.append(Line(entry.title, number, url))
    return lines or _names(work, frames)


def _names(work: Work, frames: Frames) -> list[Line]:
    """Pages that have names of their own, as those of a newspaper have: 第1版 要闻."""
    numbers = range(1, min(len(frames), MAX_CONTENTS) + 1) if frames.paged else ()
    # A bare number says no more than the count of pages does.
    named = [(n, frames[n]) for n in numbers if frames[n].page == 1 and not frames[n].label.isdecimal()]
    return [
        Line(frame.label, n, url_for("readers.read", resource_id=work.resource.id, item=frame.item.id))
        for n, frame in named
        if frame.label
    ]


def credit(work: Work) -> str:
    """Who made it, when, and what may be done with it: the line under a picture."""
    resource = work.resource
    parts = (creators_text(resource), resource.date.printed, resource.publisher, resource.rights)
    return words().label("reader.credit_join").join(part for part in parts if part)
