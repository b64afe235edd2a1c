"""报纸和期刊: each by its title, with its years, the calendar of its issues and the latest one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.web.browse import beside_asked, page_number
from appliance.web.cards import title_language
from appliance.web.context import SEARCH_AWAY, discovery, gate, library, say, words
from appliance.web.covers import cover_of
from appliance.web.patrons import blueprint
from appliance.web.readers_issues import date_of_record
from appliance.web.readers_work import SERIALS
from appliance.web.shelves import shelf

if TYPE_CHECKING:
    from appliance.library.discovery import Serial
    from appliance.library.model import Held

SERIALS_SHOWN = 20


@blueprint.get("/browse/serials")
def serials() -> Response:
    """Newspapers and journals in the order of their titles; `type` is one of them."""
    type_ = request.args.get("type", "")
    if type_ and type_ not in SERIALS:
        abort(404)
    number, beside = page_number(request.args.get("page", "")), beside_asked()
    if beside is None and number > _LAST_BY_NUMBER:
        abort(404)
    types = (type_,) if type_ else tuple(sorted(SERIALS, reverse=True))
    found = shelf(types, "", SERIALS_SHOWN + 1, (number - 1) * SERIALS_SHOWN, beside)
    backwards = beside is not None and beside.before
    shown = found[-SERIALS_SHOWN:] if backwards else found[:SERIALS_SHOWN]
    counts = library().counts()
    body = render_template(
        "serials.html",
        title=words().label("browse.serials"),
        types=[
            (words().label(f"type.{name}"), url_for("patrons.serials", type=name), name == type_)
            for name in sorted(SERIALS, reverse=True)
            if counts.get(name)
        ],
        lines=[_line(one) for one in _with_issues(shown)],
        previous=_url(type_, number - 1, before=shown[0].resource.id) if number > 1 and shown else "",
        next=_url(type_, number + 1, after=shown[-1].resource.id) if len(found) > SERIALS_SHOWN or backwards else "",
        number=number,
        empty=say("patron.shelf.empty"),
    )
    return make_response(body)


_LAST_BY_NUMBER = 500


def _url(type_: str, number: int, **beside: str) -> str:
    place: dict[str, Any] = {"page": number, **beside} if number > 1 else {}
    return url_for("patrons.serials", type=type_ or None, **place)


def _with_issues(shown: list[Held]) -> list[tuple[Held, Serial | None]]:
    """With their issues; while search is being made without."""
    listed = [held for held in shown if gate(held.resource).listed]
    try:
        return list(zip(listed, discovery().serials(listed), strict=True))
    except SEARCH_AWAY:
        return [(held, None) for held in listed]


def _line(entry: tuple[Held, Serial | None]) -> dict[str, Any]:
    held, serial = entry
    record, spoken = held.resource, words()
    latest = serial.latest if serial is not None else None
    several = serial is not None and serial.count > 1
    return {
        "url": url_for("patrons.detail", resource_id=record.id),
        "title": record.title,
        "language": title_language(record),
        "cover": cover_of(record, language=title_language(record), pictured=False),
        "about": " · ".join(
            part
            for part in (
                spoken.label(f"type.{record.type}"),
                _years(serial) if serial is not None else "",
                spoken.label("reader.issue_count", count=serial.count) if serial is not None and several else "",
                record.designation,
            )
            if part
        ),
        "latest": (latest.designation or latest.title, url_for("patrons.detail", resource_id=latest.id))
        if latest is not None and several
        else None,
        "calendar": url_for("readers.issues", resource_id=record.id, year=_year(latest) or None) if several else "",
    }


def _year(latest: Any) -> int:
    return date_of_record(latest)[0] if latest is not None else 0


def _years(serial: Serial) -> str:
    if serial.first is None or serial.last is None:
        return ""
    if serial.first == serial.last:
        return words().year(serial.first)
    return words().label("search.years", first=serial.first, last=serial.last)
