"""What a recording is: seconds, codecs, pixels, chapters, by libmediainfo. Runs in the child process only.

The library is given the file's bytes through its buffer interface and never a path: it can open nothing by itself.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any, BinaryIO

from pymediainfo import MediaInfo

from indexer.errors import RenditionError
from indexer.playable import codec_name
from indexer.renditions.captions import cues

_MAX_ANSWER = 8 << 20
_MAX_STREAMS = 32
_MAX_CHAPTERS = 300
_CAPTIONS = ("text/vtt", "application/x-subrip")
_CHAPTER_TIME = re.compile(r"_(\d{1,3})_([0-5]\d)_([0-5]\d)_\d{1,9}\Z")
_CHAPTER_LANGUAGE = re.compile(r"(?:[a-z]{2,3}(?:-[A-Za-z]{2,4})?)?:")


def preload() -> None:
    """Load the library, so that a child has it without opening it."""
    MediaInfo.can_parse()


def facts(file: BinaryIO, media_type: str) -> tuple[dict[str, Any], Iterable[bytes]]:
    """What it is, as values.

    Values: duration (whole seconds, rounded up), width, height, video, audio (codecs), colours, bits, encrypted,
    chapters (title, and target: the whole second at which it begins).

    Raises:
        RenditionError: it is no recording that the library knows.
    """
    if media_type in _CAPTIONS:
        last = max((end for _, end, _ in cues(file.read(8 << 20))), default=0.0)
        return _values(last, (), ()), ()
    answer = str(MediaInfo.parse(file, output="JSON", parse_speed=0.3))
    if len(answer) > _MAX_ANSWER:
        raise RenditionError("the recording says more about itself than it may")
    media = json.loads(answer or "{}").get("media") or {}
    tracks = [t for t in media.get("track", ()) if isinstance(t, dict)][:_MAX_STREAMS]
    video = [t for t in tracks if t.get("@type") == "Video"]
    audio = [t for t in tracks if t.get("@type") == "Audio"]
    if not video and not audio:
        raise RenditionError("there is neither picture nor sound in it")
    values = _values(max((_seconds(t) for t in tracks), default=0.0), video, audio)
    return {**values, "chapters": _chapters(tracks, media_type)}, ()


def _chapters(tracks: list[dict[str, Any]], media_type: str) -> list[dict[str, str]]:
    """The chapters of the first list of them, in order; a second one says the same (MP4 often has both kinds)."""
    for menu in (t.get("extra") for t in tracks if t.get("@type") == "Menu"):
        found: dict[int, str] = {}
        for key, title in menu.items() if isinstance(menu, dict) else ():
            time = _CHAPTER_TIME.match(str(key))
            if time is not None and isinstance(title, str):
                hours, minutes, seconds = map(int, time.groups())
                name = title if media_type.endswith("/mp4") else _CHAPTER_LANGUAGE.sub("", title, count=1)
                found.setdefault(hours * 3600 + minutes * 60 + seconds, name.strip()[:300])
        if found:
            return [{"title": found[at], "target": str(at)} for at in sorted(found)[:_MAX_CHAPTERS]]
    return []


def _values(seconds: float, video: Iterable[dict[str, Any]], audio: Iterable[dict[str, Any]]) -> dict[str, Any]:
    pictures, sounds = list(video), list(audio)
    first: dict[str, Any] = next(iter(pictures), {})
    width, height = _whole(first, "Width"), _whole(first, "Height")
    if _whole(first, "Rotation") % 180 == 90:
        width, height = height, width
    return {
        "duration": min(math.ceil(seconds - 1e-3), 10_000_000) if seconds > 0 else 0,
        "width": width,
        "height": height,
        "video": [_codec(t) for t in pictures],
        "audio": [_codec(t) for t in sounds],
        "colours": str(first.get("ChromaSubsampling", ""))[:20],
        "bits": _whole(first, "BitDepth") or 8,
        "encrypted": any("Encryption" in t for t in (*pictures, *sounds)),
        "chapters": [],
    }


def _codec(track: dict[str, Any]) -> str:
    profile = str(track.get("Format_Profile", "") or track.get("Format_Settings_Firm", ""))
    return codec_name(str(track.get("Format", "")), profile)[:40] or "?"


def _seconds(track: dict[str, Any]) -> float:
    try:
        seconds = float(track.get("Duration") or 0)
    except (TypeError, ValueError):
        return 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0


def _whole(track: dict[str, Any], name: str) -> int:
    found = re.match(r"\d{1,6}", str(track.get(name) or ""))
    return int(found[0]) if found else 0
