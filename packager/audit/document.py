"""What was found out about a drive, as a value and as one JSON document (docs/operations.md, "packager verify")."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from packager.audit.findings import Findings
from packager.audit.proof import NOT_AT_ALL
from packager.audit.records import Contents
from packager.format.release import FEATURES, Admission

DOCUMENT = 1
"""Version of the document's form; a member may be added without a new one."""

SOUND, FAULTY, UNREADABLE, NOT_OURS = "sound", "faults", "unreadable", "not-ours"
"""Verdicts."""
EXITS = {SOUND: 0, FAULTY: 1, UNREADABLE: 3, NOT_OURS: 4}
"""Exit codes of the two commands by verdict; 2 is a wrong command line, 130 stopped by the user."""


@dataclass
class Report:
    """What is known of a drive.

    Attributes:
        command: `inspect` or `verify`.
        findings: everything that is wrong or odd.
        refused: `UNREADABLE` or `NOT_OURS` when the drive was not looked into.
        tagmanifest: SHA-256 of its tagmanifest, empty when there is none.
        release: the release document that names the drive, as it stands there.
        admission: the same as a value, when this version can read it.
        contents: of the whole release. metadata: by role. proof: see `packager.audit.proof`.
        files: payload on this drive, by its bag-info or by its lists. size: bytes of it.
        bag: what bag-info.txt says (`disk`, `disks`, `bundle`, `seq`, `issued`).
        accelerators: whether each one is on the drive, by name.
        read: bytes of payload and lists that were read. quick: whether the payload was left out.
    """

    command: str
    findings: Findings
    refused: str = ""
    tagmanifest: str = ""
    release: dict[str, Any] = field(default_factory=dict)
    admission: Admission | None = None
    contents: Contents | None = None
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    proof: str = NOT_AT_ALL
    files: int = 0
    size: int = 0
    bag: dict[str, Any] = field(default_factory=dict)
    accelerators: dict[str, bool] = field(default_factory=dict)
    read: int = 0
    quick: bool = False

    @property
    def verdict(self) -> str:
        """`SOUND`, `FAULTY`, `UNREADABLE` or `NOT_OURS`."""
        return self.refused or (FAULTY if self.findings.faults else SOUND)

    @property
    def exit_code(self) -> int:
        """The command's exit code."""
        return EXITS[self.verdict]

    @property
    def unknown_features(self) -> list[str]:
        """Features that the release requires and this version does not know."""
        found = self.release.get("requires")
        return sorted({str(f) for f in found} - FEATURES) if isinstance(found, list) else []

    def to_json(self) -> dict[str, Any]:
        """The document's object."""
        return {
            "accelerators": self.accelerators,
            "bag": self.bag or None,
            "bytes": self.size,
            "command": self.command,
            "contents": self.contents.to_json() if self.contents else None,
            "counts": dict(self.findings.counts),
            "disk": self.admission.disk.n if self.admission else None,
            "document": DOCUMENT,
            "faults": self.findings.faults,
            "files": self.files,
            "findings": [f.to_json() for f in sorted(self.findings.kept, key=lambda f: (not f.fault, f.path, f.line))],
            "metadata": self.metadata,
            "number": self.admission.release.number if self.admission else None,
            "omitted": self.findings.omitted,
            "proof": self.proof,
            "quick": self.quick,
            "read": self.read,
            "release": self.release or None,
            "tagmanifest": self.tagmanifest or None,
            "unknown_features": self.unknown_features,
            "verdict": self.verdict,
        }

    def to_bytes(self) -> bytes:
        """The document: JSON with sorted keys, ended by a line feed; names of a hostile drive are plain ASCII in it."""
        return json.dumps(self.to_json(), sort_keys=True, indent=1).encode() + b"\n"
