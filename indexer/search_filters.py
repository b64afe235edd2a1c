"""Filters of a search: which of the rows that match pass each of them. Values of one filter are alternatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.codec_index import IndexFiles
from indexer.model import AUDIENCES, TYPES
from indexer.schema import NO_YEAR, READ_ONLY, READABLE, TAKE_HOME
from indexer.search_request import SearchRequest, ages_of, chosen
from indexer.search_rows import Rows, kept, taken

if TYPE_CHECKING:
    from indexer.search_facets import FacetColumns

Mask = NDArray[np.bool_]

CHILDREN = AUDIENCES.index("children") + 1
"""Column `audience` of what the children's face shows."""

NO_AGE = 255


def filter_masks(
    facets: FacetColumns,
    rows: Rows,
    request: SearchRequest,
    within: int | None = None,
    readable: Mask | None = None,
    entries: Mask | None = None,
) -> dict[str, Mask]:
    """Facet → which of the rows pass its filter; only filters that are set. `face` and `within` are some too.

    Args:
        facets: of the part.
        rows: what matches.
        request: the filters.
        within: row of the parent that `request.within` names, None when this part does not hold it.
        readable: which of the rows can be read now; None: all that have something to read.
        entries: which of the rows are entries of the catalogue; None: all that have nothing to read.
    """
    masks = _of_values(facets, rows, request)
    columns = facets.files.columns
    if request.within:
        parents = taken(columns["parent"], rows)
        masks["within"] = np.zeros(len(rows), bool) if within is None else parents == np.uint32(within + 1)
    if request.face == "child":
        masks["face"] = taken(columns["audience"], rows) == CHILDREN
    if request.available:
        able = taken(columns["readable"], rows) == READABLE if readable is None else readable
        bare = ~able if entries is None else entries
        masks["available"] = {"yes": able, "no": ~able, "catalogue": bare}[request.available]
    if request.download:
        masks["download"] = taken(columns["takehome"], rows) == (TAKE_HOME if request.download == "yes" else READ_ONLY)
    return masks


def _of_values(facets: FacetColumns, rows: Rows, request: SearchRequest) -> dict[str, Mask]:
    """The masks of filters that stand in the columns as they are."""
    files, masks = facets.files, dict[str, Mask]()
    for name, closed in (("type", TYPES), ("audience", AUDIENCES)):
        if values := chosen(getattr(request, name)):
            masks[name] = _one_of(taken(files.columns[name], rows), [closed.index(value) + 1 for value in values])
    for name, column in HIERARCHIES.items():
        if values := chosen(getattr(request, name)):
            masks[name] = _looked_up(files, column, rows, facets.passing(name, values))
    if values := chosen(request.language):
        tags = tuple(value.lower() + "-" for value in values)
        masks["language"] = _of_table(files, "language", rows, lambda held: (held.lower() + "-").startswith(tags))
    if values := chosen(request.dynasty):
        masks["dynasty"] = _of_table(files, "dynasty", rows, lambda held: held in values)
    if request.age:
        masks["age"] = _of_age(files, rows, *ages_of(request.age))
    if request.year_from is not None or request.year_to is not None:
        masks["year"] = _years(files, rows, request)
    return masks


HIERARCHIES = {"clc": "class", "tree": "tree", "place": "places"}
"""Filters by a place in a tree, and the column that holds it."""


def all_of(masks: dict[str, Mask], leave_out: str = "") -> Mask | None:
    """The rows that pass all filters but one; None when every row does."""
    left = [mask for name, mask in masks.items() if name != leave_out]
    if not left:
        return None
    passed = left[0].copy()
    for mask in left[1:]:
        passed &= mask
    return passed


def that_pass(rows: Rows, mask: Mask | None) -> Rows:
    """The rows that pass; all of them without a mask."""
    return rows if mask is None else kept(rows, mask)


def _one_of(column: NDArray[np.uint8], values: list[int]) -> Mask:
    held = np.zeros(256, bool)
    held[values] = True
    return held[column]


def _of_table(files: IndexFiles, table: str, rows: Rows, passes: Callable[[str], bool]) -> Mask:
    """Which rows hold a value of a table that passes."""
    combinations = files.tables[table]
    passing = np.fromiter((any(map(passes, values)) for values in combinations), bool, len(combinations))
    return _looked_up(files, table, rows, passing)


def _looked_up(files: IndexFiles, column: str, rows: Rows, passing: Mask) -> Mask:
    # Columns were looked at when they were opened; a disk that fails later must not end the search with an error.
    return passing.take(taken(files.columns[column], rows), mode="clip")


def _of_age(files: IndexFiles, rows: Rows, youngest: int, oldest: int) -> Mask:
    """Which rows are for some age of a band; one without a first or last age is open at that end."""
    first, last = taken(files.columns["age_from"], rows), taken(files.columns["age_to"], rows)
    mask: Mask = (first <= oldest) | ((first == NO_AGE) & (last != NO_AGE))
    return mask & (last >= youngest)


def _years(files: IndexFiles, rows: Rows, request: SearchRequest) -> Mask:
    first, last = taken(files.columns["year_from"], rows), taken(files.columns["year_to"], rows)
    mask: Mask = first != NO_YEAR
    if request.year_from is not None:
        mask &= last >= request.year_from
    if request.year_to is not None:
        mask &= first <= request.year_to
    return mask
