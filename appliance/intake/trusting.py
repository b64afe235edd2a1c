"""Deciding by signed metadata whether a drive may be used; runs in the drive's own thread.

The metadata is first copied to the SSD, so that the trust store, which all drives share, never waits for a disk that
does not answer.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from appliance.store.holdings import Message
from packager.format.bag import read_candidate
from packager.format.errors import LayoutError, ListChangedError, RetiredError, TrustError, UnreadableError
from packager.format.layout import DriveLayout, open_nofollow
from packager.format.release import Admission
from packager.format.trust import UPDATED, Trusted, TrustStore

_log = logging.getLogger(__name__)

MAX_METADATA = 64 << 20
"""Most bytes of signed metadata that are looked at on one drive."""
MAX_FILES = 10_000
MAX_DEPTH = 4
METADATA = ("metadata", "targets/releases", "targets/retired", "targets/withdrawn", "targets/withdrawals")

Judge = Callable[[Path, str], Admission]


class SharedTrust:
    """The trust store behind a lock: drives' threads ask one after the other, and none waits for a disk in there."""

    def __init__(self, store: TrustStore) -> None:
        """Take the store over."""
        self._store, self._lock = store, threading.Lock()

    def judge(self, tuf: Path, tagmanifest: str) -> Admission:
        """See `TrustStore.admit_drive`; `tuf` is a copy of our own."""
        with self._lock:
            return self._store.admit_drive(tuf, tagmanifest)

    def take(self, tuf: Path | None, notice: bytes | None) -> Message:
        """Take lists that came without a bag; the answer says to staff what became of them.

        Args:
            tuf: a copy of our own of the carrier's metadata, None when it has none.
            notice: that withdraws resources, None when there is none.

        Raises:
            TrustError: the metadata is refused.
            OSError: our own disk is full or does not answer.
        """
        with self._lock:
            before = self._store.current().withdrawn
            found = self._store.offer(tuf) if tuf is not None else self._store.current()
            if notice is None:
                return _of_list(before, found)
            try:
                found = self._store.offer_notice(notice)
            except RetiredError:
                return Message("sync.stick.older")
            except TrustError as error:
                _log.warning("a notice is refused: %s", error)
                return Message("sync.withdrawn.file.refused")
            if found.withdrawals and not _only_lifted(before, found):
                return Message("sync.withdrawn.file", {"count": len(found.withdrawals)})
            return _of_list(before, found)

    def current(self) -> Trusted:
        """What the box trusts now."""
        with self._lock:
            return self._store.current()

    def repository(self) -> Mapping[str, bytes]:
        """See `TrustStore.repository`."""
        with self._lock:
            return dict(self._store.repository())

    def listed(self) -> frozenset[str]:
        """Tag lists (SHA-256) of all drives that may be used."""
        return frozenset(disk.tagmanifest for release in self.current().releases for disk in release.disks)


def _only_lifted(before: Collection[str], found: Trusted) -> bool:
    """Whether resources were given back and none withdrawn."""
    return bool(frozenset(before) - found.withdrawn) and not found.withdrawn - frozenset(before)


def _of_list(before: Collection[str], found: Trusted) -> Message:
    """What lists changed: resources withdrawn, given back, or something else."""
    if new := found.withdrawn - frozenset(before):
        return Message("sync.withdrawn", {"count": len(new)})
    if back := frozenset(before) - found.withdrawn:
        return Message("sync.lifted", {"count": len(back)})
    return Message("sync.list.taken" if found.outcome == UPDATED else "sync.stick.older")


class Stopped(Exception):  # noqa: N818 - it ends work that nobody waits for, it is no error
    """The work was broken off: the drive went away or changed."""


def trust(root: Path, scratch: Path, judge: Judge, stop: threading.Event) -> Admission:
    """Decide whether a drive may be used.

    Args:
        root: the drive's folder.
        scratch: an empty folder of our own for its signed metadata.
        judge: `TrustStore.admit_drive` behind a lock.
        stop: breaks off.

    Raises:
        TrustError: the drive is refused; `sentence` says what staff read.
        Stopped: `stop` was set.
        OSError: our own disk is full or does not answer.
    """
    candidate = read_candidate(DriveLayout(root))
    copy_metadata(root, scratch, stop)
    return judge(scratch / "tuf", candidate.tagmanifest)


def copy_metadata(root: Path, scratch: Path, stop: threading.Event) -> None:
    """Copy the drive's signed metadata to `scratch`/tuf, bounded, following no link.

    Raises:
        ListChangedError: a link or device stands there, or it is too large.
        UnreadableError: the drive does not answer.
        Stopped: `stop` was set.
        OSError: our own disk is full or does not answer.
    """
    left, count = MAX_METADATA, 0
    try:
        with DriveLayout(root).opened() as descriptor:
            for folder in METADATA:
                for name in _names(root / "tuf" / folder, f"tuf/{folder}", MAX_DEPTH):
                    content = _read(descriptor, name, left)
                    left, count = left - len(content), count + 1
                    if left <= 0 or count > MAX_FILES or stop.is_set():
                        raise Stopped if stop.is_set() else ListChangedError("holds too much metadata", path="tuf")
                    _put(scratch / name, content)
    except LayoutError as error:
        raise ListChangedError(error.reason, path=error.path) from error
    (scratch / "tuf").mkdir(exist_ok=True)


def _names(folder: Path, name: str, depth: int) -> Iterator[str]:
    """Files below a folder of the drive, sorted; a missing folder holds none."""
    try:
        with os.scandir(folder) as entries:
            found = sorted(
                (e.name, e.is_dir(follow_symlinks=False)) for e, _ in zip(entries, range(MAX_FILES), strict=False)
            )
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}", path=name) from error
    for entry, is_folder in found:
        if not is_folder:
            yield f"{name}/{entry}"
        elif depth > 1:
            yield from _names(folder / entry, f"{name}/{entry}", depth - 1)


def _read(descriptor: int, name: str, most: int) -> bytes:
    try:
        opened = open_nofollow(descriptor, name)
        try:
            with os.fdopen(os.dup(opened), "rb") as file:
                return file.read(most)
        finally:
            os.close(opened)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}", path=name) from error


def _put(path: Path, content: bytes) -> None:
    """Scratch copies need no durability: they are thrown away."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
