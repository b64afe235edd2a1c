"""docs/fuzzing.md: one row for each target, renewed by each run."""

from __future__ import annotations

import fcntl
import re
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.targets import TARGETS

_HEAD = """# Fuzzing

Every parser that reads a drive, a stick or the wire, or what they left on the box or the desk's PC, is fuzzed: guided
by coverage (atheris, libFuzzer), with a mutator that knows lines, numbers and JSON. What must hold is written beside
each target (`tests/fuzz`): only the parser's own errors, agreement with a plain reader, the same value after writing
and reading again, and the target's bounds of time and memory.

    python -m tests.fuzz items --seconds 600 --report docs/fuzzing.md          # one target
    python -m tests.fuzz all --seconds 600 --jobs 3 --report docs/fuzzing.md   # all of them, three side by side

The default suite runs each for a moment (`test_fuzz_target_for_a_moment`). Rows are of the last run of each target.
*CPU* are the seconds (user and system) that the target's process really had of the *s* it ran, its start included: on a
busy machine they are fewer. *Taken* are inputs that the parser accepted; *edges* are those of our Python code and of
tuf; *slowest* is CPU time of one instrumented input (some five times of what it takes otherwise); *memory* is the peak
of the whole process with its imports.

"""
_COLUMNS = (
    "| target | parser | day | s | CPU, s | executions | taken | edges | corpus | slowest, ms | memory, MiB "
    "| finding |\n"
)
_RULE = "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n"


@dataclass(frozen=True)
class Result:
    """One run.

    Attributes:
        name: of the target. day: ISO date. seconds: how long. cpu: CPU seconds of the process.
        executions: inputs run; taken: those that the parser accepted.
        edges, features, corpus: coverage as libFuzzer counts it, and inputs that it kept.
        slowest: CPU seconds of the slowest input, slowest_size: its bytes. memory: peak, MiB.
        finding: what went wrong, empty when nothing did.
    """

    name: str
    day: str
    seconds: int
    cpu: int
    executions: int
    taken: int
    edges: int
    features: int
    corpus: int
    slowest: float
    slowest_size: int
    memory: int
    finding: str

    def line(self) -> str:
        """The row of the table."""
        cells = (
            f"`{self.name}`", f"`{TARGETS[self.name].parser}`", self.day, f"{self.seconds:,}", f"{self.cpu:,}",
            f"{self.executions:,}", f"{self.taken:,}", f"{self.edges:,}", f"{self.corpus:,}",
            f"{self.slowest * 1000:.0f} ({self.slowest_size:,} B)",
            f"{self.memory:,}", self.finding.replace("|", "/") or "none",
        )  # fmt: skip
        return "| " + " | ".join(cells) + " |"


def write_report(path: Path, results: list[Result]) -> None:
    """Put the rows of `results` into the document, in the order of the targets; other rows and the text stay.

    Two runs may write the same document at a time.
    """
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read() or _HEAD + _COLUMNS + _RULE
        head, rule, rest = text.partition(_RULE)
        table = re.match(r"(?:\| `[a-z-]+` \|.*\n)*", rest)
        after = rest[table.end() :] if table else rest
        rows = dict(re.findall(r"^\| `([a-z-]+)` \|(.*)$", table[0], re.M)) if table else {}
        rows.update({result.name: result.line().partition("` |")[2] for result in results})
        names = [*(name for name in TARGETS if name in rows), *(name for name in rows if name not in TARGETS)]
        lines = "".join(f"| `{name}` |{rows[name]}\n" for name in names)
        file.truncate(0)
        file.write(head + rule + lines + after)
