"""Sound and film: the parts of a work with their files, captions, chapters, transcripts, peaks; the player's page."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from flask import abort, make_response, request, url_for

from appliance.errors import ServingError
from appliance.web.bytes import inert
from appliance.web.cards import creators_text
from appliance.web.context import say, words
from appliance.web.covers import cover_of
from appliance.web.detail_rows import form_name
from appliance.web.display import current_display
from appliance.web.errors import Refused
from appliance.web.readers_beside import Beside, names_chapters
from appliance.web.readers_captions import CAPTION_TYPES, MAX_BYTES, MAX_CHAPTER_BYTES, as_webvtt, chapters_of
from appliance.web.readers_words import reader_words
from appliance.web.readers_work import Work, open_work, renditions, url_for_item
from appliance.web.usable import closed_sentence, flag_of, kind_of_item
from indexer.errors import IndexFormatError
from indexer.peaks import MAX_BYTES as MAX_PEAKS_BYTES
from indexer.peaks import PEAKS_TYPE, dump_peaks, load_peaks
from packager.format.layout import CHUNK
from provisioning.words import numbers

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from indexer.model import Item

_log = logging.getLogger(__name__)

MAX_PARTS = 1000
"""Parts that one page lists; more are reached by their own address."""
SPEEDS = ("0.75", "1", "1.25", "1.5", "2")
SLEEP_MINUTES = (10, 20, 30, 60)
_MAX_CHAPTERS = 500
_MOST_FILES = 60
"""Files of chapters that one page reads; a work with more of them brings its chapters in its contents."""
_log = logging.getLogger(__name__)
_YEAR = "private, max-age=31536000, immutable"
_CLOCK = re.compile(r"(?:t=)?(?:(\d{1,3}):)??(?:(\d{1,3}):)?(\d{1,6})(?:\.\d{1,6})?s?\Z")


def media_values(work: Work) -> dict[str, Any]:
    """What the player's page needs: every part with its files, the open one's place, the words of the scripts."""
    parts = _parts(work)
    current = _current(work, parts)
    series = "course" if work.resource.type == "course" else work.kind
    around = Beside(work)
    described = [_described(work, around, part, number, series) for number, part in enumerate(parts, 1)]
    start = seconds_of(request.args.get("at", ""))
    opened = described[current]
    if start:
        opened = {**opened, "sources": [{**s, "url": f"{s['url']}#t={start}"} for s in opened["sources"]]}
    cover = work.resource.cover
    picture = url_for("items.cover", resource_id=work.resource.id) if cover else ""
    return {
        "playlist": described,
        "opened": opened,
        "series": series,
        "clock": numbers.position,
        "speeds": SPEEDS,
        "sleeps": SLEEP_MINUTES,
        "by": creators_text(work.resource),
        "length": _length(parts, series),
        "poster": picture if work.kind == "video" else "",
        "cover": cover_of(work.resource, language=work.language, pictured=bool(cover))
        if work.kind == "audio"
        else None,
        "settings_json": {
            "kind": work.kind,
            "series": series,
            "resource": work.resource.id,
            "title": work.resource.title,
            "by": creators_text(work.resource),
            "cover": picture,
            "parts": described,
            "current": current,
            "asked": not work.is_default or bool(start),
            "start": start,
            "chunk": CHUNK,
            "language": words().language,
            "similar": url_for("patrons.browse"),
            "words": reader_words(words(), current_display().gate_face),
        },
    }


def captions(resource_id: str, item_id: str) -> Response:
    """The captions of an item as WebVTT, whatever form they were packed in."""
    work = open_work(resource_id, item_id, role="caption")
    if work.item.media_type not in CAPTION_TYPES:
        abort(404)
    content = renditions().source(work.held_item()).read_at(0, min(work.item.size, MAX_BYTES))
    response = inert(make_response(as_webvtt(content)))
    response.headers["Content-Type"] = "text/vtt; charset=utf-8"
    response.headers["Cache-Control"] = _YEAR
    return response


def peaks(resource_id: str, item_id: str) -> Response:
    """The peaks of a recording; 404 when they are out of the bounds that the format sets."""
    work = open_work(resource_id, item_id, role="peaks")
    if work.item.size > MAX_PEAKS_BYTES:
        abort(404)
    try:
        found = load_peaks(renditions().source(work.held_item()).read_at(0, work.item.size))
    except IndexFormatError as error:
        _log.warning("peaks %s: %s", work.item.id, error)
        abort(404)
    response = inert(make_response(dump_peaks(found)))
    response.headers["Content-Type"] = PEAKS_TYPE
    response.headers["Cache-Control"] = _YEAR
    return response


def seconds_of(place: str) -> int:
    """A place in a recording in whole seconds: 725, 12:05, 1:02:05, t=725; 0 for anything else."""
    match = _CLOCK.match(place.strip())
    if match is None:
        return 0
    hours, minutes, seconds = (int(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds


def _parts(work: Work) -> list[Item]:
    """What plays in turn; of an alternate that stands for a part, the parts."""
    parts = [i for i in work.resource.items if i.role == "part" and kind_of_item(i) == work.kind]
    known = {part.id for part in parts}
    if work.item.id in known or work.item.of in known:
        return parts[:MAX_PARTS]
    return list(work.siblings[:MAX_PARTS])


def _current(work: Work, parts: list[Item]) -> int:
    for number, part in enumerate(parts):
        if part.id in {work.item.id, work.item.of}:
            return number
    parts[:] = [work.item, *parts[: MAX_PARTS - 1]]
    return 0


def _described(work: Work, around: Beside, part: Item, number: int, series: str) -> dict[str, Any]:
    """One part for the page and its scripts."""
    spoken, resource = words(), work.resource
    alternates = [i for i in around.of(part, "alternate") if kind_of_item(i) == work.kind and i.id != part.id]
    # Who asks for the other form of a part gets it first; what most browsers cannot play comes last.
    sources = sorted([part, *alternates], key=lambda i: (not i.usable, i.id != work.item.id))
    closed = "" if any(i.usable for i in sources) else flag_of(part)
    beside, own = around.of(part, "caption"), {part.id, *(i.id for i in alternates)}
    return {
        "id": part.id,
        "label": part.label or spoken.label(f"reader.{series}_n", n=number),
        "page": url_for("readers.read", resource_id=resource.id, item=part.id),
        "duration": part.duration,
        "time": numbers.position(part.duration) if part.duration else "",
        "closed": spoken.label(f"flag.{closed}") if closed else "",
        "closed_text": say(closed_sentence(part)).text if closed else "",
        "sources": [
            {"url": url_for_item(i), "type": i.media_type, "name": form_name(i), "size": i.size} for i in sources
        ],
        "tracks": [_track(work, i) for i in beside if i.media_type in CAPTION_TYPES],
        "transcripts": [
            {
                "url": url_for("readers.text", resource_id=resource.id, n=1, item=i.id),
                "label": i.label if i.label and i.label != part.label else spoken.label("reader.transcript"),
            }
            for i in around.of(part, "transcript")
            if kind_of_item(i) == "text"
        ],
        "peaks": _peaks_url(work, around, own),
        "chapters": _chapters(work, around, beside, own),
    }


def _chapters(work: Work, around: Beside, beside: list[Item], own: set[str]) -> list[dict[str, Any]]:
    """The chapters of a part: those of the record's contents, else the cues of its file of chapters.

    `own` are the ids of the part and of its other forms: contents may name any of them.
    """
    entries = [
        {"title": title, "start": seconds_of(place)} for title, place in around.lines(own) if _CLOCK.match(place)
    ]
    named = next((i for i in beside if names_chapters(i) and i.media_type in CAPTION_TYPES), None)
    if entries or named is None or around.files_of_chapters > _MOST_FILES:
        return entries
    try:
        content = renditions().source(work.held_item(named)).read_at(0, min(named.size, MAX_CHAPTER_BYTES))
    except (ServingError, Refused) as error:
        _log.warning("chapters %s: %s", named.id, error)
        return []
    return [{"title": title, "start": start} for start, title in chapters_of(content)[:_MAX_CHAPTERS]]


def _peaks_url(work: Work, around: Beside, own: set[str]) -> str:
    """Where the peaks of a part, or of another form of it, are; empty when there are none."""
    item = around.first("peaks", own)
    if item is None or work.kind != "audio":
        return ""
    return url_for("readers.peaks", resource_id=work.resource.id, item_id=item.id, v=item.sha256[:16])


def _track(work: Work, item: Item) -> dict[str, str]:
    spoken = words()
    chapters = names_chapters(item)
    language = item.language or next(iter(work.resource.language), "zh")
    name = f"language.{language}"
    label = item.label if item.label and item.label != item.language else ""
    return {
        "url": url_for("readers.captions", resource_id=work.resource.id, item_id=item.id, v=item.sha256[:16]),
        "kind": "chapters" if chapters else "captions",
        "language": language,
        "label": label or (spoken.label(name) if spoken.has_label(name) else spoken.label("reader.subtitles")),
    }


def _length(parts: list[Item], series: str) -> str:
    """How many parts there are and how long they play, as far as both are worth saying."""
    spoken, said = words(), []
    if len(parts) > 1:
        said.append(spoken.label(f"reader.{series}_count", count=len(parts)))
    if all(part.duration for part in parts):
        said.append(
            spoken.label(
                "reader.plays", duration=numbers.duration(sum(part.duration for part in parts), spoken.language)
            )
        )
    return spoken.label("reader.credit_join").join(said)
