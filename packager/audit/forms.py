"""Reading the payload files whose form the format sets: sections of text, peaks, tile packs."""

from __future__ import annotations

import os
from collections.abc import Callable

from indexer.errors import IndexerError
from indexer.peaks import MAX_BYTES, PEAKS_TYPE, load_peaks
from indexer.renditions.tilepack import TilepackIndex
from indexer.sections import SECTIONS_TYPE, read_sections
from packager.audit.findings import Findings
from packager.audit.ledger import Ledger
from packager.format.errors import FormatError
from packager.format.layout import open_nofollow

_Check = Callable[[int], None]


def form_of(role: str, media_type: str) -> str:
    """Which form a file of this role and type must have; empty when the format sets none."""
    if (role, media_type) == ("text", SECTIONS_TYPE):
        return "sections"
    if (role, media_type) == ("peaks", PEAKS_TYPE):
        return "peaks"
    return "tilepack" if role == "tilepack" else ""


def check_forms(root: int, ledger: Ledger, findings: Findings) -> None:
    """Read every such file of the payload that is there, within the bounds of its form."""
    for path, form in ledger.formed():
        name = "bag/" + path.decode("ascii", "replace")
        try:
            descriptor = open_nofollow(root, name)
        except (FormatError, OSError) as error:
            findings.add_error(error, name)
            continue
        try:
            _CHECKS[form](descriptor)
        except IndexerError as error:
            findings.add("form", name, str(error))
        except OSError as error:
            findings.add_error(error, name)
        finally:
            os.close(descriptor)


def _sections(descriptor: int) -> None:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        for _ in read_sections(file):
            pass


def _peaks(descriptor: int) -> None:
    load_peaks(os.read(descriptor, MAX_BYTES + 1))


def _tilepack(descriptor: int) -> None:
    TilepackIndex(lambda offset, length: os.pread(descriptor, length, offset), os.fstat(descriptor).st_size)


_CHECKS: dict[str, _Check] = {"sections": _sections, "peaks": _peaks, "tilepack": _tilepack}
