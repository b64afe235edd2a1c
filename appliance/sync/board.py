"""Telling how updates stand: one document, replaced whenever something of it changes."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.store.updating import UpdateState, read_state, write_state

if TYPE_CHECKING:
    from packager.format.files import Files

_log = logging.getLogger(__name__)


class StateBoard:
    """Holds the document. Thread-safe."""

    def __init__(self, folder: Path, files: Files) -> None:
        """Go on from what was told last (`Settings.updates_folder`)."""
        self._folder, self._files, self._lock = folder, files, threading.Lock()
        self._state = replace(read_state(folder), fetching=False)

    @property
    def state(self) -> UpdateState:
        """As it stands."""
        return self._state

    def change(self, **members: Any) -> None:
        """Tell other members of `UpdateState`; a full disk is no reason to stop, and the next change tells again."""
        with self._lock:
            after = replace(self._state, **members)
            if after == self._state:
                return
            self._state = after
            try:
                write_state(self._folder, after, self._files)
            except OSError as error:
                _log.warning("how updates stand cannot be written: %s", error)
