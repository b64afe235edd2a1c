"""A system that the service has brought, proved again by root: nothing that the service says is believed.

<data>/system/<version>/tuf/metadata, tuf/system.json      lists and document
<data>/system/<version>/root, kernel, initrd               the parts
<data>/system/<version>/ready.json                         asks root to install it, in this boot
<data>/system/asked                                        written last: the first process sees it and starts the step
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.box.slot_writing import BLOCK
from appliance.box.state import read_small
from appliance.box.system_state import OLDER, REFUSED
from appliance.errors import SystemInstallError
from packager.format.errors import FormatError
from packager.format.repository import reader_of_folder, verify
from packager.format.systems import MAX_DOCUMENT, System, listed_systems
from packager.format.tuf_folder import opened_repository

_log = logging.getLogger(__name__)

READY, DOCUMENT = "ready.json", "system.json"
ASKED = "asked"
"""A name that never changes: of a pattern the first process watches only the folder before its first star."""
MAX_READY = 4096
MAX_OFFERS = 64
_VERSION = re.compile(r"[1-9][0-9]{0,13}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Offer:
    """A folder that asks to be installed. version: as the folder is named. boot: in which boot it was asked."""

    folder: Path
    version: int
    boot: str


def offers(folder: Path) -> list[Offer]:
    """What asks to be installed below `<data>/system`, the highest version first."""
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e, _ in zip(entries, range(1000), strict=False) if _VERSION.match(e.name)]
    except OSError:
        return []
    found = []
    for name in sorted(names, key=int, reverse=True)[:MAX_OFFERS]:
        try:
            body = json.loads(read_small(folder / name / READY, MAX_READY))
            found.append(Offer(folder / name, int(name), str(body["boot"])))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            _log.warning("what asks to be installed as %s cannot be read: %r", name, error)
            found.append(Offer(folder / name, int(name), ""))
    return found


def prove(offer: Offer, root: bytes, running: int) -> System:
    """The system of an offer, proved from the root of trust.

    Args:
        offer: it.
        root: TUF root of the box file in force.
        running: version of the running system.

    Raises:
        SystemInstallError: it is not newer than the running one, or not what was signed.
    """
    if not running:
        raise SystemInstallError(REFUSED, "which system runs is not known")
    if offer.version <= running:
        raise SystemInstallError(OLDER, f"{offer.version} is not newer than {running}")
    try:
        with opened_repository(offer.folder / "tuf") as descriptor:
            targets = verify(reader_of_folder(descriptor), root).metadata["targets"]
        content = read_small(offer.folder / DOCUMENT, MAX_DOCUMENT)
        system = System.from_bytes(content)
    except (FormatError, OSError, ValueError) as error:
        raise SystemInstallError(REFUSED, f"it is not proved: {error}") from error
    wanted = listed_systems(targets).get(offer.version)
    if wanted is None or wanted.sha256 != hashlib.sha256(content).hexdigest() or system.version != offer.version:
        raise SystemInstallError(REFUSED, "no list that two people signed names it")
    if system.minimum > running:
        raise SystemInstallError(REFUSED, f"{running} cannot be replaced by it, {system.minimum} can")
    return system


@contextmanager
def opened_part(offer: Offer, name: str, size: int) -> Iterator[Iterator[bytes]]:
    """The bytes of a part in blocks, exactly so many as were promised; what they are is for the reader to compare.

    Raises:
        SystemInstallError: it is no plain file, or of another size.
        OSError: it cannot be read.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(offer.folder / name, flags)
    except OSError as error:
        raise SystemInstallError(REFUSED, f"{name} is missing: {error}") from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size != size:
            raise SystemInstallError(REFUSED, f"{name} is no plain file of {size} bytes")
        yield _blocks(descriptor, size)
    finally:
        os.close(descriptor)


def _blocks(descriptor: int, size: int) -> Iterator[bytes]:
    left = size
    while left:
        block = os.read(descriptor, min(BLOCK, left))
        if not block:
            raise SystemInstallError(REFUSED, "a part became shorter")
        left -= len(block)
        yield block
