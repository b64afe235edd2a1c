"""A stick that carries signed lists only: newer metadata, or a notice that withdraws resources, perhaps off a phone.

They may stand in a folder of it, and updates beside them; those are read after, by `appliance.sync.sticks`.

It enters by the same door as a drive: looked at in its own thread, copied to the SSD, judged by the trust store. A
drive with a bag may carry a notice too; a bad one is passed over and never speaks against the drive.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path

from appliance.intake.look import COPYING, TELLING, lists_folder
from appliance.intake.trusting import SharedTrust, copy_metadata, trust
from appliance.store.holdings import Message
from packager.format.errors import HalfCopiedError, LayoutError, TooLargeError, UnreadableError
from packager.format.layout import DriveLayout, read_bounded
from packager.format.release import Admission
from packager.format.withdrawals import MAX_NOTICE, PLACES

_log = logging.getLogger(__name__)

Receipts = Callable[[Path], Message | None]
"""Takes the receipts of reports in a folder."""

FIRST_GUESS = 60
"""Seconds that reading an update is said to take until that is known."""


def judge(
    root: Path, scratch: Path, shared: SharedTrust, stop: threading.Event, receipts: Receipts = lambda _root: None
) -> Admission | Message:
    """Decide whether a drive may be used; of a carrier of lists, take them and say what became of them.

    Args:
        root: the folder of the drive or stick.
        scratch: an empty folder of our own.
        shared: whom the box trusts.
        stop: breaks off.
        receipts: takes receipts of reports, wherever they come along; what is to be said when nothing else is there.

    Raises:
        TrustError: the drive is refused, or the metadata of a stick.
        Stopped: `stop` was set.
        OSError: our own disk is full or does not answer.
    """
    if _is_half_copied(root):
        raise HalfCopiedError("a copy of several drives was broken off here", path=COPYING)
    said_of_reports = receipts(root)
    root = carrier_root(root)
    if said_of_reports is not None and not _telling(root):
        return said_of_reports
    notice = read_notice(root)
    if carries_lists_only(root):
        copy_metadata(root, scratch, stop)
        metadata = scratch / "tuf" if any((scratch / "tuf").iterdir()) else None
        said = shared.take(metadata, notice)
        # Nobody is to hear that the stick may be pulled before its updates are read.
        return Message("sync.stick.reading", {"duration": FIRST_GUESS}) if offers_updates(root) else said
    try:
        return trust(root, scratch, shared.judge, stop)
    finally:
        if notice is not None:
            shared.take(None, notice)


def carrier_root(root: Path) -> Path:
    """Where the lists of a drive or stick stand: its root, or a folder of a stick that has none there.

    Raises:
        UnreadableError: the disk does not answer.
    """
    if _telling(root):
        return root
    try:
        return lists_folder(root)
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error


def _is_half_copied(root: Path) -> bool:
    """Whether a copy for a branch was begun there and has no bag yet: of a set, or just begun."""
    return os.path.lexists(root / COPYING) and not _telling(root)


def offers_updates(root: Path) -> bool:
    """Whether documents of updates may stand beside the lists below `root`; nothing is proved."""
    return (DriveLayout(root).tuf_targets / "deltas").is_dir()


def carries_lists_only(root: Path) -> bool:
    """Whether there is no bag, but signed metadata or a notice.

    Raises:
        UnreadableError: the disk does not answer.
    """
    names = _telling(root)
    return "bag" not in names and bool(names)


def _telling(root: Path) -> set[str]:
    try:
        with os.scandir(root) as entries:  # a stick may hold a million photographs: only these names are kept
            return {name for entry in entries if (name := entry.name.lower()) in TELLING}
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error


def read_notice(root: Path) -> bytes | None:
    """The notice on a carrier, or None. One that is too large or a link counts as a bad one, not as none.

    Raises:
        UnreadableError: the disk does not answer.
    """
    for name in PLACES:
        try:
            with DriveLayout(root).opened() as descriptor:
                return read_bounded(descriptor, name, MAX_NOTICE)
        except FileNotFoundError:
            continue
        except (LayoutError, TooLargeError) as error:
            _log.warning("a notice cannot be used: %s", error)
            return b""
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}", path=name) from error
    return None
