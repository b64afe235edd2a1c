"""地区: what there is about a province, a prefecture, a county; the library's own stands first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import abort, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.web.browse_names import preparing
from appliance.web.context import SEARCH_AWAY, discovery, say, words
from appliance.web.heading_addresses import search_url
from appliance.web.patrons import blueprint
from appliance.web.place_names import home_place, is_place, place_text
from indexer.hierarchy import place_levels

if TYPE_CHECKING:
    from indexer.search_tallies import Tally

Entry = tuple[str, int, str]
"""What it is called, how many, the address."""


@blueprint.get("/browse/places")
def places() -> Response:
    """Provinces that something is about; with `in` what lies in one of them, or in a prefecture."""
    within = request.args.get("in", "")
    if within and not (is_place(within) and place_text(within)):
        abort(404)
    try:
        found = discovery().places()
    except SEARCH_AWAY as error:
        return preparing(error)
    spoken, held = words(), _Places(found)
    if within:
        groups = [("", [*held.whole(within), *held.below(within)])]
    else:
        here = [one for code in reversed(place_levels(home_place())) for one in held.entry(code)]
        groups = [
            (spoken.label("browse.local"), here),
            (spoken.label("browse.provinces") if here else "", held.below("")),
        ]
    body = render_template(
        "tally.html",
        title=place_text(within) or spoken.label("browse.by_place"),
        path=_path(within),
        groups=[(name, entries) for name, entries in groups if entries],
        exact=found.exact,
        back=url_for("patrons.browse"),
        empty=say("patron.shelf.empty"),
    )
    return make_response(body)


def _in(code: str) -> str:
    values: dict[str, Any] = {"in": code}
    return url_for("patrons.places", **values)


class _Places:
    """Places that something is about, as a tree of those that have a name; other levels are passed over."""

    def __init__(self, found: Tally) -> None:
        self._counts = {code: count for code, count in found.counts.items() if count and place_text(code)}
        self._below: dict[str, list[str]] = {}
        for code in sorted(self._counts):
            above = [level for level in place_levels(code) if level != code and place_text(level)]
            self._below.setdefault(above[-1] if above else "", []).append(code)

    def entry(self, code: str) -> list[Entry]:
        """A place, leading to what lies in it where something does, else to a search for it; none for nothing."""
        if code not in self._counts:
            return []
        url = _in(code) if self._below.get(code) else search_url("place", code)
        return [(place_text(code), self._counts[code], url)]

    def below(self, within: str) -> list[Entry]:
        """What lies next below a place, in the order of the codes."""
        return [one for code in self._below.get(within, []) for one in self.entry(code)]

    def whole(self, code: str) -> list[Entry]:
        """All about a place: a search for it."""
        text = words().label("browse.all_of_place", name=place_text(code))
        return [(text, self._counts[code], search_url("place", code))] if code in self._counts else []


def _path(within: str) -> list[tuple[str, str]]:
    """The places above one, each with its address."""
    if not within:
        return []
    above = [code for code in place_levels(within) if code != within and place_text(code)]
    top = (words().label("browse.by_place"), url_for("patrons.places"))
    return [top, *((place_text(code), _in(code)) for code in above)]
