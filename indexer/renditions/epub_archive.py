"""The ZIP of an EPUB, read within bounds, and XML without entities. Runs in the child process only."""

from __future__ import annotations

import codecs
import posixpath
import re
import unicodedata
import zipfile
import zlib
from html.entities import html5
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

from lxml import etree
from lxml import html as lxml_html

from indexer.errors import RenditionError, RenditionLimitError

MAX_ENTRIES = 20_000
MAX_ENTRY = 32 << 20
MAX_TOTAL = 96 << 20
MAX_RATIO = 400
MAX_XML = 8 << 20
_SMALL = 1 << 20
_FAULTS = (zipfile.BadZipFile, zlib.error, OSError, NotImplementedError, RuntimeError, ValueError, EOFError)

_DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,200}\?>")
_ENCODING = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_DOCTYPE = re.compile(r"<!DOCTYPE\s[^\[>]{0,2000}(\[.*?\]\s*)?>", re.DOTALL)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})


class Archive:
    """The files of an EPUB by name. At most `MAX_TOTAL` bytes come out of one archive."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the directory.

        Raises:
            RenditionError: it is no ZIP.
            RenditionLimitError: it holds too many entries.
        """
        try:
            self._zip = zipfile.ZipFile(file)
        except _FAULTS as error:
            raise RenditionError(f"the book is no readable ZIP: {error}") from error
        entries = self._zip.infolist()
        if len(entries) > MAX_ENTRIES:
            raise RenditionLimitError(f"a book of {len(entries)} files")
        self._entries = {entry.filename: entry for entry in entries if not entry.is_dir()}
        self._composed = {unicodedata.normalize("NFC", name): name for name in self._entries}
        self._left = MAX_TOTAL

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the directory's order."""
        return tuple(self._entries)

    def read(self, name: str, limit: int = MAX_ENTRY) -> bytes:
        """The bytes of one file.

        Raises:
            RenditionError: it is missing, damaged, encrypted or packed in an uncommon way.
            RenditionLimitError: it, or all that was read so far, is too large or packed suspiciously well.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise RenditionError(f"the book has no file {name[:200]}")
        if entry.flag_bits & 1 or entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise RenditionError("a file of the book is locked or packed in an uncommon way")
        limit = min(limit, self._left)
        if entry.file_size > limit or entry.file_size > max(MAX_RATIO * entry.compress_size, _SMALL):
            raise RenditionLimitError(f"a file of {entry.file_size} bytes, packed in {entry.compress_size}")
        try:
            with self._zip.open(entry) as packed:
                body = packed.read(limit + 1)
        except _FAULTS as error:
            raise RenditionError(f"a file of the book is damaged: {error}") from error
        if len(body) > limit:
            raise RenditionLimitError(f"a file of more than {limit} bytes")
        self._left -= len(body)
        return body

    def resolve(self, base: str, reference: str) -> tuple[str, str]:
        """The file and fragment that `reference`, found in the file `base`, means; ("", "") when it leaves the book."""
        try:
            parts = urlsplit(reference.strip())
        except ValueError:
            return "", ""
        if parts.scheme or parts.netloc or parts.path.startswith("/"):
            return "", ""
        if not parts.path:
            return base, unquote(parts.fragment)
        name = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(parts.path)))
        if name.startswith("../") or name not in self._entries:
            name = self._composed.get(unicodedata.normalize("NFC", name), "")
        return name, unquote(parts.fragment)


def as_text(body: bytes) -> str:
    """Text of a markup file by its byte order mark, its declaration, or as UTF-8; bad bytes become U+FFFD."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if body.startswith(mark):
            return body.decode(name, "replace")
    declared = _ENCODING.match(body)
    name = declared[1].decode("ascii") if declared else "utf-8"
    try:
        return body.decode(name, "replace")
    except (LookupError, UnicodeError):
        return body.decode("utf-8", "replace")


def parse_xml(body: bytes) -> Any:
    """The root element. There is no document type and no entity but those of XML and HTML.

    Raises:
        RenditionError: it is not well-formed.
        RenditionLimitError: it is too large.
    """
    try:
        return etree.fromstring(_plain(body), _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RenditionError(f"a file of the book is not well-formed: {error}") from error


def parse_markup(body: bytes) -> Any:
    """The root element of a chapter: as XML, and when it is not well-formed, as a browser would read HTML.

    Raises:
        RenditionError: nothing is in it.
        RenditionLimitError: it is too large.
    """
    plain = _plain(body)
    try:
        return etree.fromstring(plain, _parser())
    except (etree.XMLSyntaxError, ValueError):
        pass
    try:
        parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True)
        root = lxml_html.document_fromstring(plain, parser=parser, ensure_head_body=True)
    except (etree.LxmlError, ValueError) as error:
        raise RenditionError(f"a chapter cannot be read: {error}") from error
    if not _holds_anything(root) and any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise RenditionError("a chapter cannot be read: nested too deep")
    return root


def _holds_anything(root: Any) -> bool:
    """Whether words or pictures are in the body of an HTML page."""
    body = root.find("body")
    return body is not None and (any(text.strip() for text in body.itertext()) or body.find(".//img") is not None)


def local_name(element: Any) -> str:
    """The name of an element without its namespace, lower case; empty for comments and the like."""
    return str(element.tag).rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _plain(body: bytes) -> bytes:
    """UTF-8 without declaration and document type; HTML's named characters as characters."""
    if len(body) > MAX_XML:
        raise RenditionLimitError(f"a markup file of {len(body)} bytes")
    text = _DECLARATION.sub("", as_text(body).lstrip("\ufeff"), count=1)
    text = _DOCTYPE.sub("", text, count=1)
    return _ENTITY.sub(_character, text).encode("utf-8", "replace")


def _character(found: re.Match[str]) -> str:
    name = found[1]
    return found[0] if name in _XML_ENTITIES else html5.get(f"{name};", found[0])


def _parser() -> Any:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
