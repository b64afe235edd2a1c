"""Recordings made on the spot: sounds in every container, films muxed by hand from pictures that Pillow compresses.

A lossy WebP holds a VP8 key frame, an AVIF holds an AV1 key frame: put into WebM and MP4 they are films that every
browser plays. Motion JPEG in AVI is one that none does.
"""

from __future__ import annotations

import io
import math
import struct
import wave
from collections.abc import Sequence

import numpy as np
import soundfile
from PIL import Image, ImageDraw

RATE = 16_000
FRAME_MS = 500
_SILENT_AAC = bytes((0x00, 0xC8, 0x00, 0x80, 0x23, 0x80))
"""One frame of AAC-LC, one channel, that says nothing."""


def samples(seconds: float, pitch: int = 440) -> list[int]:
    """A soft tone, 16 bit, one channel, at `RATE`."""
    return [int(3000 * math.sin(2 * math.pi * pitch * n / RATE)) for n in range(int(seconds * RATE))]


def wav(seconds: float = 2, pitch: int = 440) -> bytes:
    """PCM in WAV."""
    out, tone = io.BytesIO(), samples(seconds, pitch)
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(tone)}h", *tone))
    return out.getvalue()


def encoded(form: str, subtype: str, seconds: float = 2, pitch: int = 440) -> bytes:
    """A tone in MP3, FLAC or OGG (Vorbis, Opus); forms and subtypes by the names of libsndfile."""
    out = io.BytesIO()
    tone = np.array(samples(seconds, pitch), dtype="int16")
    soundfile.write(out, tone, RATE, format=form, subtype=subtype)
    return out.getvalue()


def aac(seconds: float = 2) -> bytes:
    """Silence as AAC-LC in ADTS, 44.1 kHz, one channel; a frame is 1,024 samples."""
    length = len(_SILENT_AAC) + 7
    header = bytes((0xFF, 0xF1, 0x50, 0x40 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5 | 0x1F, 0xFC))
    return (header + _SILENT_AAC) * math.ceil(seconds * 44_100 / 1024)


def frames(count: int, size: tuple[int, int] = (320, 180), base: str = "#24405c") -> list[Image.Image]:
    """Pictures in which a disc wanders to the right."""
    made = []
    for n in range(count):
        picture = Image.new("RGB", size, base)
        x = 20 + n * (size[0] - 60) // max(1, count - 1)
        ImageDraw.Draw(picture).ellipse((x, 60, x + 40, 100), fill="#f0d080")
        made.append(picture)
    return made


