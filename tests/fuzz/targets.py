"""All targets by name."""

from __future__ import annotations

from tests.fuzz.documents import DOCUMENTS
from tests.fuzz.drives import DRIVES
from tests.fuzz.indexes import INDEXES
from tests.fuzz.lists import LISTS

TARGETS = {target.name: target for target in (*LISTS, *DOCUMENTS, *INDEXES, *DRIVES)}
