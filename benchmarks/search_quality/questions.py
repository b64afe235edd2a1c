"""A question: what is typed, what is right by its rule or judgement, and whether it is held out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

BY_RULE, ASKED = "by rule", "asked"


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its answers in one corpus.

    Attributes:
        source: `BY_RULE` or `ASKED`. kind: the rule's name, or the matter asked about. text: what is typed.
        right: id → the work that it is of; records of one work are one answer. Empty: the corpus holds nothing.
        titles: of some of them, to read.
    """

    source: str
    kind: str
    text: str
    right: dict[str, str] = field(default_factory=dict)
    titles: tuple[str, ...] = ()

    @property
    def works(self) -> int:
        """How many different answers there are."""
        return len(set(self.right.values()))

    @property
    def held_out(self) -> bool:
        """Whether it is of the third that nothing is tuned on."""
        return hashlib.sha256(self.text.encode()).digest()[0] % 3 == 0


def write(path: Path, questions: Iterable[Question]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in questions)


def read(path: Path) -> list[Question]:
    with path.open(encoding="utf-8") as file:
        return [Question(**json.loads(line) | {}) for line in file]
