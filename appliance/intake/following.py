"""Bringing what readers can do without at first, while they use the drive; runs in the drive's own thread.

The truth's records come before the index: with them the box can make everything itself, whatever becomes of the drive.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import IntakeError, StoreError
from appliance.intake.taking import (
    Parcel,
    PayloadMissingError,
    Progress,
    bytes_of,
    facts_of,
    index_names,
    look_for,
    no_room,
)
from appliance.store.releases import ReleaseStore, Stored
from appliance.store.verified import VerifiedDrives
from packager.format.bag import RECORDS, follow_records, follow_tag_files
from packager.format.errors import TrustError, UnreadableError
from packager.format.files import Files
from packager.format.layout import DriveLayout
from packager.format.release import Admission

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rest:
    """What `follow` brought.

    Attributes:
        stored, missing, left: as of `taking.Parcel`.
    """

    stored: Stored
    missing: tuple[str, ...] = ()
    left: bool = False


def follow(
    root: Path,
    admission: Admission,
    parcel: Parcel,
    *,
    store: ReleaseStore,
    verified: VerifiedDrives,
    files: Files,
    stage: str,
    reserve: int,
    alive: Callable[[], None],
    progress: Progress,
) -> Rest:
    """Bring records and index when they are lacking, and look at the sample; while readers use the drive.

    Records that are not what was signed speak against the drive, as every list does. An index that cannot be brought is
    none: it is made here. The drive is not to blame for being pulled meanwhile, nor for a disk that does not answer:
    then the records are lacking until they are brought.

    Args:
        root: the drive's folder.
        admission: from `trusting.trust`.
        parcel: what `taking.copy` brought.
        store: the releases on the SSD.
        verified: remembered drives.
        files: the writer.
        stage: name of a folder of this drive's own in the scratch folder.
        reserve: bytes on the SSD that must stay free.
        alive: called after every answer of the disk; may raise to break off.
        progress: called with bytes done and in all; may raise to break off.

    Raises:
        TrustError: the drive is refused: its records are missing or changed, or too much of the payload is missing.
    """
    rest = _Follow(root, admission, parcel, store, files, stage, reserve, progress)
    stored = store.get(parcel.stored.folder) or parcel.stored
    left = parcel.left
    if left:
        stored, left = rest.records(stored)
        if not left and facts_of(root) == parcel.facts:
            verified.add(admission.disk.tagmanifest, parcel.facts)
    stored = rest.index(stored)
    try:
        return Rest(stored, look_for(root, store.sample(stored, admission.disk.n), alive), left)
    except TrustError as error:
        if isinstance(error, PayloadMissingError) and facts_of(root) == parcel.facts:
            raise
        _log.info("the payload was not looked at to the end: %s", error)
        return Rest(stored, parcel.missing, left)


class _Follow:
    """Brings one after the other."""

    def __init__(
        self,
        root: Path,
        admission: Admission,
        parcel: Parcel,
        store: ReleaseStore,
        files: Files,
        stage: str,
        reserve: int,
        progress: Progress,
    ) -> None:
        self._root, self._admission, self._parcel = root, admission, parcel
        self._store, self._files, self._stage, self._reserve = store, files, stage, reserve
        self._progress = progress
        release = admission.release
        self._records = release.truth[RECORDS].size if parcel.left else 0
        self._index = bytes_of(index_names(release), release) if parcel.follows else 0

    def records(self, stored: Stored) -> tuple[Stored, bool]:
        """Bring catalogue.jsonl; the release, and whether it could not be brought.

        Raises:
            TrustError: the drive that is still there holds another one, or none.
        """
        try:
            staged = self._room(self._records)
            found = follow_records(DriveLayout(self._root), self._admission, self._files, staged, self._part(0))
            return self._store.complete(stored, found), False
        except TrustError as error:
            if not isinstance(error, UnreadableError) and facts_of(self._root) == self._parcel.facts:
                raise
            _log.warning("the records of %s do not come along: %s", stored.folder, error)
        except (StoreError, IntakeError, OSError) as error:
            _log.warning("the records of %s do not come along: %s", stored.folder, error)
        finally:
            self._store.unstage(self._stage)
        return stored, True

    def index(self, stored: Stored) -> Stored:
        """Bring the index if it is lacking and the drive names one; the release with it, or as it is."""
        names = index_names(self._admission.release)
        if "search" in stored.parts or not names:
            return stored
        try:
            staged = self._room(bytes_of(names, self._admission.release))
            done = self._part(self._records)
            if follow_tag_files(DriveLayout(self._root), self._admission, self._files, staged, names, done):
                return self._store.adopt(stored, "search", staged / "meta" / "search", durable=True)
            _log.warning("the index of %s is not whole on the drive", stored.folder)
        except (TrustError, StoreError, IntakeError, OSError) as error:
            _log.warning("the index of %s does not come along: %s", stored.folder, error)
        finally:
            self._store.unstage(self._stage)
        return stored

    def _room(self, need: int) -> Path:
        """An empty folder, when there is room for so many bytes."""
        if self._store.free_space() - self._reserve < need:
            raise no_room(need)
        return self._store.stage(self._stage)

    def _part(self, before: int) -> Progress:
        """Progress of a part after so many bytes of others."""
        total = self._records + self._index
        return lambda done, _own: self._progress(min(before + done, total), total)
