"""What a run saw, as Markdown: dated, with the digest of the image that was booted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Result:
    """One check. passed: None when it could not be made here; seen: what was seen; seconds: how long it took."""

    name: str
    passed: bool | None
    seen: str
    seconds: float


@dataclass(slots=True)
class Report:
    """One run.

    Attributes:
        image, sha256: the file's name and digest. date: ISO day. load: what else the machine did, in words.
        sections: heading → results.
    """

    image: str
    sha256: str
    date: str
    load: str = ""
    sections: dict[str, list[Result]] = field(default_factory=dict)

    def add(self, section: str, result: Result) -> None:
        """Take a result."""
        self.sections.setdefault(section, []).append(result)

    @property
    def failed(self) -> int:
        """How many checks did not find what they must."""
        return sum(result.passed is False for results in self.sections.values() for result in results)

    def markdown(self, title: str) -> str:
        """The document."""
        every = [result for results in self.sections.values() for result in results]
        passed, left = sum(r.passed is True for r in every), sum(r.passed is None for r in every)
        lines = [
            f"# {title}",
            "",
            f"{self.date}, `{self.image}`, SHA-256 `{self.sha256}`.",
            f"{passed} passed, {self.failed} failed, {left} not made. {self.load}".rstrip(),
        ]
        for section, results in self.sections.items():
            lines += ["", f"## {section}", "| check | | seen | s |", "|---|---|---|---|"]
            lines += [f"| {r.name} | {_mark(r)} | {_cell(r.seen)} | {r.seconds:.0f} |" for r in results]
        return "\n".join(lines) + "\n"


def _mark(result: Result) -> str:
    return {True: "yes", False: "**no**", None: "not made"}[result.passed]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())[:400]


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
