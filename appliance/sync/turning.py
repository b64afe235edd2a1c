"""Which edition readers have: what an update staged is applied, staff go back to the one before, and forward again.

Going back is one durable step and takes no more than it says: whatever the issuer withdrew or took back stays so, and
what the newer edition had dropped stays hidden.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from appliance.store.changes import DROPPED, changes_path, make_changes, read_changes
from appliance.store.editions import STAGED, edition_before, edition_undone
from appliance.sync.closing import closed_hours, closing_time
from appliance.sync.schedule import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.clock import Clock
    from appliance.intake.door import Door
    from appliance.settings import Settings
    from appliance.store.holdings import HeldRelease
    from appliance.store.preferences import PreferenceStore
    from appliance.sync.board import StateBoard
    from packager.format.files import Files

_log = logging.getLogger(__name__)


class Turning:
    """Turns from edition to edition. `look` and `undo` are for the updates' thread, the rest for any."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        files: Files,
        door: Door,
        preferences: PreferenceStore,
        board: StateBoard,
    ) -> None:
        """Name what it works with; see `Updater`."""
        self._settings, self._clock, self._files, self._door = settings, clock, files, door
        self._preferences, self._board = preferences, board
        self._turned = True
        self._here: frozenset[str] = frozenset()
        self._ready: frozenset[str] = frozenset()

    def look(self) -> None:
        """What is due: lists of changes, since when readers have what they have, closing time.

        Raises:
            OSError: the SSD is full or does not answer.
        """
        releases = self._door.board.releases()
        self._note_lives(releases)
        for old, new in _pairs(releases):
            self._changes(old, new)
        local = self._clock.now() + timedelta(minutes=self._settings.utc_offset_minutes)
        closed = closed_hours(self._settings.opening_hours, Window.parse(self._preferences.read().window))
        self._board.change(closing=closing_time(closed, local))
        staged = [r for r in releases if r.held_back == STAGED]
        ready = frozenset(r.folder for r in staged if is_ready(r))
        self._turned |= ready != self._ready  # of those that wait only the newest of these is needed
        self._ready = ready
        if closed.is_open(local) and staged and all(is_ready(release) for release in staged):
            self.apply()

    def apply(self) -> None:
        """Give readers what is staged, as soon as it can be searched; what is still being made stays staged.

        Raises:
            OSError: as `look`.
        """
        staged = [folder for folder, hold in self._door.board.editions.holds().items() if hold.why == STAGED]
        here = [release for release in self._door.board.releases() if release.folder in staged]
        self._door.board.editions.let_go([release.folder for release in here])
        if here:
            newest = max(here, key=lambda release: (release.issued, release.seq))
            self.applied(newest.folder)
        self._door.board.changed()

    def applied(self, folder: str) -> None:
        """Tell that an update brings this to readers."""
        self._board.change(applied=folder, applied_at=self._moment())

    def undo(self, bundle: str) -> bool:
        """Go back to the edition before; whether there is one.

        Raises:
            OSError: as `look`.
        """
        releases = self._door.board.releases()
        before = edition_before(releases, bundle)
        live = next((r for r in releases if r.bundle == bundle and r.live), None)
        if before is None or live is None or not self._changes(before, live):
            return False
        found = read_changes(changes_path(self._settings.updates_folder, before.folder, live.folder))
        if found is None:
            return False
        gone = (one.id for one in found.listed if one.kind == DROPPED)
        self._door.board.editions.undo(live.folder, gone, self._moment())
        _log.info("staff went back from %s to %s", live.folder, before.folder)
        self._door.board.changed()
        return True

    def again(self, bundle: str) -> None:
        """Go forward to what staff went back from.

        Raises:
            OSError: as `look`.
        """
        undone = edition_undone(self._door.board.releases(), bundle)
        if undone is not None:
            self._door.board.editions.let_go([undone.folder])
            self.applied(undone.folder)
            self._door.board.changed()

    def forget(self) -> None:
        """When other editions are here, or readers have another: what nobody needs goes, and holds and lists of it.

        Nothing is half made when this is asked.

        Raises:
            OSError: as `look`.
        """
        here = frozenset(stored.folder for stored in self._door.store.all())
        if not self._turned and here == self._here:
            return
        self._turned, self._here = False, here
        self._door.board.collect(gently=True)
        self._door.board.editions.let_go([f for f in self._door.board.editions.holds() if f not in here])
        wanted = {changes_path(self._settings.updates_folder, o.folder, n.folder) for o, n in self._pairs_now()}
        for path in (self._settings.updates_folder / "changes").glob("*.jsonl"):
            if path not in wanted:
                self._files.remove(path)
        state = self._board.state
        self._board.change(
            counts={f: n for f, n in state.counts.items() if f in here},
            lives={f: at for f, at in state.lives.items() if f in here},
        )

    def _pairs_now(self) -> Iterator[tuple[HeldRelease, HeldRelease]]:
        return _pairs(self._door.board.releases())

    def _note_lives(self, releases: tuple[HeldRelease, ...]) -> None:
        """Since when readers have what they have; what they get again begins anew."""
        lives = self._board.state.lives
        found = {r.folder: lives.get(r.folder, "") for r in releases if r.live and (r.folder in lives or is_ready(r))}
        self._turned |= "" in found.values()
        self._board.change(lives={folder: at or self._moment() for folder, at in found.items()})

    def _changes(self, old: HeldRelease, new: HeldRelease) -> bool:
        """See to it that the list of what is new is here; False while records lack."""
        path = changes_path(self._settings.updates_folder, old.folder, new.folder)
        found = read_changes(path, 0, 0)
        if found is None:
            stored = [self._door.store.get(release.folder) for release in (old, new)]
            if any(one is None or not one.whole for one in stored):
                return False
            before, after = ((one.folder, one.catalogue_jsonl) for one in stored if one is not None)
            found = make_changes(self._settings.updates_folder, before, after, self._files)
        counts = (found.added, found.changed, found.dropped)
        self._board.change(counts={**self._board.state.counts, new.folder: counts})
        return True

    def _moment(self) -> str:
        return f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"


def is_ready(release: HeldRelease) -> bool:
    """Whether readers could use it wholly."""
    return release.catalogue.state == release.search.state == "ready"


def _pairs(releases: tuple[HeldRelease, ...]) -> Iterator[tuple[HeldRelease, HeldRelease]]:
    """Of every bundle what is staged against what readers have, that against the one before, and what was undone."""
    for live in (release for release in releases if release.live):
        before = edition_before(releases, live.bundle)
        if before is not None:
            yield before, live
        for other in releases:
            if other.bundle == live.bundle and other.held_back and other.seq > live.seq:
                yield live, other
