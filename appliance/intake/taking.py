"""Bringing a trusted drive's release to the SSD, hashing it; runs in the drive's own thread."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import IntakeError
from appliance.intake.look import tag_facts
from appliance.store.releases import ReleaseStore, Stored, folder_name
from appliance.store.samples import Sample
from appliance.store.verified import VerifiedDrives
from indexer.class_names import CLASSES_FORMAT, CLASSES_NAME
from indexer.formats import CATALOGUE_FORMAT, INDEX_FORMAT
from packager.format.bag import READY, RECORDS, TagFiles, tag_file_bytes, verify_tag_files
from packager.format.disktable import DISKS_FORMAT, DISKS_NAME
from packager.format.errors import HalfCopiedError, UnreadableError
from packager.format.files import Files
from packager.format.layout import DriveLayout
from packager.format.release import Accelerator, Admission, Release

_log = logging.getLogger(__name__)

TOLERATED = 50
"""One in so many of the sampled files may be missing: single damaged items are told item by item."""

REBUILT = 3
"""Derived files made here take about so many times the catalogue's bytes."""

_FORMATS = {"catalogue.db": str(CATALOGUE_FORMAT), DISKS_NAME: DISKS_FORMAT, CLASSES_NAME: CLASSES_FORMAT}
"""Versions of derived files that this box reads; the index has `INDEX_FORMAT`."""

Progress = Callable[[int, int], None]


ALONG = 8 << 20
"""Records or an index of at most so many bytes are not left to follow: nobody notices their time."""

FIRST_LOOKS = 12
"""Sampled files that are looked at before readers use the drive; they cost a spinning disk a quarter of a second. Of
drives that lack half of their files one in 4,000 gets by, until the rest of the sample is looked at."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What `copy` brought.

    Attributes:
        stored: the release on the SSD.
        missing: sampled payload paths that were not there; few enough to go on without them.
        follows: whether the drive names an index that is lacking on the SSD; `following.follow` brings it.
        left: whether its catalogue.jsonl was left on the drive, unproved; `following.follow` brings it.
        facts: fingerprint of the drive's tag files, see `tag_facts`.
    """

    stored: Stored
    missing: tuple[str, ...] = ()
    follows: bool = False
    left: bool = False
    facts: str = ""

    @property
    def comes(self) -> bool:
        """Whether something follows without which the box has no index."""
        return (self.follows or self.left) and "search" not in self.stored.parts


class PayloadMissingError(HalfCopiedError):
    """Too much of the payload is not there. missing: the sampled paths, for looking again."""

    def __init__(self, missing: tuple[str, ...], sampled: int) -> None:
        """Keep the paths."""
        self.missing = missing
        super().__init__("lacks payload files", expected=f"{sampled} sampled", found=f"{sampled - len(missing)} there")


