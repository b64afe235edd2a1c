"""What the director chose about updates on the box, over what the settings say: when to fetch, and how much a month.

The worker writes; both processes read.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packager.format.errors import FormatError
from packager.format.floors import TwoCopies
from packager.format.release import canonical_json, load_canonical

if TYPE_CHECKING:
    from appliance.settings import Settings
    from packager.format.files import Files

_log = logging.getLogger(__name__)

SPAN = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]\Z")
"""A part of the day: 22:00-06:00."""
MAX_CAP = 1 << 50
_MAX_DOCUMENT = 4096


@dataclass(frozen=True, slots=True)
class Preferences:
    """What counts now.

    Attributes:
        window: the part of the day in which updates are fetched, `22:00-06:00`; empty: at any hour.
        cap: bytes a month that they may fetch; 0: as many as there are.
        chosen: whether it was chosen on the box.
    """

    window: str = ""
    cap: int = 0
    chosen: bool = False

    def __post_init__(self) -> None:
        """Check both.

        Raises:
            ValueError: one is not what it may be.
        """
        if self.window and not SPAN.match(self.window):
            raise ValueError(f"{self.window!r} is no part of the day")
        if not 0 <= self.cap <= MAX_CAP:
            raise ValueError(f"{self.cap} is no number of bytes a month")


class PreferenceStore:
    """The document, in two copies."""

    def __init__(self, settings: Settings, files: Files) -> None:
        """Name the folder (`Settings.updates_folder`), which need not be there."""
        self._settings, self._files = settings, files
        self._copies = TwoCopies(settings.updates_folder, "preferences", files)

    def read(self) -> Preferences:
        """What was chosen on the box, else what the settings say."""
        for content in self._copies.newest_first():
            try:
                found: Any = load_canonical(content, _MAX_DOCUMENT, "preferences")
                return Preferences(found["window"], found["cap"], chosen=True)
            except (FormatError, KeyError, TypeError, ValueError) as error:
                _log.warning("what was chosen about updates cannot be read: %s", error)
        return Preferences(self._settings.update_window, self._settings.update_cap_bytes)

    def write(self, chosen: Preferences) -> None:
        """Keep what was chosen; durable on return.

        Raises:
            OSError: the SSD is full or does not answer; what was chosen before stays.
        """
        self._files.make_dir(self._settings.updates_folder)
        self._copies.write(canonical_json({"cap": chosen.cap, "window": chosen.window}))
