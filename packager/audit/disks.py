"""disks.bin of a set: what one drive can prove of it.

Its digest and size are compared with the signed release elsewhere, as of every accelerator. Here its sense: it has one
number for every item, each of a drive that there is; its own number exactly for the items of this drive's manifest; and
so many bytes and resources on each other drive as the release promises, whose manifests are not at hand.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from packager.audit.findings import Findings
from packager.audit.ledger import Ledger
from packager.audit.lists import ITEMS, open_tag_file
from packager.format.disktable import DISKS_FORMAT, DISKS_NAME
from packager.format.errors import FormatError
from packager.format.release import Admission, Disk, Release

_PATH = f"bag/meta/{DISKS_NAME}"
_ENTRY = 2
_BLOCK = 1 << 16


def check_disk_table(root: int, ledger: Ledger, admission: Admission, findings: Findings) -> None:
    """Compare the table with items.txt, with the manifest of this drive and with the release. Memory: constant.

    A table of another format than this version's is passed over, one that is not there or cannot be read was told
    before, and beside an items.txt that is faulty itself nothing is compared.

    Args:
        root: the drive's descriptor.
        ledger: holds the lists; gets what the table says.
        admission: the release and which drive of it this is.
        findings: gets what is wrong.
    """
    known = admission.release.accelerators.get(DISKS_NAME)
    faulty = any(found.path == f"bag/{ITEMS}" for found in findings.kept)
    if known is None or known.format != DISKS_FORMAT or faulty:
        return
    try:
        with open_tag_file(root, f"meta/{DISKS_NAME}") as file:
            whole = _enter(file.fileno(), ledger, len(admission.release.disks), findings)
    except (FormatError, OSError):
        return
    if whole:
        _compare(ledger, admission, findings)


def _enter(descriptor: int, ledger: Ledger, disks: int, findings: Findings) -> bool:
    """Enter every number into the ledger; whether there is one for each item, and each is that of a drive."""
    size, expected = os.fstat(descriptor).st_size, ledger.item_count() * _ENTRY
    if size != expected:
        findings.add("mismatch", _PATH, f"expected {expected} bytes by items.txt; found {size}")
        return False
    whole = True
    for path, number in zip(ledger.item_paths(), _numbers(descriptor), strict=False):
        if 0 < number <= disks:
            ledger.place(path, number)
        else:
            whole = False
            findings.add("form", _PATH, f"names drive {number} for {path.decode()}; there are {disks}")
    return whole


def _numbers(descriptor: int) -> Iterator[int]:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        while block := file.read(_ENTRY * _BLOCK):
            for at in range(0, len(block) - 1, _ENTRY):
                yield int.from_bytes(block[at : at + _ENTRY])


def _compare(ledger: Ledger, admission: Admission, findings: Findings) -> None:
    release, here = admission.release, admission.disk.n
    for path, number in ledger.misplaced(here):
        where = f"on drive {number}" if number != here else "here"
        listed = "the manifest does not" if number == here else "the manifest has it here"
        findings.add("mismatch", _PATH, f"says that {path.decode()} is {where}; {listed}")
    bytes_on, records_on = ledger.placed_bytes(), ledger.placed_records()
    for disk in _others(release, here):
        found, records = bytes_on.get(disk.n, 0), records_on.get(disk.n, 0)
        if found != disk.bytes:
            findings.add(
                "mismatch", _PATH, f"expected {disk.bytes} bytes on drive {disk.n} by the release; found {found}"
            )
        if disk.count not in {0, records}:
            detail = f"expected files of {disk.count} records on drive {disk.n} by the release; found {records}"
            findings.add("mismatch", _PATH, detail)


def _others(release: Release, here: int) -> tuple[Disk, ...]:
    """The drives whose manifests are not at hand; of this one the manifest itself is compared with the release."""
    return tuple(disk for disk in release.disks if disk.n != here)
