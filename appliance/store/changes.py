"""What is new between two editions of a bundle, by title: made by the worker, shown to staff page by page.

    updates/changes/<name>      a head {"added":…,"changed":…,"dropped":…}, then a line a resource

The counts are of all resources; of each kind so many are listed as fit, and dropped ones up to all that stay hidden
when staff go back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.store.editions import MAX_DROPPED

if TYPE_CHECKING:
    from packager.format.files import Files

ADDED, CHANGED, DROPPED = "added", "changed", "dropped"
MAX_LISTED = 20_000
"""Titles of a kind that are listed."""
_MAX_TITLE = 200
_MAX_LINE = 4096


@dataclass(frozen=True, slots=True)
class Changed:
    """One resource. kind: added, changed or dropped."""

    kind: str
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Changes:
    """How many resources are new, and which, the added ones first."""

    added: int = 0
    changed: int = 0
    dropped: int = 0
    listed: tuple[Changed, ...] = field(default=())


def changes_path(updates: Path, old: str, new: str) -> Path:
    """Where the list of two releases stands, by their folders."""
    return updates / "changes" / f"{hashlib.sha256(f'{old} {new}'.encode()).hexdigest()[:24]}.jsonl"


def differing(old: Path, new: Path) -> Iterator[Changed]:
    """What is new between two catalogue.jsonl, in order of ids: equal lines cost no parsing.

    Raises:
        ValueError: a line is no record; both were proved.
        OSError: the SSD does not answer.
    """
    with old.open("rb") as before, new.open("rb") as after:
        left, right = before.readline(), after.readline()
        while left or right:
            if left == right:
                left, right = before.readline(), after.readline()
                continue
            gone, come = _record(left), _record(right)
            if come is None or (gone is not None and gone[0].encode() < come[0].encode()):
                yield Changed(DROPPED, *(gone or ("", "")))
                left = before.readline()
            elif gone is None or come[0].encode() < gone[0].encode():
                yield Changed(ADDED, *come)
                right = after.readline()
            else:
                yield Changed(CHANGED, *come)
                left, right = before.readline(), after.readline()


def make_changes(updates: Path, old: tuple[str, Path], new: tuple[str, Path], files: Files) -> Changes:
    """Compare two editions and keep the list; (folder, catalogue.jsonl) of each.

    Raises:
        ValueError, OSError: as `differing`; the SSD is full.
    """
    counts = {ADDED: 0, CHANGED: 0, DROPPED: 0}
    kept: dict[str, list[Changed]] = {ADDED: [], CHANGED: [], DROPPED: []}
    for one in differing(old[1], new[1]):
        counts[one.kind] += 1
        if len(kept[one.kind]) < (MAX_DROPPED if one.kind == DROPPED else MAX_LISTED):
            kept[one.kind].append(one)
    listed = [one for kind in (ADDED, CHANGED, DROPPED) for one in kept[kind]]
    path = changes_path(updates, old[0], new[0])
    files.make_dir(path.parent)
    lines = (_line({"id": one.id, "kind": one.kind, "title": one.title}) for one in listed)
    files.write_atomic(path, (_line(counts), *lines))
    return Changes(counts[ADDED], counts[CHANGED], counts[DROPPED], tuple(listed))


def read_changes(path: Path, start: int = 0, count: int = MAX_DROPPED + 2 * MAX_LISTED) -> Changes | None:
    """The counts, and so many lines from one on; None while the list is not made or when it cannot be read."""
    try:
        with path.open("rb") as file:
            head: Any = json.loads(file.readline(_MAX_LINE))
            added, changed, gone = (int(head[kind]) for kind in (ADDED, CHANGED, DROPPED))
            rows = (json.loads(line) for line in islice(file, start, start + count))
            listed = tuple(Changed(str(row["kind"]), str(row["id"]), str(row["title"])) for row in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Changes(added, changed, gone, listed)


def _record(line: bytes) -> tuple[str, str] | None:
    """Id and title of a line, None at the end."""
    if not line:
        return None
    found: Any = json.loads(line)
    return str(found["id"]), str(found["title"])[:_MAX_TITLE]


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() + b"\n"
