"""Names and parents of places in classifications, as a bundle brings them: `classes.jsonl` beside its catalogue.

One place a line, canonical JSON, sorted by scheme and code: `{"code":"J1","name":"楚辞","parent":"J","scheme":"sibu"}`;
`parent` where it stands below another place of the scheme. An empty code names the scheme itself. Without the file
codes are shown as they are, and none stands below another.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from indexer.canonical import Canonical
from indexer.errors import IndexFormatError, RecordError
from indexer.truth_lines import bounded_lines

CLASSES_NAME = "classes.jsonl"
CLASSES_FORMAT = "1"
MAX_CLASSES = 100_000
"""Places of all schemes together."""
MAX_SCHEME, MAX_CODE, MAX_NAME = 16, 47, 200
"""Characters."""
MAX_LINE = 2048
"""Bytes."""


@dataclass(frozen=True, slots=True)
class ClassName(Canonical):
    """A place in a classification.

    Attributes:
        scheme: clc, sibu or a library's own. code: empty for the scheme itself. name: what people read.
        parent: code of the place above it, empty for the highest.
    """

    scheme: str
    code: str
    name: str
    parent: str = ""

    @property
    def key(self) -> str:
        """`scheme:code`."""
        return f"{self.scheme}:{self.code}"

    @property
    def fits(self) -> bool:
        """Whether every member has its length, and no line ends stand in it."""
        bounds = ((self.scheme, MAX_SCHEME), (self.name, MAX_NAME), (self.code, MAX_CODE), (self.parent, MAX_CODE))
        printable = all(text.isprintable() for text, _ in bounds)
        return bool(self.scheme and self.name) and printable and all(len(text) <= most for text, most in bounds)


@dataclass(frozen=True, slots=True)
class ClassNames:
    """What a bundle calls the places, by `scheme:code`.

    Attributes:
        names: what people read. parents: the place above; the highest have none.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)


def dump_classes(classes: Iterable[ClassName]) -> Iterator[bytes]:
    """The canonical lines of places, sorted; of several with one key the first."""
    known: dict[str, ClassName] = {}
    for one in classes:
        known.setdefault(one.key, one)
    for one in sorted(known.values(), key=lambda one: (one.scheme.encode(), one.code.encode())):
        text = json.dumps(one.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        yield text.encode() + b"\n"


def read_classes(path: Path) -> ClassNames:
    """The names of a file.

    Raises:
        IndexFormatError: a line is no place, or the file is out of its bounds.
        OSError: it cannot be read.
    """
    names: dict[str, str] = {}
    parents: dict[str, str] = {}
    for number, line in enumerate(bounded_lines(path, MAX_LINE), 1):
        try:
            one = ClassName.from_json(json.loads(line))
        except (RecordError, ValueError, RecursionError) as error:
            raise IndexFormatError(path.name, f"line {number} is no place: {error}") from error
        if number > MAX_CLASSES or not one.fits:
            raise IndexFormatError(path.name, f"line {number} is out of bounds")
        names[one.key] = one.name
        if one.parent:
            parents[one.key] = f"{one.scheme}:{one.parent}"
    return ClassNames(names, parents)
