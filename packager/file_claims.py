"""Files that are not what a library hands out, and files that are not what their names say.

A program is refused, whatever it is called: readers would carry it home. A web page named `.pdf` is packed for what it
is, for what a file is follows from its bytes alone; but the people who delivered it are told.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from indexer.checks import UNKNOWN

_PROGRAMS = (
    (b"\x7fELF", "Linux 程序"),
    (b"L\0\0\0\x01\x14\x02\0", "Windows 快捷方式"),
    (b"\xfe\xed\xfa\xce", "macOS 程序"),
    (b"\xfe\xed\xfa\xcf", "macOS 程序"),
    (b"\xce\xfa\xed\xfe", "macOS 程序"),
    (b"\xcf\xfa\xed\xfe", "macOS 程序"),
    (b"\xca\xfe\xba\xbe", "Java 程序"),
    (b"dex\n", "Android 程序"),
)
_SOUND_AND_FILM = ("audio/", "video/")
_CLAIMS: dict[str, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    "epub": ("application/epub+zip",),
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "tif", "tiff", "bmp", "jp2", "avif"), ("image/",)),
    **dict.fromkeys(("mp3", "m4a", "ogg", "oga", "flac", "wav", "aac", "mp4", "m4v", "webm", "ogv"), _SOUND_AND_FILM),
}


def program_of(head: bytes) -> str:
    """What kind of program begins with these bytes, for people; empty for a file that is none."""
    for magic, name in _PROGRAMS:
        if head.startswith(magic):
            return name
    if head.startswith(b"MZ") and b"\0" in head[:64]:
        return "Windows 程序"
    return ""


def named_otherwise(name: str, media_type: str) -> str:
    """What to say of a file whose name promises another kind than it is; empty when it keeps its promise.

    Args:
        name: of the file, with its extension.
        media_type: found by content.
    """
    extension = PurePosixPath(name).suffix.lower().lstrip(".")
    claimed = _CLAIMS.get(extension)
    if claimed is None or media_type.startswith(claimed):
        return ""
    found = "内容却认不出" if media_type == UNKNOWN else f"内容却是 {media_type}"
    return f"名字是 .{extension}，{found}；已按内容收入，请核对是否交错了文件"
