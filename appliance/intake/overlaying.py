"""What an edition's derived files may be laid over: those of an older edition of its bundle (docs/adr/0040)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from appliance.store.releases import Stored

HEAVY = 0.2
"""Share of the base that an overlay leaves out or puts in from which a whole build follows in the background."""
_BASE = "base.db"
_BASES = {"catalogue": _BASE, "search": "base"}
_DESCRIPTION = "overlay.json"
_MOST = 1 << 20


def older_of(stored: Stored, part: str, others: Iterable[Stored]) -> Path | None:
    """The part of the newest other edition that a part of this one may be laid over; None when it is made whole.

    An index only over that of the edition whose catalogue this one's catalogue lies over.

    Args:
        stored: the edition.
        part: `catalogue` or `search`.
        others: everything that is on the SSD.
    """
    own = stored.parts.get("catalogue", "")
    bundle, here = stored.release.bundle, stored.folder
    editions = [s for s in others if s.release.bundle == bundle and s.folder != here and part in s.parts]
    for other in sorted(editions, key=lambda s: -s.release.seq):
        if part == "catalogue":
            return other.path / other.parts[part]
        if is_laid(stored.path / own) and _same_base(stored.path / own, other) and _is_even(other):
            return other.path / other.parts[part]
    return None


def _is_even(other: Stored) -> bool:
    """Whether both parts of an edition lie over others, or neither: else its index has the rows of another catalogue.

    They differ while heavy overlays are being made whole, and where staff had one part made again.
    """
    laid = [(other.path / other.parts.get(part, "") / base).exists() for part, base in _BASES.items()]
    return len(set(laid)) == 1


def is_laid(catalogue: Path) -> bool:
    """Whether a catalogue lies over another."""
    return (catalogue / _BASE).is_file()


def is_heavy(catalogue: Path) -> bool:
    """Whether a catalogue that lies over another holds so much that a whole one is wanted."""
    try:
        with (catalogue / _DESCRIPTION).open("rb") as file:
            facts = json.loads(file.read(_MOST))["facts"]
        return bool(max(facts["added"], facts["gone"]) > HEAVY * facts["base"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _same_base(catalogue: Path, other: Stored) -> bool:
    theirs = other.path / other.parts.get("catalogue", "")
    base = theirs / _BASE if is_laid(theirs) else theirs
    return base.is_file() and base.samefile(catalogue / _BASE)
