"""Which releases that are on the SSD are held back from readers, and why: staged by an update, or undone by staff.

A release that an update brought is staged until closing time or until staff apply it; one that staff went back from is
undone until they want it again or a newer one is applied. Whatever names no release that is here means nothing. What an
undone edition had dropped stays hidden under the one before: going back never brings back what was taken away.

One process writes (the worker), in any of its threads.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packager.format.errors import FormatError
from packager.format.floors import TwoCopies
from packager.format.release import canonical_json, load_canonical

if TYPE_CHECKING:
    from appliance.store.holdings import HeldRelease
    from packager.format.files import Files

_log = logging.getLogger(__name__)

STAGED, UNDONE = "staged", "undone"
MAX_DROPPED = 200_000
"""Most ids that are kept of what an undone edition had dropped."""
_MAX_DOCUMENT = 64 << 20


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a release is held back.

    Attributes:
        why: `STAGED` or `UNDONE`. since: ISO time in UTC.
        dropped: of an undone one: ids of the edition before it that it no longer had.
    """

    why: str
    since: str
    dropped: tuple[str, ...] = ()


class Editions:
    """The releases that are held back, by folder. Thread-safe; every change is durable on return."""

    def __init__(self, folder: Path, files: Files) -> None:
        """Read what was held back; a document that is damaged in both copies holds nothing back.

        Args:
            folder: `Settings.updates_folder`; made when something is held back first.
            files: the writer.
        """
        self._folder, self._files, self._lock = folder, files, threading.Lock()
        self._copies = TwoCopies(folder, "editions", files)
        self._holds: dict[str, Hold] = {}
        for content in self._copies.newest_first():
            try:
                self._holds = _read(content)
                break
            except (FormatError, KeyError, TypeError, ValueError, AttributeError) as error:
                _log.warning("what is held back cannot be read: %s", error)

    def holds(self) -> Mapping[str, Hold]:
        """Folder → why it is held back."""
        with self._lock:
            return dict(self._holds)

    def stage(self, folder: str, now: str) -> None:
        """Hold back what an update is about to bring; before it gets its place, so that nobody sees it first.

        Raises:
            OSError: the SSD is full or does not answer; nothing has changed.
        """
        self._change({folder: Hold(STAGED, now)})

    def undo(self, folder: str, dropped: Iterable[str], now: str) -> None:
        """Hold back what readers have now.

        Args:
            folder: of the release.
            dropped: ids of the edition before it that it no longer has.
            now: ISO time in UTC.

        Raises:
            OSError: as `stage`.
        """
        names = sorted(dropped)
        if len(names) > MAX_DROPPED:
            _log.warning("%s dropped %d resources; %d stay hidden", folder, len(names), MAX_DROPPED)
        self._change({folder: Hold(UNDONE, now, tuple(names[:MAX_DROPPED]))})

    def let_go(self, folders: Collection[str]) -> None:
        """Hold these back no longer.

        Raises:
            OSError: as `stage`.
        """
        self._change(dict.fromkeys(folders))

    def _change(self, changes: Mapping[str, Hold | None]) -> None:
        with self._lock:
            after = {name: hold for name, hold in {**self._holds, **changes}.items() if hold is not None}
            if after == self._holds:
                return
            self._files.make_dir(self._folder)
            self._copies.write(_written(after))
            self._holds = after


def dropped(releases: Sequence[HeldRelease], holds: Mapping[str, Hold]) -> tuple[str, ...]:
    """Ids that stay hidden: editions that are undone, and newer than the live one of their bundle, dropped them."""
    live = {release.bundle: release.seq for release in releases if release.live}
    found: set[str] = set()
    for release in releases:
        hold = holds.get(release.folder)
        if hold is not None and hold.why == UNDONE and release.seq > live.get(release.bundle, release.seq):
            found.update(hold.dropped)
    return tuple(sorted(found))


def edition_before(releases: Sequence[HeldRelease], bundle: str) -> HeldRelease | None:
    """The release to which staff may go back: the newest before the live one that is usable and that nobody undid."""
    live = next((r for r in releases if r.bundle == bundle and r.live), None)
    if live is None:
        return None
    older = (r for r in releases if r.bundle == bundle and r.seq < live.seq and not r.held_back)
    usable = (r for r in older if r.catalogue.state == r.search.state == "ready")
    return max(usable, key=lambda release: release.seq, default=None)


def edition_undone(releases: Sequence[HeldRelease], bundle: str) -> HeldRelease | None:
    """The newest release that staff went back from, and may want again; None when what readers have is newer."""
    live = next((r for r in releases if r.bundle == bundle and r.live), None)
    undone = (r for r in releases if r.bundle == bundle and r.held_back == UNDONE)
    newer = (r for r in undone if live is None or r.seq > live.seq)
    return max(newer, key=lambda release: release.seq, default=None)


def _written(holds: Mapping[str, Hold]) -> bytes:
    return canonical_json(
        {name: {"dropped": list(hold.dropped), "since": hold.since, "why": hold.why} for name, hold in holds.items()}
    )


def _read(content: bytes) -> dict[str, Hold]:
    found: Any = load_canonical(content, _MAX_DOCUMENT, "editions")
    holds = {}
    for name, one in found.items():
        if one["why"] not in {STAGED, UNDONE}:
            raise ValueError(one["why"])
        holds[name] = Hold(one["why"], str(one["since"]), tuple(map(str, one["dropped"])))
    return holds