def copy(
    root: Path,
    admission: Admission,
    *,
    store: ReleaseStore,
    verified: VerifiedDrives,
    files: Files,
    stage: str,
    reserve: int,
    progress: Progress,
) -> Parcel:
    """Bring to the SSD what readers need of a trusted drive's release, and look whether its payload is there.

    Large records and a large index are left to `following.follow`, and so is most of the looking unless something is
    missing. A release that is on the SSD already is not copied; its drive's tag files are verified unless exactly these
    were verified before. A release that lacks its records is on the SSD in part only: it is completed.

    Args:
        root: the drive's folder.
        admission: from `trusting.trust`.
        store: the releases on the SSD.
        verified: remembered drives.
        files: the writer.
        stage: name of a folder of this drive's own in the scratch folder.
        reserve: bytes on the SSD that must stay free.
        progress: called with bytes done and in all; may raise to break off.

    Raises:
        TrustError: the drive is refused.
        IntakeError: there is no room (`space.intake_waits` with the bytes lacking).
        OSError: our own disk does not answer.
    """
    release, disk = admission.release, admission.disk
    stored = store.get(folder_name(release))
    facts, left = facts_of(root), False
    known = stored is not None and stored.whole and disk.n in stored.samples and verified.has(disk.tagmanifest, facts)
    if stored is None or not known:
        stored, left = _verify(root, admission, stored, store, files, stage, reserve, progress)
        if not left and facts == facts_of(root):
            verified.add(disk.tagmanifest, facts)
    sample = store.sample(stored, disk.n)
    missing = _missing(root, sample[:: max(1, len(sample) // FIRST_LOOKS)], lambda: None)
    if missing:
        missing = look_for(root, sample, lambda: None)
    return Parcel(stored, missing, "search" not in stored.parts and bool(index_names(release)), left, facts)


def index_names(release: Release) -> tuple[str, ...]:
    """Names of the index files that a drive of this release carries; none when this box cannot use them."""
    found = {name: a for name, a in release.accelerators.items() if name.startswith("search/")}
    return tuple(found) if all(usable(name, a) for name, a in found.items()) else ()


def bytes_of(names: Iterable[str], release: Release) -> int:
    """Bytes of these derived files of a release."""
    return sum(release.accelerators[name].size for name in names)


def _verify(
    root: Path,
    admission: Admission,
    stored: Stored | None,
    store: ReleaseStore,
    files: Files,
    stage: str,
    reserve: int,
    progress: Progress,
) -> tuple[Stored, bool]:
    """Copy and prove the tag files; give them their place, or keep only what is new. Whether records were left there.

    Of another drive of a set that is here already only its own lists are read: the truth is on the SSD, proved.
    """
    browsed = stored is not None and (stored.whole or "catalogue" in stored.parts)
    joins = browsed and stored is not None and admission.disk.n not in stored.samples
    need = bytes_needed(admission.release, held=stored is not None, joins=joins)
    free = store.free_space() - reserve
    if free < need:
        raise no_room(need - free)
    staged = store.stage(stage)
    try:
        truth = stored.path / "meta" if stored is not None and joins else None
        small = bytes_of(index_names(admission.release), admission.release) <= ALONG
        tags = verify_tag_files(
            DriveLayout(root),
            admission,
            files,
            staged,
            progress,
            usable=lambda name, found: usable(name, found) and (small or not name.startswith("search/")),
            truth=truth,
            leave_records=admission.release.truth[RECORDS].size > ALONG,
        )
        found = store.add(tags, admission, came_along(tags))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise no_room(max(1, need - store.free_space() + reserve)) from error
        raise
    else:
        return found, tags.left or not found.whole
    finally:
        store.unstage(stage)


def usable(name: str, accelerator: Accelerator) -> bool:
    """Whether a derived file on a drive is of the version that this box reads."""
    return accelerator.format == _FORMATS.get(name, INDEX_FORMAT)


def came_along(tags: TagFiles) -> dict[str, str]:
    """Derived files that came whole: `catalogue` or `search` → name below the release's folder."""
    parts = {}
    if tags.accelerators.get("catalogue.db") == READY:
        parts["catalogue"] = "meta/catalogue.db"
    search = [state for name, state in tags.accelerators.items() if name.startswith("search/")]
    if search and all(state == READY for state in search):
        parts["search"] = "meta/search"
    return parts


def bytes_needed(release: Release, *, held: bool, joins: bool = False) -> int:
    """Bytes that taking the release in may write; `held`: it is here, `joins`: with another drive of the set."""
    if joins:
        return tag_file_bytes(release, truth_held=True)
    names = set(release.accelerators)
    rebuilt = "catalogue.db" not in names or not any(name.startswith("search/") for name in names)
    made_here = REBUILT * release.truth[RECORDS].size if rebuilt and not held else 0
    return tag_file_bytes(release) + made_here


def no_room(lacking: int) -> IntakeError:
    """So many bytes are lacking on the SSD."""
    return IntakeError("space.intake_waits", "no room on the SSD", size=lacking)


def facts_of(root: Path) -> str:
    """Fingerprint of a drive's tag files, see `tag_facts`.

    Raises:
        UnreadableError: the disk does not answer.
    """
    try:
        return tag_facts(root)
    except OSError as error:
        raise UnreadableError(f"the disk does not answer: {error.strerror}") from error


def look_for(root: Path, sample: Sample, alive: Callable[[], None]) -> tuple[str, ...]:
    """Sampled payload files that are missing or of another size.

    Raises:
        PayloadMissingError: they are too many.
        UnreadableError: the disk does not answer.
    """
    missing = _missing(root, sample, alive)
    if len(missing) * TOLERATED > len(sample) and len(missing) > 1:
        raise PayloadMissingError(missing, len(sample))
    if missing:
        _log.warning("%d of %d sampled payload files are not whole", len(missing), len(sample))
    return missing


def _missing(root: Path, sample: Sample, alive: Callable[[], None]) -> tuple[str, ...]:
    layout, missing = DriveLayout(root), []
    for path, size in sample:
        if not _is_whole(layout, path, size):
            missing.append(path)
        alive()
    return tuple(missing)


def _is_whole(layout: DriveLayout, path: str, size: int) -> bool:
    try:
        return layout.payload(path).lstat().st_size == size
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise UnreadableError(f"the disk does not answer: {error.strerror}", path=path) from error
