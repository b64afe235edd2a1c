"""What is learned of a file's content at build time, in a confined child process, and what is wrong with it.

Pages, seconds, pixels and contents; codecs that no browser plays, fonts that are missing, locks, damage. A file that
cannot be parsed is packed all the same: its readers say what is wrong with it, and the catalogue's keepers are told
what to deliver instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.errors import RenditionError, RenditionLimitError
from indexer.playable import NONE, plays
from indexer.renditions.extraction import CAPTION_TYPES, DOCUMENT_TYPES, Extraction
from indexer.renditions.source import FileSource
from packager.made import Facts
from packager.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from indexer.renditions.api import Renditions
    from indexer.renditions.extraction import Line, MediaFacts

FACTS_TOOL = "facts 2"
"""Raise the number when more or other things are learned, so that the next build learns them anew."""
_LOCKED = {
    "application/pdf": "PDF 设了密码，读者打不开；请交没有密码的文件",
    "application/epub+zip": "EPUB 有数字版权加密（DRM），读者打不开；请交没有加密的文件",
}


def learn_facts(path: Path, media_type: str, renditions: Renditions) -> Facts:
    """The facts of a packed file; what could not be learned is said in `trouble`."""
    extraction = Extraction(renditions.sandbox)
    try:
        with FileSource(path) as source:
            if media_type in DOCUMENT_TYPES:
                return _document(source, media_type, extraction)
            if media_type in CAPTION_TYPES:
                return Facts(media_type, duration=extraction.media(source, media_type).duration, tool=FACTS_TOOL)
            if media_type.startswith(("audio/", "video/")):
                return _recording(extraction.media(source, media_type), media_type)
            if media_type.startswith("image/") and media_type != "image/svg+xml":
                found = renditions.image_dimensions(source)
                return Facts(
                    media_type, pages=found.pages, width=found.width, height=found.height, tool=FACTS_TOOL
                )  # fmt: skip
    except RenditionError as error:
        trouble = f"内容读不出，阅读时会说明：{reason_of(error)}"
        if isinstance(error, RenditionLimitError):
            return Facts(media_type, trouble=trouble)  # the next build asks again
        return Facts(media_type, trouble=trouble, flags=("damaged",), tool=FACTS_TOOL)
    return Facts(media_type, tool=FACTS_TOOL)


def _document(source: FileSource, media_type: str, extraction: Extraction) -> Facts:
    found = extraction.document(source, media_type)
    contents = _titled(found.contents)
    if found.encrypted:
        return Facts(media_type, trouble=_LOCKED[media_type], flags=("encrypted",), tool=FACTS_TOOL)
    if found.missing_fonts:
        fonts = "、".join(found.missing_fonts)
        trouble = f"PDF 没有嵌入字体（{fonts}），能读，但字形用本机字体代替；请交嵌入了字体的文件"
        return Facts(
            media_type, found.pages, trouble=trouble, flags=("fonts-missing",), contents=contents, tool=FACTS_TOOL
        )
    return Facts(media_type, found.pages, contents=contents, tool=FACTS_TOOL)


def _recording(found: MediaFacts, media_type: str) -> Facts:
    flags: tuple[str, ...] = ()
    trouble = ""
    if found.encrypted:
        flags, trouble = ("encrypted",), "录音或录像有数字版权加密（DRM），读者放不出；请交没有加密的文件"
    elif plays(media_type, found.video, found.audio, colours=found.colours, bits=found.bits) == NONE:
        codecs = "、".join((media_type, *found.video, *found.audio))
        better = "MP4（H.264 和 AAC）或 WebM（VP9 和 Opus）" if found.video else "MP3、M4A（AAC）或 Ogg（Opus）"
        flags, trouble = ("codec-unplayable",), f"浏览器放不出这种编码（{codecs}）；请改交 {better}"
    return Facts(
        media_type, duration=found.duration, width=found.width, height=found.height, trouble=trouble, flags=flags,
        contents=_titled(found.chapters), tool=FACTS_TOOL,
    )  # fmt: skip


def _titled(lines: Sequence[Line]) -> tuple[tuple[str, str], ...]:
    return tuple((line.title, line.target) for line in lines if line.title)
