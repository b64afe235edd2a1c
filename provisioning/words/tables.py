"""Reading the reviewed sentence files: Markdown tables whose first column is the key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from provisioning.words.errors import WordsError

LIGHTS = {"正常": "normal", "处理中": "working", "需要处理": "attention", "—": ""}
_CELL = re.compile(r"(?<!\\)\|")
_KEY = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+\Z")


@dataclass(frozen=True, slots=True)
class Template:
    """One row: a state's light and its words, with placeholders.

    Attributes:
        key: stable name, `area.state`.
        light: normal, working, attention, or empty when the row does not change the light.
        text: the sentence. button: what to do, empty when there is nothing. second: the line below.
        audience: who sees it, as written in the table.
    """

    key: str
    light: str
    text: str
    button: str
    second: str
    audience: str = ""


def read_rows(markdown: str, first: str) -> Iterator[list[str]]:
    """The cells of every row of the tables whose header starts with `first`."""
    inside = False
    for line in markdown.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [c.strip().replace("\\|", "|") for c in _CELL.split(line.strip())[1:-1]]
        if cells[0] == first:
            inside = True
        elif inside and not set(cells[0]) <= {"-", ":"}:
            yield cells


def read_sentences(markdown: str) -> dict[str, Template]:
    """The Chinese file: key, light, sentence, button, second line, who sees it.

    Raises:
        WordsError: a row has other columns, a key is malformed or stands twice, or a light is unknown.
    """
    out: dict[str, Template] = {}
    for cells in read_rows(markdown, "键"):
        if len(cells) != 6 or cells[1] not in LIGHTS:
            raise WordsError(f"row {cells[:2]}: expected six columns and a light of {sorted(LIGHTS)}")
        key, light, text, button, second, audience = cells
        _add(out, Template(key, LIGHTS[light], text, _blank(button), _blank(second), audience))
    return out


def read_translation(markdown: str, originals: dict[str, Template]) -> dict[str, Template]:
    """A translated file: key, sentence, button, second line; light and audience come from the original.

    Raises:
        WordsError: a row has other columns, or its key is not in the original.
    """
    out: dict[str, Template] = {}
    for cells in read_rows(markdown, "key"):
        if len(cells) != 4 or cells[0] not in originals:
            raise WordsError(f"row {cells[:1]}: expected four columns and a key of the Chinese file")
        origin = originals[cells[0]]
        key, text, button, second = cells
        _add(out, Template(key, origin.light, text, _blank(button), _blank(second), origin.audience))
    return out


def _add(out: dict[str, Template], row: Template) -> None:
    if not _KEY.match(row.key):
        raise WordsError(f"key {row.key!r} is not lower-case words joined by dots")
    if row.key in out:
        raise WordsError(f"key {row.key} stands twice")
    out[row.key] = row


def _blank(cell: str) -> str:
    return "" if cell == "—" else cell
