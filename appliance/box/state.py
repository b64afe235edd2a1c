"""`box.json`: what the box step found and did. Root writes it at every boot and when sticks come and go; all read it.

It stands in `Settings.box_folder`, holds no secret, and is small. Whoever cannot read it goes on as on a machine that
knows no box files.
"""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_type_hints

from appliance.store.holdings import Message

_log = logging.getLogger(__name__)

NAME = "box.json"
STAFF_NAME = "staff.json"
"""Beside it, for the service alone: name and password hash of the director's first account."""
SCHEMA = 1
MAX_BYTES = 64 << 10
MAX_TOLD = 16
"""Refusals and recovery sticks that are told of at a time."""

USABLE, OTHER_LIBRARY, UNUSABLE = "usable", "other_library", "unusable"
"""What a recovery file is to this box."""
_RECOVERY = {
    USABLE: "account.recovery.stick_read",
    OTHER_LIBRARY: "account.recovery.other_library",
    UNUSABLE: "account.recovery.damaged",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A box file that was not taken.

    Attributes:
        file: its name. code: why, such as `box.expired`. sentence: its key. library: whose it is, where that is told.
        at: when it came, ISO time in UTC.
    """

    file: str
    code: str
    sentence: str
    library: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class RecoveryStick:
    """A recovery file on a stick that is in.

    Attributes:
        state: `USABLE`, `OTHER_LIBRARY` or `UNUSABLE`. token: names this plugging in, 32 hexadecimal digits.
        serial: of the file. at: when it came, ISO time in UTC.
    """

    state: str
    token: str = ""
    serial: int = 0
    at: str = ""


@dataclass(frozen=True, slots=True)
class BoxState:
    """What the box step left.

    Attributes:
        known: whether there is a document at all; without one nothing is said.
        configured: whether a box file is applied. library, library_id, serial, issued: as it says.
        staff: name of the director's account in it.
        applied: since when that file is applied here, ISO time in UTC. kept: whether it is kept for the next boot.
        system: version of the running system, 0 unknown.
        refused: box files that are in and were not taken. recovery: recovery files that are in.
    """

    known: bool = False
    configured: bool = False
    library: str = ""
    library_id: str = ""
    serial: int = 0
    issued: str = ""
    staff: str = ""
    applied: str = ""
    kept: bool = False
    system: int = 0
    refused: tuple[Refusal, ...] = ()
    recovery: tuple[RecoveryStick, ...] = ()

    def to_bytes(self) -> bytes:
        """The document."""
        body = asdict(self) | {"schema": SCHEMA}
        del body["known"]
        return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"

    @classmethod
    def from_bytes(cls, content: bytes) -> BoxState:
        """What a document says.

        Raises:
            ValueError: it is no such document.
        """
        try:
            body = json.loads(content)
            if not isinstance(body, dict) or body.pop("schema", None) != SCHEMA:
                raise ValueError("it has another schema")
            refused = tuple(plain(Refusal, one) for one in body.pop("refused")[:MAX_TOLD])
            recovery = tuple(plain(RecoveryStick, one) for one in body.pop("recovery")[:MAX_TOLD])
            made: BoxState = plain(cls, {**body, "known": True, "refused": refused, "recovery": recovery})
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not what the box step writes: {error!r}") from error
        return made

    @property
    def usable_recovery(self) -> RecoveryStick | None:
        """The recovery stick of this library that is in; the one that came last."""
        usable = [stick for stick in self.recovery if stick.state == USABLE and stick.token]
        return max(usable, key=lambda stick: stick.at, default=None)


def read_box_state(folder: Path | None) -> BoxState:
    """The state in a folder (`Settings.box_folder`); nothing is known when there is none, or none that can be read."""
    if folder is None:
        return BoxState()
    try:
        return BoxState.from_bytes(read_small(folder / NAME, MAX_BYTES))
    except FileNotFoundError:
        return BoxState()
    except (OSError, ValueError) as error:
        _log.warning("the state of the box file cannot be read: %s", error)
        return BoxState()


class BoxReader:
    """Reads the state whenever it has changed. Safe in any number of threads."""

    def __init__(self, folder: Path | None) -> None:
        """Name the folder (`Settings.box_folder`)."""
        self._folder = folder
        self._last: tuple[tuple[int, ...], BoxState] = ((), BoxState())

    def read(self) -> BoxState:
        """The state as it is now."""
        if self._folder is None:
            return BoxState()
        try:
            facts = (self._folder / NAME).stat()
            mark: tuple[int, ...] = facts.st_ino, facts.st_mtime_ns, facts.st_size
        except OSError:
            mark = ()
        before, state = self._last
        if mark != before:
            state = read_box_state(self._folder)
            self._last = mark, state
        return state


def read_small(path: Path, most: int) -> bytes:
    """The bytes of a plain file. Never follows a link, never waits for a pipe.

    Raises:
        ValueError: it is not a plain file, or has more than `most` bytes.
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError(f"{path.name} is not a plain file")
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{path.name} has more than {most} bytes")
    return content


def box_messages(state: BoxState, *, director_waits: bool) -> Iterator[tuple[Message, str]]:
    """What there is to say, each with since when (ISO time, empty: always).

    Args:
        state: what the box step left.
        director_waits: whether the director has not chosen a password yet.
    """
    if not state.known:
        return
    for stick in state.recovery:
        yield Message(_RECOVERY.get(stick.state, _RECOVERY[UNUSABLE])), stick.at
    for refusal in state.refused:
        yield Message(refusal.sentence, {"library": refusal.library} if refusal.library else {}), refusal.at
    if not state.configured:
        yield Message("box.file.missing"), ""
    elif director_waits:
        yield Message("box.file.applied", {"library": state.library}), state.applied


def plain(kind: Any, body: Mapping[str, Any]) -> Any:
    """A dataclass of plain values from an object that has its members and no others."""
    made = kind(**body)
    for name, hint in get_type_hints(kind).items():
        if hint in (str, int, bool) and type(getattr(made, name)) is not hint:
            raise TypeError(f"{name} is {type(getattr(made, name)).__name__}")
    return made
