"""What is wrong with a drive, as a bounded list: every finding is counted, the first ones of each kind are kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from packager.format.errors import FormatError, LayoutError, TooLargeError, TrustError

MAX_KEPT = 200
"""Findings of one code that are kept; more are only counted."""

_LONGEST = 300

FAULTS = {
    "missing": "a list names a file that is not there",
    "stranger": "a file in the bag that no list names",
    "link": "a link, a device or a pipe where a file or a folder should be",
    "case": "a name that differs from the right one only by capital letters",
    "name": "a name that no drive may hold",
    "line": "a line that is not in its form, or a file that is cut short",
    "order": "a line that is out of order, or there twice",
    "size": "a file longer or shorter than the lists say",
    "digest": "a file with other bytes than the lists say",
    "chunk": "1 MiB of an item that is not what chunks.bin says",
    "record": "a line of the catalogue that is no record",
    "canonical": "the right value in another form than the canonical one",
    "form": "a file of sections or peaks, a tile pack or disks.bin, that is not in its form",
    "mismatch": "two lists, or a list and the release, that do not agree",
    "too-large": "a file, a line or a list over its bound",
    "unreadable": "the disk does not answer for a file",
    "half-copied": "signed metadata is missing, empty or cut short",
    "unknown-issuer": "signed metadata is signed by no key that the root names",
    "one-signer": "signed metadata is signed by too few people",
    "list-changed": "signed metadata differs from what was signed, or no signed list names this drive",
    "retired": "the newest list on the drive says that this drive is no longer offered",
    "needs-newer-box": "the release asks for a feature that this version does not know",
}
"""Faults by code. Any of them makes a drive unsound."""

NOTES = {
    "unproved": "no root was given, so nobody knows who signed",
    "expired": "signed metadata is past its date; boxes serve it all the same",
    "outside": "a file beside the bag and the signed metadata; boxes ignore it",
    "unknown": "a role, type or number that this version passes over",
}
"""What a box tolerates, by code; faults when asked to be strict."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding.

    Attributes:
        code: of `FAULTS` or `NOTES`.
        path: the file meant, relative to the drive, unprintable characters escaped; empty when none is.
        detail: what is wrong with it, in English.
        line: line of a list, from 1; 0 when none is meant.
        fault: whether it makes the drive unsound.
    """

    code: str
    path: str
    detail: str
    line: int = 0
    fault: bool = True

    def to_json(self) -> dict[str, Any]:
        """As it stands in the document."""
        return {
            "code": self.code,
            "detail": self.detail,
            "fault": self.fault,
            "line": self.line or None,
            "path": self.path,
        }


class Findings:
    """Collects findings. Memory: at most `MAX_KEPT` of each code.

    Attributes:
        kept: in the order in which they were found.
        counts: how many there were of each code.
    """

    def __init__(self, *, strict: bool = False) -> None:
        """Begin with none; `strict` makes every note a fault."""
        self._strict = strict
        self.kept: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self._seen: set[Finding] = set()

    def add(self, code: str, path: str | bytes = "", detail: str = "", line: int = 0) -> None:
        """Count a finding and keep it if it is among the first of its code; see `Finding`. The same twice is one."""
        found = Finding(code, printable(path), printable(detail), line, self._strict or code in FAULTS)
        if found in self._seen:
            return
        self.counts[code] += 1
        if self.counts[code] <= MAX_KEPT:
            self._seen.add(found)
            self.kept.append(found)

    def add_error(self, error: FormatError | OSError, path: str = "", code: str = "") -> None:
        """Count what an exception says; `code` is used where its class does not say it better."""
        if isinstance(error, FormatError):
            detail = "; ".join(
                part
                for part in (
                    error.reason,
                    f"expected {error.expected}" if error.expected else "",
                    f"found {error.found}" if error.found else "",
                )
                if part
            )
            self.add(_code_of(error, code), path or error.path, detail)
        elif isinstance(error, FileNotFoundError):
            self.add("missing", path)
        else:
            self.add("unreadable", path, error.strerror or str(error))

    @property
    def faults(self) -> int:
        """How many faults there were, those that were not kept included."""
        return sum(n for code, n in self.counts.items() if self._strict or code in FAULTS)

    @property
    def omitted(self) -> int:
        """How many findings were counted and not kept."""
        return sum(self.counts.values()) - len(self.kept)


def _code_of(error: FormatError, code: str) -> str:
    if isinstance(error, TrustError):
        return error.code
    if isinstance(error, LayoutError):
        return "link" if "plain file" in error.reason else "name"
    return "too-large" if isinstance(error, TooLargeError) else code or "line"


def printable(text: str | bytes) -> str:
    """`text` with everything escaped that a terminal could take for a command, and not endless."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    text = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
