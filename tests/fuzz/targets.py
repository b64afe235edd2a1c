"""All targets by name."""

from __future__ import annotations

from tests.fuzz.deltas import DELTAS
from tests.fuzz.documents import DOCUMENTS
from tests.fuzz.drives import DRIVES
from tests.fuzz.indexes import INDEXES
from tests.fuzz.inside import INSIDE
from tests.fuzz.lists import LISTS
from tests.fuzz.notices import NOTICES
from tests.fuzz.overlays import OVERLAYS
from tests.fuzz.production import PRODUCTION
from tests.fuzz.readers import READERS
from tests.fuzz.repairs import REPAIRS
from tests.fuzz.returns import RETURNS
from tests.fuzz.sets import SETS
from tests.fuzz.state import STATE

_ALL = (
    *LISTS,
    *SETS,
    *DOCUMENTS,
    *NOTICES,
    *INDEXES,
    *INSIDE,
    *OVERLAYS,
    *READERS,
    *REPAIRS,
    *RETURNS,
    *DELTAS,
    *STATE,
    *PRODUCTION,
    *DRIVES,
)
TARGETS = {target.name: target for target in _ALL}
