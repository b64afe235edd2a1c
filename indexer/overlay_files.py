"""The description of an overlay: numbers, and arrays of places, in two files.

    overlay.json    format, facts by name, the length of each array, and the SHA-256 of the arrays, facts and lengths
    arrays.bin      the arrays one after another, in the order of their names; u4, little-endian

An overlay is made on the machine that reads it, and still read as a stranger's: its sizes and its digest must hold, and
whoever uses an array looks at what it says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexer.codec_files import MappedFile, OpenFile
from indexer.errors import IndexFormatError, OverlayError
from indexer.splice import Numbers

OVERLAY = "overlay.json"
ARRAYS = "arrays.bin"
MAX_DESCRIPTION = 64 << 20
MAX_ARRAYS = 512 << 20
"""Bytes of all arrays: some hundred times what a fifth of a million records is. More is made whole."""


@dataclass(frozen=True, slots=True)
class Description:
    """What joins a base and what is put in.

    Attributes:
        name: of its file, for errors. facts: numbers, texts and lists by name. arrays: places by name.
    """

    name: str
    facts: Mapping[str, Any]
    arrays: Mapping[str, Numbers]

    def number(self, name: str) -> int:
        """A number of 0 or more.

        Raises:
            IndexFormatError: it is not there, or none.
        """
        found = self.facts.get(name)
        if type(found) is not int or not 0 <= found < 1 << 53:
            raise IndexFormatError(self.name, f"does not say {name}")
        return found

    def array(self, name: str) -> Numbers:
        """An array.

        Raises:
            IndexFormatError: it is not there.
        """
        found = self.arrays.get(name)
        if found is None:
            raise IndexFormatError(self.name, f"lacks {name}")
        return found


def is_overlay(folder: Path) -> bool:
    """Whether a folder holds an overlay, and not an index or nothing."""
    return (folder / OVERLAY).is_file()


def write_description(folder: Path, form: str, facts: Mapping[str, Any], arrays: Mapping[str, Numbers]) -> None:
    """Write both files into a folder. Durability: none; the caller syncs what it keeps.

    Raises:
        OverlayError: the arrays are more than may be read again.
    """
    names = sorted(arrays)
    if 4 * sum(map(len, arrays.values())) > MAX_ARRAYS:
        raise OverlayError("the overlay is too large")
    digest = hashlib.sha256()
    with (folder / ARRAYS).open("wb") as file:
        for name in names:
            content = arrays[name].astype("<u4").tobytes()
            digest.update(content)
            file.write(content)
    lengths = {name: len(arrays[name]) for name in names}
    digest.update(_text(facts, lengths))
    body = {"format": form, "facts": dict(facts), "arrays": lengths, "sha256": digest.hexdigest()}
    (folder / OVERLAY).write_bytes(_text(body))


def read_description(folder: Path, form: str, open_file: OpenFile = MappedFile) -> Description:
    """Read both files. Memory: the arrays.

    Raises:
        IndexFormatError: one is missing or damaged, or of another format.
    """
    body = _body(open_file(folder / OVERLAY))
    if body.get("format") != form:
        raise IndexFormatError(OVERLAY, f"is not of the format {form}")
    lengths, facts = body.get("arrays"), body.get("facts")
    if not isinstance(facts, dict) or not isinstance(lengths, dict):
        raise IndexFormatError(OVERLAY, "has a member of another shape")
    if not all(type(length) is int and length >= 0 for length in lengths.values()):
        raise IndexFormatError(OVERLAY, "has arrays of no length")
    file = open_file(folder / ARRAYS)
    try:
        if file.size != 4 * sum(lengths.values()) or file.size > MAX_ARRAYS:
            raise IndexFormatError(file.name, "does not have the size that is told")
        content = bytes(file.read(0, file.size))
    finally:
        file.close()
    if _digest(content, facts, lengths) != body.get("sha256"):
        raise IndexFormatError(file.name, "does not have the digest that is told")
    arrays, at = {}, 0
    for name in sorted(lengths):
        arrays[name] = np.frombuffer(content, "<u4", lengths[name], 4 * at).astype("u4")
        at += lengths[name]
    return Description(file.name, facts, arrays)


def _digest(content: bytes, facts: dict[str, Any], lengths: dict[str, int]) -> str:
    digest = hashlib.sha256(content)
    try:
        digest.update(_text(facts, lengths))
    except (ValueError, RecursionError) as error:  # JSON may hold halves of characters, which no bytes stand for
        raise IndexFormatError(OVERLAY, f"cannot be what was written: {error}") from error
    return digest.hexdigest()


def _text(*values: Any) -> bytes:
    return b"".join(json.dumps(v, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode() for v in values)


def _body(file: Any) -> dict[str, Any]:
    try:
        if file.size > MAX_DESCRIPTION:
            raise IndexFormatError(OVERLAY, "is too large")
        body = json.loads(bytes(file.read(0, file.size)))
    except (ValueError, RecursionError) as error:
        raise IndexFormatError(OVERLAY, f"is not JSON: {error}") from error
    finally:
        file.close()
    if not isinstance(body, dict):
        raise IndexFormatError(OVERLAY, "has a member of another shape")
    return body
