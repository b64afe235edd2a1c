"""Files of every kind that the packager looks into: the collection's own, and made-up ones for the rest."""

from __future__ import annotations

import io
import os
import wave
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from PIL import Image

from indexer.checks import HEAD_SIZE, sniff

KINDS = {
    "EPUB": ("application/epub+zip",),
    "PDF": ("application/pdf",),
    "plain text": ("text/plain", "text/markdown"),
    "HTML": ("text/html", "application/xhtml+xml"),
    "ALTO": ("application/alto+xml",),
    "WebVTT": ("text/vtt",),
    "SubRip": ("application/x-subrip",),
    "MP3": ("audio/mpeg",),
    "M4A": ("audio/mp4",),
    "Ogg": ("audio/ogg", "video/ogg"),
    "FLAC": ("audio/flac",),
    "WAV": ("audio/wav",),
    "MP4": ("video/mp4",),
    "WebM": ("video/webm",),
    "JPEG": ("image/jpeg",),
    "PNG": ("image/png",),
    "WebP": ("image/webp",),
    "TIFF": ("image/tiff",),
    "JPEG 2000": ("image/jp2",),
    "GIF": ("image/gif",),
}
_LINE = "學而時習之，不亦說乎？有朋自遠方來，不亦樂乎？人不知而不慍，不亦君子乎？"
_COPIES = 10


@dataclass(frozen=True)
class Sample:
    """A file, its media type, its bytes."""

    path: Path
    media_type: str
    size: int


def find_samples(folder: Path | None, scratch: Path) -> dict[str, tuple[list[Sample], bool]]:
    """Files by kind, and whether they are made up: those below `folder`; where it has none, new ones in `scratch`."""
    of = {media_type: kind for kind, types in KINDS.items() for media_type in types}
    found: dict[str, list[Sample]] = defaultdict(list)
    for sample in _samples(folder) if folder else ():
        if sample.media_type in of:
            found[of[sample.media_type]].append(sample)
    written = {kind: list(_written(kind, scratch)) for kind in KINDS if not found[kind]}
    return {kind: (found[kind] or written[kind], not found[kind]) for kind in KINDS if found[kind] or written[kind]}


def repeated(samples: Sequence[Sample], size: int) -> list[Sample]:
    """The samples in turn until they make `size` bytes."""
    found, total = [], 0
    for sample in cycle(samples):
        if total >= size:
            break
        found.append(sample)
        total += sample.size
    return found


def _samples(folder: Path) -> Iterator[Sample]:
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            media_type = sniff(file.read(HEAD_SIZE), path.name)
        yield Sample(path, media_type, path.stat().st_size)


def _written(kind: str, scratch: Path) -> Iterator[Sample]:
    """Ten copies of a made-up file, none for a kind that takes an encoder which is not at hand."""
    made = _made(kind)
    if made is None:
        return
    extension, body = made
    folder = scratch / extension
    folder.mkdir(parents=True)
    for number in range(_COPIES):
        (folder / f"{number}.{extension}").write_bytes(body)
    yield from _samples(folder)


def _made(kind: str) -> tuple[str, bytes] | None:
    texts: Mapping[str, tuple[str, str]] = {
        "plain text": ("txt", f"{_LINE}\n" * 8000),
        "HTML": ("html", "<!DOCTYPE html><title>論語</title>" + f"<h2>學而</h2><p>{_LINE}</p>\n" * 6000),
        "WebVTT": ("vtt", "WEBVTT\n\n" + "".join(f"{_time(n, '.')}\n{_LINE}\n\n" for n in range(1500))),
        "SubRip": ("srt", "".join(f"{n + 1}\n{_time(n, ',')}\n{_LINE}\n\n" for n in range(1500))),
        "ALTO": ("xml", _alto()),
    }
    pictures = {
        "JPEG": "JPEG", "PNG": "PNG", "WebP": "WEBP", "TIFF": "TIFF", "JPEG 2000": "JPEG2000", "GIF": "GIF",
    }  # fmt: skip
    if kind in texts:
        extension, text = texts[kind]
        return extension, text.encode()
    if kind in pictures:
        out = io.BytesIO()
        Image.effect_noise((1200, 900), 30).convert("RGB").save(out, pictures[kind])
        return {"JPEG 2000": "jp2"}.get(kind, kind.lower()), out.getvalue()
    if kind == "WAV":
        return "wav", _sound()
    if kind == "MP3":
        return "mp3", (b"\xff\xfb\x90\x64" + bytes(413)) * 3000
    return None


def _time(number: int, mark: str) -> str:
    def at(seconds: int) -> str:
        return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{mark}000"

    return f"{at(2 * number)} --> {at(2 * number + 1)}"


def _alto() -> str:
    lines = "".join(
        f'<TextLine ID="l{n}">' + "".join(f'<String CONTENT="{c}"/>' for c in _LINE) + "</TextLine>" for n in range(60)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v3#"><Layout>'
        f'<Page ID="p1"><PrintSpace><TextBlock ID="b1">{lines}</TextBlock></PrintSpace></Page></Layout></alto>'
    )


def _sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44100)
        file.writeframes(os.urandom(44100 * 4 * 20))
    return out.getvalue()
