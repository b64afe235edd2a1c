"""One line of the results: title with marks, who, when, what, why it matched, how it may be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for
from markupsafe import Markup, escape

from appliance.web.cards import (
    MOST_NAMES,
    catalogue_tag,
    creator_text,
    creators_text,
    has_picture,
    parts_text,
    plugged_tag,
    title_language,
    type_name,
)
from appliance.web.context import gate, library, words
from appliance.web.covers import Cover, cover_of
from appliance.web.heading_addresses import creator_url
from appliance.web.inside import contents_url, excerpts_of, place_url, place_words, read_of
from appliance.web.readers_issues import date_of_record
from appliance.web.readers_work import SERIALS
from appliance.web.usable import can_be_opened, opens
from appliance.web.wishes import Offer, offer_for
from indexer.analysis import title_key

if TYPE_CHECKING:
    from appliance.library.model import Held, Hit
    from appliance.web.inside import InsideFound
    from appliance.web.query import SearchAddress
    from indexer.model import ContentsEntry, Resource
    from indexer.search_request import Collapsed, Marks
    from indexer.search_request import Hit as Explained
    from indexer.sections_search import Excerpt

_MAX_EXTENT = 24


@dataclass(frozen=True, slots=True)
class HitLine:
    """A hit ready to be shown.

    Attributes:
        url: of its page. title: with `<mark>` round what matched. language: of the title when not the page's.
        about: who, each with a link, what, when. why: in which part it matched, empty when nothing stands out.
        excerpt: that part.
        tag: how it may be used. extent: how much there is. away: whether a drive has to be plugged in for it.
        by_sound: whether the query is its pinyin. alike: whether only words of like meaning find it.
        within: what the line stands for, in a few words; empty for a resource alone.
        ways: (words, address) of the best of them and of all.
        place: the same of the best place in its text, when only that matched.
        bare: whether it is an entry of the catalogue and nothing more.
        offer: what asks for it, when it is.
    """

    url: str
    title: Markup
    language: str
    about: Markup
    why: str
    excerpt: Markup
    tag: str
    extent: str
    cover: Cover
    within: str = ""
    ways: tuple[tuple[str, str], ...] = ()
    place: tuple[str, str] | None = None
    away: bool = False
    bare: bool = False
    by_sound: bool = False
    alike: bool = False
    offer: Offer | None = None


def hit_lines(answer: InsideFound, address: SearchAddress) -> list[HitLine]:
    """Lines for the hits that the gate lists for this reader, in order; `address` is that of the search."""
    found, inside = answer.found, excerpts_of(answer)
    explained = {hit.resource.id: hit for hit in found.result.hits}
    listed = (hit for hit in found.hits if gate(hit.held.resource).listed)
    lines = (_line(hit, explained.get(hit.held.resource.id), address, inside) for hit in listed)
    return [line for line in lines if line is not None]


def _line(
    hit: Hit, explained: Explained | None, address: SearchAddress, inside: Mapping[str, Excerpt]
) -> HitLine | None:
    place = inside.get(hit.held.resource.id)
    if place is not None and not place.marks:
        return None  # a text that was not compared before holds the words in another order
    held, spoken = hit.held, words()
    used = _read_as(held, hit.collapsed)
    resource = held.resource
    kind = type_name(resource)
    why = spoken.label(f"why.{_why(hit, explained)}") if spoken.has_label(f"why.{_why(hit, explained)}") else ""
    if explained is not None and explained.alike:
        why = spoken.label("why.alike", words=spoken.label("list.join").join(explained.alike))
    line = hit.collapsed
    many = spoken.label(f"members.{line.level}", count=line.total) if line else resource.designation
    about = (creators_links(resource), kind, many, date_text(resource), languages_text(resource))
    tag = use_tag(used)
    return HitLine(
        url=url_for("patrons.detail", resource_id=resource.id),
        title=marked(resource.title, explained.marks if explained else ()),
        language=title_language(resource),
        about=Markup(" · ").join(part for part in about if part),
        why=why,
        excerpt=marked(place.text, place.marks) if place is not None else excerpt_of(hit, explained),
        place=_place(explained, place, address.q) if explained is not None and place is not None else None,
        tag=tag,
        bare=(bare := tag == catalogue_tag()),
        offer=offer_for(held, gate(resource)) if bare else None,
        by_sound=hit.why == "pinyin",
        alike=explained is not None and explained.alike is not None,
        away=not (used.available or used.catalogue_only),
        extent=resource.extent if len(resource.extent) <= _MAX_EXTENT else "",
        cover=cover_of(resource, note=kind, language=title_language(resource), pictured=has_picture(held)),
        within=_within(line) if line else "",
        ways=_ways(line, address) if line else (),
    )


def _why(hit: Hit, explained: Explained | None) -> str:
    """Where it matched, by what can be shown: `text` is the description and all else that the record says."""
    if hit.why != "text":
        return hit.why
    return "description" if explained is not None and explained.snippet else "record"


def _place(explained: Explained, place: Excerpt, query: str) -> tuple[str, str] | None:
    """正文第 3 页有“…”, and where that is opened."""
    url = place_url(read_of(explained), place)
    return (place_words(place, query), url) if url else None


def _read_as(held: Held, line: Collapsed | None) -> Held:
    """What the line is used as: a serial without files of its own as its best issue."""
    if line is None or not held.catalogue_only:
        return held
    return next(iter(library().held(line.best[:1])), held)


def _within(line: Collapsed) -> str:
    """其中 46 期相符; nothing where all of them match."""
    return words().label(f"members.{line.level}_match", count=line.count) if line.count < line.total else ""


def _ways(line: Collapsed, address: SearchAddress) -> tuple[tuple[str, str], ...]:
    """The best of what matched, each by its own name, and all that matched."""
    best = [
        (part.designation or part.title, url_for("patrons.detail", resource_id=part.id))
        for part in line.best
        if gate(part).listed
    ]
    serial = line.best[0]
    if line.level == "issue" and serial.type in SERIALS and line.total > len(line.best):
        by_date = url_for("readers.issues", resource_id=serial.parent, year=date_of_record(serial)[0] or None)
        best.append((words().label("reader.by_date"), by_date))
    if line.count <= len(line.best):
        return tuple(best)
    all_ = words().label(f"members.{line.level}_all", count=line.count)
    return (*best, (all_, address.url(within=line.best[0].parent, page="")))


def creators_links(resource: Resource) -> Markup:
    """Who made it, each with a link to all that they made; the printed statement when no names were found in it."""
    if not resource.creators:
        return escape(creators_text(resource))
    spoken = words()
    names = [
        Markup('<a class="hit__who" href="{}">{}</a>').format(creator_url(creator.name), creator_text(creator))
        if title_key(creator.name)
        else escape(creator_text(creator))
        for creator in resource.creators[:MOST_NAMES]
    ]
    joined = escape(spoken.label("list.join")).join(names)
    return joined + (spoken.label("list.more") if len(resource.creators) > MOST_NAMES else "")


def marked(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """`text` escaped, with `<mark>` round the spans; overlapping or impossible spans are left out."""
    out, end = Markup(), 0
    for start, stop in sorted(spans):
        if start < end or stop > len(text) or start >= stop:
            continue
        out += escape(text[end:start]) + Markup("<mark>") + escape(text[start:stop]) + Markup("</mark>")
        end = stop
    return out + escape(text[end:])


def excerpt_of(hit: Hit, explained: Explained | None) -> Markup:
    """What stands at the place that matched, marked; empty when the title says it already."""
    resource = hit.held.resource
    if hit.why == "subject":
        return escape(words().label("list.join").join(resource.subjects[:6]))
    if explained is not None and explained.snippet:
        return marked(explained.snippet, explained.snippet_marks)
    if explained is not None and explained.entry is not None:
        return _contents_line(read_of(explained), explained.entry, explained.entry_marks)
    return Markup()


def _contents_line(record: Resource, entry: ContentsEntry, marks: Marks) -> Markup:
    """A line of the contents, which leads to its place where it can be read now."""
    text = marked(entry.title, marks)
    may = gate(record).allowed and any(held.available for held in library().held([record]))
    url = contents_url(record, entry.target, {item.id for item in record.items if opens(item)}) if may else ""
    return Markup('<a href="{}">{}</a>').format(url, text) if url else text


def date_text(resource: Resource) -> str:
    """When it is from: as printed, else the years."""
    date = resource.date
    if date.printed:
        return date.printed
    if date.year_from is None:
        return date.dynasty
    return str(date.year_from) if date.year_from == date.year_to else f"{date.year_from}–{date.year_to or ''}"


def languages_text(resource: Resource) -> str:
    """Languages other than the page's own, in readers' words."""
    spoken = words()
    tags = [tag for tag in resource.language if tag != spoken.language and tag not in {"und", "zxx"}]
    names = [spoken.label(f"language.{tag}") for tag in tags if spoken.has_label(f"language.{tag}")]
    return spoken.label("list.join").join(names[:2])


def use_tag(held: Held) -> str:
    """How it may be used, in a few words: 可下载, 仅限馆内阅览, 仅有目录, 这里打不开, 硬盘未接."""
    spoken, resource, decision = words(), held.resource, gate(held.resource)
    if held.catalogue_only or decision.reason == "rights.catalogue_only":
        return parts_text(held) or catalogue_tag()
    if not can_be_opened(resource, download=decision.download):
        return spoken.label("tag.closed")
    if not held.available:
        return plugged_tag(held)
    if resource.access.scope == "premises":
        return spoken.label("tag.premises")
    if not decision.allowed:
        return spoken.label("tag.not_now")
    return spoken.label("tag.download") if decision.download else spoken.label("tag.online")
