"""Which recordings a browser plays, by container and codecs. The table in docs/format.md is this one.

Three answers: `all` browsers that a terminal may have (Chromium built without licensed codecs among them), `most`
(Chrome, Edge, Firefox, Safari; not a plain Chromium), `none` that can be relied on. Codecs by the names of MediaInfo.
"""

from __future__ import annotations

ALL, MOST, NONE = "all", "most", "none"

_FREE_VIDEO = frozenset({"VP8", "VP9", "AV1"})
_FREE_AUDIO = frozenset({"MP3", "Opus", "FLAC", "Vorbis"})
_PCM = frozenset({"PCM", "ALaw", "ULaw"})
_CONTAINERS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "video/webm": (_FREE_VIDEO, frozenset({"Vorbis", "Opus"})),
    "audio/webm": (frozenset(), frozenset({"Vorbis", "Opus"})),
    "audio/ogg": (frozenset(), frozenset({"Vorbis", "Opus", "FLAC"})),
    "audio/flac": (frozenset(), frozenset({"FLAC"})),
    "audio/wav": (frozenset(), _PCM),
    "audio/mpeg": (frozenset(), frozenset({"MP3"})),
    "video/mp4": (frozenset({"VP9", "AV1"}), frozenset({"MP3", "Opus", "FLAC"})),
    "audio/mp4": (frozenset(), frozenset({"MP3", "Opus", "FLAC"})),
    "audio/aac": (frozenset(), frozenset()),
}
_LICENSED = {"video/mp4": ({"AVC"}, {"AAC"}), "audio/mp4": (set[str](), {"AAC"}), "audio/aac": (set[str](), {"AAC"})}
_UNUSUAL_COLOURS = frozenset({"4:2:2", "4:4:4", "4:4:0"})


def codec_name(codec: str, profile: str = "") -> str:
    """The name that `plays` knows: MediaInfo calls MP3 `MPEG Audio` of profile `Layer 3`."""
    if codec == "MPEG Audio":
        return {"Layer 3": "MP3", "Layer 2": "MP2", "Layer 1": "MP1"}.get(profile, "MPEG Audio")
    if codec == "PCM":
        return {"A-law": "ALaw", "U-law": "ULaw"}.get(profile, "PCM")
    return codec


def plays(media_type: str, video: tuple[str, ...], audio: tuple[str, ...], *, colours: str = "", bits: int = 8) -> str:
    """Who plays a recording: `ALL`, `MOST` or `NONE`.

    Args:
        media_type: of the file, found by content.
        video: its picture codecs, as `codec_name` gives them; covers do not count.
        audio: its sound codecs.
        colours: sampling of the colours of an AVC picture, such as 4:2:0; empty when unknown.
        bits: of a colour of an AVC picture.
    """
    if media_type not in _CONTAINERS or not (video or audio):
        return NONE
    free = _CONTAINERS[media_type]
    licensed = _LICENSED.get(media_type, (set[str](), set[str]()))
    if "AVC" in video and (colours in _UNUSUAL_COLOURS or bits > 8):
        return NONE
    answer = ALL
    for codecs, without, with_licence in ((video, free[0], licensed[0]), (audio, free[1], licensed[1])):
        for codec in codecs:
            if codec in without:
                continue
            if codec not in with_licence:
                return NONE
            answer = MOST
    return answer
