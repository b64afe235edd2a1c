"""责任者 and 主题: lists from A to Z with counts, and the page of one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.errors import BusyError
from appliance.web.browse import SHELF_SIZE, page_number
from appliance.web.cards import cards_of
from appliance.web.context import SEARCH_AWAY, discovery, say, words
from appliance.web.heading_addresses import creator_url, search_url, subject_url
from appliance.web.paging import pages
from appliance.web.patrons import blueprint
from indexer.analysis import title_key
from indexer.headings import INITIALS

if TYPE_CHECKING:
    from appliance.library.discovery import Named
    from indexer.creators import Person
    from indexer.model import Resource

NAMES_SHOWN = 60
WORKS_SHOWN = 12
_PEERS_SHOWN = 12
_LONGEST_NAME = 100
Link = tuple[str, str]


@blueprint.get("/browse/creators")
def creators() -> Response:
    """All whose works are here, by the first letter of their sound, the most works first."""
    return _names("creator", "patrons.creators", creator_url)


@blueprint.get("/browse/subjects")
def subjects() -> Response:
    """All subjects, likewise."""
    return _names("subject", "patrons.subjects", subject_url)


def _names(kind: str, endpoint: str, url: Callable[[str], str]) -> Response:
    letter, number = request.args.get("letter", ""), page_number(request.args.get("page", ""))
    if letter and letter not in INITIALS:
        abort(404)
    try:
        letters = discovery().letters(kind)
        found = discovery().names(kind, letter, number if letter else 1, NAMES_SHOWN)
    except SEARCH_AWAY as error:
        return preparing(error)
    body = render_template(
        "names.html",
        title=words().label(f"browse.{kind}s"),
        letter=letter,
        letters=[(name, url_for(endpoint, letter=name)) for name in letters],
        all_url=url_for(endpoint),
        names=[(h.name, h.count, url(h.name)) for h in found.headings],
        pages=pages(
            number, found.total, NAMES_SHOWN, lambda n: url_for(endpoint, letter=letter, page=n if n > 1 else None)
        )
        if letter
        else None,
        empty=say("patron.shelf.empty"),
    )
    return make_response(body)


@blueprint.get("/creators/<path:name>")
def creator(name: str) -> Response:
    """The works of one creator, by type and time, with those who worked along."""
    who = request.args.get("who", "")[:_LONGEST_NAME]
    try:
        found = discovery().works_of(name[:_LONGEST_NAME], who, WORKS_SHOWN)
    except SEARCH_AWAY as error:
        return preparing(error)
    if found is None:
        return _elsewhere("creator", name)
    named, works = found
    groups = [
        {
            "title": words().label(f"type.{group.type}") if group.type else words().label("type.other"),
            "count": group.count,
            "cards": cards_of(group.held),
            "url": search_url("creator", named.name, type=group.type, sort="year") if group.type else "",
        }
        for group in works
    ]
    body = render_template(
        "creator.html",
        named=named,
        title=_title(named),
        persons=_persons(named) if len(named.persons) > 1 else [],
        groups=[group for group in groups if group["cards"]],
        along=_links(_others(named, lambda record: (c.name for c in record.creators)), creator_url),
        about=_links(_counted(named, lambda record: record.subjects), subject_url),
        search=search_url("creator", named.name),
        back=url_for("patrons.creators"),
    )
    return make_response(body)


@blueprint.get("/subjects/<path:name>")
def subject(name: str) -> Response:
    """What is on one subject, the newest first, with the subjects and creators that go with it."""
    number = page_number(request.args.get("page", ""))
    first = (number - 1) * SHELF_SIZE
    if first >= _LAST_SHOWN:
        abort(404)
    try:
        found = discovery().on_subject(name[:_LONGEST_NAME], first, first + SHELF_SIZE)
    except SEARCH_AWAY as error:
        return preparing(error)
    if found is None:
        return _elsewhere("subject", name)
    named, held = found
    total = min(named.count, _LAST_SHOWN)
    body = render_template(
        "subject.html",
        named=named,
        cards=cards_of(held),
        pages=pages(
            number, total, SHELF_SIZE, lambda n: url_for("patrons.subject", name=named.name, page=n if n > 1 else None)
        ),
        beside=_links(_others(named, lambda record: record.subjects), subject_url),
        creators=_links(_counted(named, lambda record: (c.name for c in record.creators)), creator_url),
        search=search_url("subject", named.name),
        back=url_for("patrons.subjects"),
    )
    return make_response(body)


_LAST_SHOWN = 100 * SHELF_SIZE
"""Resources of a subject that its page leads to; all of them are found by search."""


def preparing(error: Exception) -> Response:
    """What shelves show while search is being made: the ways that do without it.

    Raises:
        BusyError: nothing is being made, too many ask at once; that has a page of its own.
    """
    if isinstance(error, BusyError):
        raise error
    body = render_template(
        "shelf.html",
        title=words().label("browse.title"),
        cards=[],
        empty=say("patron.search.preparing", minutes=1),
        number=1,
        previous="",
        next="",
        subtypes=[],
        path=[],
        below=[],
    )
    response = make_response(body, 503)
    response.headers["Retry-After"] = "60"
    return response


def _elsewhere(kind: str, name: str) -> Response:
    """Nothing is shown under a name: a search for it, whose page is never empty."""
    if not title_key(name):
        abort(404)
    answer: Response = redirect(search_url(kind, name[:_LONGEST_NAME]), 303)
    return answer


def _persons(named: Named) -> list[dict[str, Any]]:
    """Those of one name, each with what tells it apart."""
    return [
        {
            "text": person_text(person) or words().label("browse.untold"),
            "count": count,
            "url": creator_url(named.name, person.dates or person.dynasty) if person.told else "",
            "on": person == named.person,
        }
        for person, count in named.persons
    ]


def person_text(person: Person) -> str:
    """唐, 1881-1936, or both; empty when the records say nothing."""
    return "，".join(part for part in (person.dynasty, person.dates) if part)


def _title(named: Named) -> str:
    """The name, with what tells the person from others where one person is meant."""
    person = named.person or (named.persons[0][0] if len(named.persons) == 1 else None)
    about = person_text(person) if person is not None else ""
    return f"{named.name}（{about}）" if about else named.name


def _counted(named: Named, values: Callable[[Resource], Iterable[str]]) -> list[str]:
    """The commonest values of some works, each way of writing once."""
    written: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for record in named.peers:
        own = {title_key(value): value for value in values(record)}
        counts.update(own.keys())
        written = {**own, **written}
    return [written[key] for key, _ in counts.most_common(_PEERS_SHOWN)]


def _others(named: Named, values: Callable[[Resource], Iterable[str]]) -> list[str]:
    """The same without the name itself, however it is written."""
    own = title_key(named.name)
    return _counted(named, lambda record: (value for value in values(record) if title_key(value) != own))


def _links(names: Iterable[str], url: Callable[[str], str]) -> list[Link]:
    return [(name, url(name)) for name in names if title_key(name)]
