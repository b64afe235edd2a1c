"""年代与朝代: how much there is of each, leading on to searches by that filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import make_response, render_template, url_for
from werkzeug.wrappers import Response

from appliance.web.browse_names import preparing
from appliance.web.context import SEARCH_AWAY, discovery, say, words
from appliance.web.facets import value_text
from appliance.web.heading_addresses import search_url
from appliance.web.patrons import blueprint
from indexer.text.dynasties import find_dynasty

if TYPE_CHECKING:
    from indexer.search_tallies import Tally

PERIODS = (
    (-9999, 0),
    (1, 999),
    *((year, year + 99) for year in range(1000, 1900, 100)),
    *((year, year + 9) for year in range(1900, 2040, 10)),
)
"""Stretches of years that are counted: before our era, the first thousand years, centuries, decades since 1900."""

_NAMED = {(-9999, 0): "browse.before_our_era", (1, 999): "browse.first_thousand"}
_MOST = 120
Entry = tuple[str, int, str]
"""What it is called, how many, the address."""


@blueprint.get("/browse/times")
def times() -> Response:
    """Dynasties in their order, and years."""
    try:
        dynasties, years = discovery().dynasties(), discovery().years(PERIODS)
    except SEARCH_AWAY as error:
        return preparing(error)
    groups = [
        (words().label("browse.by_years"), _years(years)),
        (words().label("browse.by_dynasty"), _dynasties(dynasties)),
    ]
    return _page(words().label("browse.by_time"), groups, exact=dynasties.exact and years.exact)


def _page(title: str, groups: list[tuple[str, list[Entry]]], *, exact: bool) -> Response:
    body = render_template(
        "tally.html",
        title=title,
        groups=[(name, entries) for name, entries in groups if entries],
        exact=exact,
        back=url_for("patrons.browse"),
        empty=say("patron.shelf.empty"),
    )
    return make_response(body)


def _years(years: Tally) -> list[Entry]:
    """The newest first."""
    out = []
    for first, last in reversed(PERIODS):
        count = years.counts.get(f"{first}-{last}", 0)
        if count:
            key = _NAMED.get((first, last))
            text = words().label(key) if key else value_text("year", f"{first}-{last}")
            out.append((text, count, search_url("year", f"{first}-{last}")))
    return out


def _dynasties(found: Tally) -> list[Entry]:
    """In the order of time, those of no known time last."""

    def when(name: str) -> tuple[int, str]:
        period = find_dynasty(name)
        return (period.first if period else 9999), name

    most = sorted(found.counts, key=lambda name: -found.counts[name])[:_MOST]
    return [
        (value_text("dynasty", name), found.counts[name], search_url("dynasty", name))
        for name in sorted(most, key=when)
    ]
