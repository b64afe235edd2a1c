"""Which pictures of a row a web page shows: these are no pages of a book, they belong where the web page has them.

Only addresses are looked for in the text; nothing of the web page is understood or run.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from indexer.roles import Figure
from indexer.text.encodings import detect_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from indexer.roles import FileFact

_WEB_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_MAX_BYTES = 8 << 20
"""Of a web page that are looked at; a reader is shown as much."""
_MAX_ADDRESSES = 10_000
_ADDRESS = re.compile(
    r"<(?:img|image)\b[^<>]{0,2000}?\s(?:src|href|xlink:href)\s*=\s*"
    r"(?:\"([^\"<>]{1,1000})\"|'([^'<>]{1,1000})')",
    re.IGNORECASE,
)


def figures_of(facts: Sequence[FileFact], paths: Mapping[str, Path]) -> dict[str, Figure]:
    """Path of a picture → the first web page of the row that shows it.

    Args:
        facts: the files of a row.
        paths: path in the row → where the file lies. A web page that cannot be read shows nothing.
    """
    pictures = {_compared(f.path): f.path for f in facts if f.media_type.startswith("image/")}
    found: dict[str, Figure] = {}
    for page in facts:
        if page.media_type not in _WEB_PAGES or not pictures:
            continue
        folder = posixpath.dirname(page.path)
        for address in _addresses(paths[page.path]):
            place = posixpath.normpath(posixpath.join(folder, address))
            picture = pictures.get(_compared(place))
            if picture is not None:
                found.setdefault(picture, Figure(page.path, posixpath.relpath(picture, folder or ".")))
    return found


def _addresses(path: Path) -> Iterator[str]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_BYTES)
    except OSError:
        return
    text = content.decode(detect_encoding(content) or "utf-8", "replace")
    for count, match in enumerate(_ADDRESS.finditer(text)):
        if count == _MAX_ADDRESSES:
            return
        try:
            parts = urlsplit((match[1] or match[2]).strip())
        except ValueError:
            continue
        if not parts.scheme and not parts.netloc and parts.path and not parts.path.startswith("/"):
            yield unquote(parts.path)


def _compared(path: str) -> str:
    return unicodedata.normalize("NFC", path.replace("\\", "/")).casefold()
