"""What shelves hold for this reader's face.

Most readers' shelves come from the catalogue alone. A child's shelves come from search, which knows the audience of
every record; while search is being made they are what the gate lists of the catalogue's first entries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.library.model import Beside
from appliance.web.context import SEARCH_AWAY, gate, library
from appliance.web.display import current_display
from indexer.search_request import SearchRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.library.model import Held
    from indexer.model import Resource

_LOOKED_AT = 200
_AHEAD = 60
"""So many of the newest are looked at for the first page."""
_CHILD = "child"


def type_counts() -> dict[str, int]:
    """Record type → how many resources this reader may find."""
    if current_display().gate_face != _CHILD:
        return library().counts()
    try:
        facets = library().search(SearchRequest(face=_CHILD, size=1)).facets
    except SEARCH_AWAY:
        return library().counts()
    return dict(facets.get("type", ()))


def newest(limit: int, offset: int = 0) -> list[Held]:
    """What came last, newest first; for children what is meant for them."""
    if current_display().gate_face != _CHILD:
        return _listed(library().newest(limit + 8, offset))[:limit]
    return _for_children((), "", limit, offset)


def home_shelf(limit: int) -> list[Held]:
    """What the first page shows: the newest, what can be opened now before what waits for its drive."""
    if current_display().gate_face == _CHILD:
        ready = _for_children((), "", limit, 0, available="yes")
        more = _for_children((), "", limit, 0) if len(ready) < limit else []
        found = {held.resource.id: held for held in (*ready, *more)}
        return sorted(found.values(), key=_waits)[:limit]
    return sorted(newest(_AHEAD), key=_waits)[:limit]


def openable(resource: Resource, limit: int) -> list[Held]:
    """Others of its type, else of any, that can be opened now: nobody is sent from one closed door to the next."""
    found: dict[str, Held] = {}
    for type_ in (resource.type, ""):
        if current_display().gate_face == _CHILD:
            near = _for_children((type_,), "", limit + 1, 0, available="yes")
        else:
            near = _listed(library().newest(_LOOKED_AT // 5, type_=type_))
        found |= {held.resource.id: held for held in near if held.available and held.resource.id != resource.id}
        if len(found) >= limit:
            break
    return list(found.values())[:limit]


def _waits(held: Held) -> bool:
    """Whether its drive is not plugged in, so that nothing of it opens now."""
    return not (held.available or held.partly or held.catalogue_only)


def shelf(types: Sequence[str], clc: str, limit: int, offset: int, beside: Beside | None = None) -> list[Held]:
    """Resources of some types and a class in title order; types follow one another.

    Args:
        types: record types, none for all.
        clc: beginning of a class number, empty for all.
        limit: how many at most.
        offset: how many are passed over, from the beginning of the list. A child's shelf always goes by it.
        beside: for other readers: where the stretch begins instead, at the same cost at any depth.
    """
    if current_display().gate_face == _CHILD:
        return _for_children(types, clc, limit, offset)
    if beside is not None:
        return _stretch(types or ("",), clc, limit, beside)
    found: list[Held] = []
    counts = library().counts()
    for type_ in types or ("",):
        found += library().browse(type_=type_, clc=clc, limit=limit - len(found), offset=offset)
        if len(found) >= limit:
            break
        offset = 0 if found else max(0, offset - counts.get(type_, 0))
    return found


def _stretch(types: Sequence[str], clc: str, limit: int, beside: Beside) -> list[Held]:
    """What stands behind a resource, or before it, in a list of types that follow one another."""
    ordered = types[::-1] if beside.before else types
    own_types = {"", beside.of.type if beside.of is not None else ""}
    own = next((n for n, type_ in enumerate(ordered) if type_ in own_types), 0)
    found: list[Held] = []
    for n, type_ in enumerate(ordered[own:]):
        more = limit - len(found)
        if n == 0:
            near = library().browse(type_=type_, clc=clc, limit=more, beside=beside)
        elif beside.before:
            near = library().browse(type_=type_, clc=clc, limit=more, beside=Beside(None, before=True))
        else:
            near = library().browse(type_=type_, clc=clc, limit=more)
        found = [*near, *found] if beside.before else [*found, *near]
        if len(found) >= limit:
            break
    return found


def _for_children(types: Sequence[str], clc: str, limit: int, offset: int, *, available: str = "") -> list[Held]:
    found: list[Held] = []
    try:
        for type_ in types or ("",):
            # Whole pages of the searcher around the wanted stretch; one page covers it in all but odd cases.
            page = offset // limit + 1
            asked = SearchRequest(
                type=type_, clc=clc, available=available, sort="title", page=page, size=limit, face=_CHILD
            )
            answer = library().search(asked)
            found += [hit.held for hit in answer.hits][: limit - len(found)]
            if len(found) >= limit:
                break
            offset = 0 if found else max(0, offset - answer.total)
    except SEARCH_AWAY:
        return _listed(library().browse(type_=types[0] if types else "", clc=clc, limit=_LOOKED_AT))[offset:][:limit]
    return _listed(found)


def _listed(many: Sequence[Held]) -> list[Held]:
    return [held for held in many if gate(held.resource).listed]
