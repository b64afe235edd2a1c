"""Errors of reading an index of texts, which are errors of the index too: `appliance.errors` knows no indexer."""

from __future__ import annotations

from appliance.errors import ServingError
from indexer.errors import LateError


class TextsLateError(ServingError, LateError):
    """An index of texts was not read in the time that a search has. `drive` names where it lies."""

    code = "texts-late"

    def __init__(self, drive: str) -> None:
        """Keep the drive."""
        self.drive = drive
        super().__init__(f"drive {drive}: the index of texts takes too long to read")
