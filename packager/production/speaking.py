"""What the commands of this room say: three lines, what happened, what was kept, what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioning.words import Words

if TYPE_CHECKING:
    from provisioning.words.filling import Value

DONE, LEFT_OUT, NOT_DONE = 0, 1, 3
"""Exit codes, as everywhere in `packager`: done; partly; not at all."""


def words() -> Words:
    """The words of staff."""
    return Words.load("zh-Hans")


def three_lines(key: str, **params: Value) -> str:
    """A sentence, its second line, and its next step."""
    said = words().sentence(key, **params)
    next_step = f"下一步：{said.button}" if said.button else ""
    return "\n".join(line for line in (said.text, said.second, next_step) if line)
