"""Hints that something may have changed: files in the spool, folders of drives, the mount table.

A hint only makes the driver look sooner. Nothing is believed because of it, so a lost or forged event costs a few
seconds at most.
"""

from __future__ import annotations

import logging
import select
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from appliance.intake.mounts import MOUNTINFO

_log = logging.getLogger(__name__)

_CHANGES = ("created", "deleted", "modified", "moved", "closed")


class Watch:
    """Watches folders and the mount table, and calls `poke` from its own threads."""

    def __init__(self, folders: Iterable[Path], poke: Callable[[], None]) -> None:
        """Name the folders, there or not; `start` begins.

        Args:
            folders: the event spool, drives' folders and the folders that hold them. Their entries are watched, not
                what lies deeper.
            poke: called for every hint; it must be quick and safe in any thread.
        """
        self._folders = tuple(dict.fromkeys(folders))
        self._poke = poke
        self._observer: BaseObserver = Observer()
        self._watched: dict[Path, tuple[ObservedWatch, int]] = {}
        self._closed = threading.Event()
        self._mounts = threading.Thread(target=self._follow_mounts, name="mount-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._observer.start()
        self._mounts.start()
        self.renew()

    def renew(self) -> None:
        """Watch folders that have appeared, or that are others than before (mounted over). Call it now and then."""
        for folder in self._folders:
            try:
                inode = folder.stat().st_ino
            except OSError:
                self._forget(folder)
                continue
            if folder in self._watched and self._watched[folder][1] == inode:
                continue
            self._forget(folder)
            try:
                handler = _Handler(self._poke)
                self._watched[folder] = self._observer.schedule(handler, str(folder), recursive=False), inode
            except OSError as error:
                _log.warning("%s cannot be watched, it is looked at now and then: %s", folder.name, error)

    def close(self) -> None:
        """Stop; returns when no more hints come from folders."""
        self._closed.set()
        self._observer.stop()
        self._observer.join()

    def _forget(self, folder: Path) -> None:
        watched = self._watched.pop(folder, None)
        if watched is None:
            return
        try:
            self._observer.unschedule(watched[0])
        except (KeyError, OSError):
            _log.debug("%s was no longer watched", folder.name)

    def _follow_mounts(self) -> None:
        """The kernel flags the mount table as readable-with-priority when it has changed."""
        with MOUNTINFO.open("rb") as table:
            poll = select.poll()
            poll.register(table, select.POLLPRI | select.POLLERR)
            while not self._closed.is_set():
                if poll.poll(1000):
                    self._poke()


class _Handler(FileSystemEventHandler):
    def __init__(self, poke: Callable[[], None]) -> None:
        self._poke = poke

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in _CHANGES:
            self._poke()
