"""`system.json` in `Settings.box_folder`: which system runs, what became of another. Root writes it, all read it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.box.state import plain, read_small
from appliance.store.holdings import Message

if TYPE_CHECKING:
    from packager.format.files import Files

_log = logging.getLogger(__name__)

NAME = "system.json"
SCHEMA = 1
MAX_BYTES = 4096
MINUTES = 5
"""So long readers are without the box while it changes over."""

WRITING, WRITTEN, UPDATED, FELL_BACK, OLDER, REFUSED = "writing", "written", "updated", "fell_back", "older", "refused"
"""Of another system: being written, written (the box starts anew at once), running now, did not start, not newer than
the one that runs, not what was signed."""
_SENTENCES = {
    UPDATED: "box.system.updated",
    FELL_BACK: "box.system.fell_back",
    OLDER: "box.system.older",
    REFUSED: "box.system.not_installed",
}


@dataclass(frozen=True, slots=True)
class SystemState:
    """What root says of systems.

    Attributes:
        running: version of the system that runs, 0 unknown.
        state: what became of another, see above; empty: nothing.
        version: which one. percent: how much of it is written. at: since when, ISO time in UTC.
    """

    running: int = 0
    state: str = ""
    version: int = 0
    percent: int = 0
    at: str = ""

    def to_bytes(self) -> bytes:
        """The document."""
        return json.dumps(asdict(self) | {"schema": SCHEMA}, sort_keys=True).encode() + b"\n"

    @classmethod
    def from_bytes(cls, content: bytes) -> SystemState:
        """What a document says.

        Raises:
            ValueError: it is no such document.
        """
        try:
            body = json.loads(content)
            if not isinstance(body, dict) or body.pop("schema", None) != SCHEMA:
                raise ValueError("it has another schema")
            made: SystemState = plain(cls, body)
        except (TypeError, RecursionError) as error:
            raise ValueError(f"not what root writes: {error!r}") from error
        return made


def read_system_state(folder: Path | None) -> SystemState:
    """The state in a folder (`Settings.box_folder`); nothing is known when it cannot be read."""
    if folder is None:
        return SystemState()
    try:
        return SystemState.from_bytes(read_small(folder / NAME, MAX_BYTES))
    except FileNotFoundError:
        return SystemState()
    except (OSError, ValueError) as error:
        _log.warning("the state of the system cannot be read: %s", error)
        return SystemState()


def write_system_state(folder: Path, state: SystemState, files: Files) -> None:
    """Replace the document; it need not outlive the boot."""
    files.write_atomic(folder / NAME, state.to_bytes(), durable=False)


def system_messages(state: SystemState, *, ready: int) -> Iterator[tuple[Message, str]]:
    """What there is to say, each with since when (ISO time, empty: always).

    Args:
        state: what root says.
        ready: version of a system that is brought and waits for closing time, 0: none.
    """
    if state.state in {WRITING, WRITTEN}:
        yield Message("box.system.updating", {"minutes": MINUTES}), state.at
        return
    if state.state in _SENTENCES:
        yield Message(_SENTENCES[state.state]), state.at
    if ready > state.running:
        yield Message("box.system.ready", {"minutes": MINUTES}), ""
