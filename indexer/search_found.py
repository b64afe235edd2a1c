"""What of the matches of one part passes the filters: counted for the facets, and ordered."""

from __future__ import annotations

from indexer.search_collector import Matches, PartIndex
from indexer.search_facets import FacetCounter
from indexer.search_filters import all_of, filter_masks, that_pass
from indexer.search_order import Found, ordered
from indexer.search_readable import ABLE, BARE
from indexer.search_request import SearchRequest
from indexer.search_rows import Mask, kept, marked, taken

_DENSE = 8
"""One row in so many must match for a mask of all rows to save more than it costs."""


def passing(
    number: int,
    part: PartIndex,
    match: Matches,
    request: SearchRequest,
    counter: FacetCounter,
    here: Mask | None,
    within: int | None,
) -> tuple[Found, int]:
    """The rows that pass, and how many lines those of them make that are only entries of the catalogue.

    Args:
        number: place of the part among all.
        part: the part.
        match: what matches.
        request: its filters and its order.
        counter: takes in what the facets count.
        here: what is here now, see `indexer.search_readable`.
        within: row of the parent that is asked for, None where this part does not hold it.
    """
    if match.there is None and part.files.records > len(match.rows) >= part.files.records // _DENSE:
        match.there = marked(part.files.records, match.rows)
    state = taken(part.readable.now(here), match.rows)
    able, bare = (state & ABLE) > 0, (state & BARE) > 0
    masks = filter_masks(part.facets, match.rows, request, within, able, bare)
    counter.add(part.facets, match, masks, able, bare)
    passed = all_of(masks)
    found = ordered(number, part, match, passed, request.sort, state)
    there = match.there if passed is None else None
    if request.within:
        found.count = len(found.rows)
    else:
        found.families = part.families
        found.count = part.families.count(found.rows, there)
    shown = bare if passed is None else bare & passed
    if there is not None and (few := part.readable.few_bare) is not None:
        return found, part.families.count(kept(few, taken(there, few)))
    return found, part.families.count(that_pass(match.rows, shown))
