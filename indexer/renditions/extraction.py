"""What the packager asks of a file besides pictures: facts, text and peaks, found in a confined child process.

As in `indexer.renditions.api`, whatever the child says is checked here before anything is done with it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from indexer.errors import IndexFormatError, RenditionError, RenditionLimitError
from indexer.peaks import MAX_BYTES as MAX_PEAKS_BYTES
from indexer.peaks import Peaks, load_peaks
from indexer.renditions.sandbox import Limits, Sandbox
from indexer.renditions.source import ByteSource
from indexer.sections import MAX_TOTAL, Section, read_sections

TEXT_TYPES = frozenset({
    "application/pdf", "application/epub+zip", "application/xhtml+xml", "text/html", "text/plain", "text/markdown",
    "text/vtt", "application/x-subrip", "application/alto+xml",
})  # fmt: skip
DOCUMENT_TYPES = {"application/pdf": "document.pdf_facts", "application/epub+zip": "document.epub_facts"}
CAPTION_TYPES = frozenset({"text/vtt", "application/x-subrip"})
PEAKS_TYPES = frozenset({"audio/mpeg", "audio/ogg", "audio/flac", "audio/wav"})
FACT_LIMITS = Limits(cpu=15, wall=60.0)
TEXT_LIMITS = Limits(cpu=120, wall=300.0, output=MAX_TOTAL)
PEAKS_LIMITS = Limits(cpu=90, wall=240.0, output=MAX_PEAKS_BYTES)
_MANY = 10_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of contents: title, and its place in the document (see `indexer.sections.Section.target`) or empty."""

    title: str
    target: str


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What a PDF or EPUB is.

    Attributes:
        pages: of a PDF, 0 otherwise. encrypted: locked by a password or by a rights system.
        missing_fonts: names of fonts that the first pages use and the document does not hold, at most 8.
        contents: at most 300 lines.
    """

    pages: int
    encrypted: bool
    missing_fonts: tuple[str, ...]
    contents: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What a recording is.

    Attributes:
        duration: seconds. width, height: pixels as it is shown, 0 without a picture.
        video, audio: codecs by the names of `indexer.playable`. colours: sampling of the colours, such as 4:2:0.
        bits: of a colour. encrypted: locked by a rights system.
        chapters: at most 300, each with the second at which it begins.
    """

    duration: int
    width: int
    height: int
    video: tuple[str, ...]
    audio: tuple[str, ...]
    colours: str
    bits: int
    encrypted: bool
    chapters: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """The sections of a file in order; `cut` when it holds more than is taken."""

    sections: tuple[Section, ...] = field(repr=False)
    cut: bool = False


class Extraction:
    """Asks for facts, text and peaks, from any thread. Raises as `Renditions` does."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Let the jobs run in `sandbox`."""
        self._sandbox = sandbox

    def document(self, source: ByteSource, media_type: str) -> DocumentFacts:
        """What a PDF or EPUB is; of a PDF whose pages are too much for the limits, all but its fonts."""
        task = DOCUMENT_TYPES[media_type]
        try:
            values = self._sandbox.run(task, source, limits=FACT_LIMITS).values
        except RenditionLimitError:
            if media_type != "application/pdf":
                raise
            values = self._sandbox.run(task, source, {"fonts": False}, limits=FACT_LIMITS).values
        return DocumentFacts(
            _number(values, "pages"),
            values.get("encrypted") is True,
            _texts(values, "fonts", 8, 80),
            tuple(_line(entry) for entry in _list(values, "contents", 300)),
        )

    def media(self, source: ByteSource, media_type: str) -> MediaFacts:
        """What a recording is, or how long captions go on."""
        values = self._sandbox.run("media.facts", source, {"media_type": media_type}, limits=FACT_LIMITS).values
        return MediaFacts(
            _number(values, "duration"),
            _number(values, "width"),
            _number(values, "height"),
            _texts(values, "video", 32, 40),
            _texts(values, "audio", 32, 40),
            _text(values, "colours", 20),
            _number(values, "bits"),
            values.get("encrypted") is True,
            tuple(_line(entry) for entry in _list(values, "chapters", 300)),
        )

    def text(self, source: ByteSource, media_type: str) -> ExtractedText:
        """The text of a file of `TEXT_TYPES`; no sections when it holds none."""
        made = self._sandbox.run("words.sections", source, {"media_type": media_type}, limits=TEXT_LIMITS)
        try:
            sections = tuple(read_sections(io.BytesIO(made.body)))
        except IndexFormatError as error:
            raise RenditionError(f"the child gave no sections: {error.reason}") from error
        return ExtractedText(sections, made.values.get("cut") is True)

    def peaks(self, source: ByteSource, media_type: str) -> Peaks:
        """How loud a recording of `PEAKS_TYPES` is along its length."""
        made = self._sandbox.run("peaks.make", source, {"media_type": media_type}, limits=PEAKS_LIMITS)
        try:
            return load_peaks(made.body)
        except IndexFormatError as error:
            raise RenditionError(f"the child gave no peaks: {error.reason}") from error


def _line(entry: Mapping[str, Any]) -> Line:
    return Line(" ".join(_text(entry, "title", 300).split()), _text(entry, "target", 300))


def _number(values: Mapping[str, Any], name: str) -> int:
    value = values.get(name)
    if type(value) is not int or not 0 <= value <= _MANY:
        raise RenditionError(f"the child gave no {name}")
    return value


def _text(values: Mapping[str, Any], name: str, longest: int) -> str:
    value = values.get(name)
    if not isinstance(value, str) or len(value) > longest:
        raise RenditionError(f"the child gave no {name}")
    return "".join(c for c in value if c.isprintable())


def _texts(values: Mapping[str, Any], name: str, most: int, longest: int) -> tuple[str, ...]:
    found = values.get(name)
    if not isinstance(found, list) or len(found) > most:
        raise RenditionError(f"the child gave no {name}")
    return tuple(_text({name: value}, name, longest) for value in found)


def _list(values: Mapping[str, Any], name: str, most: int) -> list[Mapping[str, Any]]:
    found = values.get(name)
    if not isinstance(found, list) or len(found) > most or not all(isinstance(v, dict) for v in found):
        raise RenditionError(f"the child gave no {name}")
    return found