def _saved(picture: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def avi(pictures: Sequence[Image.Image]) -> bytes:
    """Motion JPEG in AVI, two pictures a second: no browser plays it."""
    width, height = pictures[0].size
    bodies = [_saved(p, "JPEG", quality=80) for p in pictures]
    largest = max(map(len, bodies))

    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    def collected(name: bytes, body: bytes) -> bytes:
        return chunk(b"LIST", name + body)

    micros = FRAME_MS * 1000
    head = struct.pack("<14I", micros, 0, 0, 0x10, len(bodies), 0, 1, largest, width, height, 0, 0, 0, 0)
    stream = struct.pack(
        "<4s4sIHHIIIIIIIIHHHH", b"vids", b"MJPG", 0, 0, 0, 0, micros, 1_000_000, 0, len(bodies), largest, 0, 0, 0, 0,
        width, height,
    )  # fmt: skip
    shape = struct.pack("<IiiHH4sIiiII", 40, width, height, 1, 24, b"MJPG", width * height * 3, 0, 0, 0, 0)
    headers = chunk(b"avih", head) + collected(b"strl", chunk(b"strh", stream) + chunk(b"strf", shape))
    movie = b"".join(chunk(b"00dc", body) for body in bodies)
    return chunk(b"RIFF", b"AVI " + collected(b"hdrl", headers) + collected(b"movi", movie))


def webm(pictures: Sequence[Image.Image]) -> bytes:
    """VP8 in WebM, two pictures a second, every one a key frame."""
    width, height = pictures[0].size
    bodies = [_vp8(_saved(p, "WEBP", quality=60, method=0)) for p in pictures]
    info = _element(0x2AD7B1, b"\x0f\x42\x40") + _element(0x4489, struct.pack(">d", len(bodies) * FRAME_MS))
    info += _element(0x4D80, b"tests") + _element(0x5741, b"tests")
    track = b"".join((
        _element(0xD7, b"\x01"), _element(0x73C5, b"\x01"), _element(0x83, b"\x01"), _element(0x86, b"V_VP8"),
        _element(0xE0, _element(0xB0, struct.pack(">H", width)) + _element(0xBA, struct.pack(">H", height))),
    ))  # fmt: skip
    clusters = b"".join(
        _element(0x1F43B675, _element(0xE7, struct.pack(">I", n * FRAME_MS)) + _element(0xA3, b"\x81\0\0\x80" + body))
        for n, body in enumerate(bodies)
    )
    kind = _element(0x4282, b"webm") + _element(0x4287, b"\x04") + _element(0x4285, b"\x02")
    segment = _element(0x1549A966, info) + _element(0x1654AE6B, _element(0xAE, track)) + clusters
    return _element(0x1A45DFA3, kind) + _element(0x18538067, segment)


def _element(number: int, body: bytes) -> bytes:
    """An element of EBML, its length always in eight bytes."""
    name = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return name + (len(body) | 1 << 56).to_bytes(8, "big") + body


def _vp8(webp: bytes) -> bytes:
    start = webp.index(b"VP8 ")
    length = int.from_bytes(webp[start + 4 : start + 8], "little")
    return webp[start + 8 : start + 8 + length]


def mp4(pictures: Sequence[Image.Image]) -> bytes:
    """AV1 in MP4, two pictures a second, every one a key frame; the index comes first."""
    width, height = pictures[0].size
    pairs = [_av1(_saved(p, "AVIF", quality=50, speed=10)) for p in pictures]
    bodies, settings = [body for body, _ in pairs], pairs[0][1]
    kind = _box(b"ftyp", b"isom\0\0\2\0isomav01mp42")
    before = len(kind) + len(_index(bodies, settings, (width, height), 0)) + 8
    return kind + _index(bodies, settings, (width, height), before) + _box(b"mdat", b"".join(bodies))


def unplayable_mp4(pictures: Sequence[Image.Image]) -> bytes:
    """An MP4 that calls its pictures HEVC, which most browsers do not play."""
    return mp4(pictures).replace(b"av01", b"hvc1").replace(b"av1C", b"hvcC")


def _index(bodies: Sequence[bytes], settings: bytes, size: tuple[int, int], start: int) -> bytes:
    width, height = size
    length, matrix = len(bodies) * FRAME_MS, struct.pack(">9I", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    sample = b"\0" * 6 + b"\0\1" + b"\0" * 16 + struct.pack(">HH", width, height)
    sample += struct.pack(">IIIH", 72 << 16, 72 << 16, 0, 1) + b"\0" * 32 + b"\0\x18\xff\xff" + settings
    tables = b"".join((
        _full(b"stsd", struct.pack(">I", 1) + _box(b"av01", sample)),
        _full(b"stts", struct.pack(">III", 1, len(bodies), FRAME_MS)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, len(bodies), 1)),
        _full(b"stsz", struct.pack(">II", 0, len(bodies)) + b"".join(struct.pack(">I", len(b)) for b in bodies)),
        _full(b"stco", struct.pack(">II", 1, start)),
    ))  # fmt: skip
    places = _box(b"dinf", _full(b"dref", struct.pack(">I", 1) + _full(b"url ", b"", 1)))
    handler = _full(b"hdlr", b"\0" * 4 + b"vide" + b"\0" * 12 + b"tests\0")
    media = _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, 1000, length, 0x55C4, 0)) + handler
    media += _box(b"minf", _full(b"vmhd", b"\0" * 8, 1) + places + _box(b"stbl", tables))
    shown = struct.pack(">IIIIIQHHHH", 0, 0, 1, 0, length, 0, 0, 0, 0, 0) + matrix
    track = _full(b"tkhd", shown + struct.pack(">II", width << 16, height << 16), 7) + _box(b"mdia", media)
    movie = struct.pack(">IIIIIH", 0, 0, 1000, length, 65536, 256) + b"\0" * 10 + matrix + b"\0" * 24
    return _box(b"moov", _full(b"mvhd", movie + struct.pack(">I", 2)) + _box(b"trak", track))


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body


def _full(name: bytes, body: bytes, flags: int = 0) -> bytes:
    return _box(name, struct.pack(">I", flags) + body)


def _av1(avif: bytes) -> tuple[bytes, bytes]:
    """The one picture of an AVIF, and the box that says how it is coded."""
    at = avif.index(b"av1C") - 4
    settings = avif[at : at + int.from_bytes(avif[at : at + 4], "big")]
    at = avif.index(b"mdat") - 4
    return avif[at + 8 : at + int.from_bytes(avif[at : at + 4], "big")], settings


def cues(lines: Sequence[str], form: str = "vtt", seconds: float = 1) -> bytes:
    """Captions, a line each `seconds`, as WebVTT or SubRip."""
    mark = "," if form == "srt" else "."

    def clock(n: float) -> str:
        return f"00:{int(n) // 60:02}:{int(n) % 60:02}{mark}{int(n * 1000) % 1000:03}"

    blocks = [f"{clock(n * seconds)} --> {clock((n + 1) * seconds)}\n{line}" for n, line in enumerate(lines)]
    if form == "srt":
        return "\r\n\r\n".join(f"{n}\r\n{block}" for n, block in enumerate(blocks, 1)).encode()
    return ("WEBVTT\n\n" + "\n\n".join(blocks) + "\n").encode()
