"""Whether what the packager tells staff is Chinese: other letters are names of files, formats and systems."""

from __future__ import annotations

import re

_NAMED = re.compile(
    r"(?:编码|嵌入字体)（[^）]*）"  # codecs and fonts have names of their own
    r"|\b(?:application|audio|font|image|model|text|video)/[\w.+-]+"
    r"|[\w-]*\.[A-Za-z0-9]{1,8}\b"
    r"|\b(?:AAC|ALTO|Android|DRM|EPUB|H\.264|Java|Linux|M4A|MP3|MP4|Ogg|Opus|PDF|VP9|WebM|Windows|XML|ZIP|macOS)\b",
    re.ASCII,
)
_LETTERS = re.compile(r"[A-Za-z]+(?:[ '-][A-Za-z]+)*")


def foreign_words(reason: str) -> list[str]:
    """Words of `reason` in Latin letters that name nothing."""
    return _LETTERS.findall(_NAMED.sub("", reason))
