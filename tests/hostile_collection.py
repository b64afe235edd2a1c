"""The hostile files of the real collection, as a packager that believed names would have put them on a drive."""

from __future__ import annotations

import csv
import io
import mimetypes
import re
import zipfile
from typing import TYPE_CHECKING

from indexer.checks import KNOWN_TYPES, UNKNOWN, extension_for
from tests.hostile_files import HostileFile

if TYPE_CHECKING:
    from pathlib import Path

INDEX = "INDEX.tsv"
_ENDINGS = {
    **{extension_for(media_type): media_type for media_type in KNOWN_TYPES},
    "blp": "image/x-blp", "dds": "image/x-dds", "sgi": "image/x-sgi", "tga": "image/x-tga",
    "iso": "application/x-iso9660-image",
}  # fmt: skip
_ROLES = {"text/vtt": "caption", "application/x-subrip": "caption"}
_ACTS = re.compile(
    rb"(?i)<script|javascript:|/JS\b|/JavaScript|/Launch|/AcroForm|/OpenAction|/AA\b|\son[a-z]{3,12}\s*=\s*[\"']|@import"
    rb"|(?:src|href|url|base)\s*[=(]\s*[\"']?https?://"
)
_WRITTEN = (".xhtml", ".html", ".htm", ".svg", ".opf", ".css", ".xml")
_OPENED = ("application/epub+zip", "application/pdf", "image/")


def claimed_type(name: str) -> str:
    """The media type that a file's name claims."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return _ENDINGS.get(ending) or mimetypes.guess_type(name)[0] or UNKNOWN


def collection_files(folder: Path) -> list[HostileFile]:
    """Every file of the folder, in the order of its index, whose notes say what it tries."""
    with (folder / INDEX).open(encoding="utf-8", newline="") as lines:
        notes = {row["file"]: row["note"] for row in csv.DictReader(lines, delimiter="\t")}
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != INDEX)
    made = []
    for name in names:
        claim = claimed_type(name)
        made.append(
            HostileFile(name, notes.get(name, ""), claim, (folder / name).read_bytes, _ROLES.get(claim, "part"))
        )
    return made


def acts(file: HostileFile) -> bool:
    """Whether a book, document or picture holds what would run or load something."""
    if not file.media_type.startswith(_OPENED):
        return False
    return any(_ACTS.search(text) for text in _texts(file.content))


def _texts(content: bytes) -> list[bytes]:
    """The content itself, or of an archive the beginnings of the files in it that are written in markup."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [entry for entry in archive.infolist() if entry.filename.lower().endswith(_WRITTEN)]
            return [archive.open(entry).read(1 << 20) for entry in names]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError):
        return [content]
