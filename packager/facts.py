"""What is learned of a file's content at build time, in a confined child process: pages and pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.errors import RenditionError
from indexer.renditions.source import FileSource
from packager.journal import Facts

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.renditions.api import Renditions


def learn_facts(path: Path, media_type: str, renditions: Renditions) -> Facts:
    """The facts of a packed file, or why they could not be learned.

    A file that cannot be parsed is packed all the same: its readers say what is wrong with it.
    """
    try:
        if media_type == "application/pdf":
            with FileSource(path) as source:
                return Facts(media_type, pages=renditions.pdf_page_count(source))
        if media_type.startswith("image/") and media_type != "image/svg+xml":
            with FileSource(path) as source:
                found = renditions.image_dimensions(source)
            return Facts(media_type, pages=found.pages, width=found.width, height=found.height)
    except RenditionError as error:
        return Facts(media_type, trouble=f"内容读不出，阅读时会说明：{error}")
    return Facts(media_type)
