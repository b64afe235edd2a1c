"""The peaks of a recording: how loud it is along its length, as a player draws it. docs/format.md has the form.

It is the JSON of BBC audiowaveform, version 2, with 8 bits and one channel, so that other tools read it too:
{"bits":8,"channels":1,"data":[min,max,…],"length":…,"sample_rate":…,"samples_per_pixel":…,"version":2}
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from indexer.errors import IndexFormatError

VERSION, BITS, CHANNELS = 2, 8, 1
MAX_POINTS = 2000
"""Pairs of a file: more than a screen has room for."""
MAX_BYTES = 32 << 10
"""Of a file; 2,000 pairs take at most 20 kB."""
MAX_SAMPLE_RATE = 384_000
MAX_SAMPLES_PER_PIXEL = 1 << 31
PEAKS_TYPE = "application/json"
_LOWEST, _HIGHEST = -(1 << (BITS - 1)), (1 << (BITS - 1)) - 1


@dataclass(frozen=True, slots=True)
class Peaks:
    """The lowest and the highest sample of each stretch of a recording, its channels mixed.

    Attributes:
        sample_rate: samples a second, from 1.
        samples_per_pixel: samples of a stretch, from 1; the last one may be shorter.
        data: lowest and highest of the first stretch, of the second …, each -128 to 127; 1 to `MAX_POINTS` pairs.
    """

    sample_rate: int
    samples_per_pixel: int
    data: tuple[int, ...] = field(repr=False)


def dump_peaks(peaks: Peaks) -> bytes:
    """The one form of peaks as a file: canonical JSON, ended by a line feed."""
    values = {
        "bits": BITS,
        "channels": CHANNELS,
        "data": peaks.data,
        "length": len(peaks.data) // 2,
        "sample_rate": peaks.sample_rate,
        "samples_per_pixel": peaks.samples_per_pixel,
        "version": VERSION,
    }
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def load_peaks(body: bytes) -> Peaks:
    """The peaks of a file, within bounds.

    Raises:
        IndexFormatError: it is too long, not in this form, or one of its numbers is out of bounds.
    """
    if len(body) > MAX_BYTES:
        raise IndexFormatError("peaks", f"more than {MAX_BYTES} bytes")
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise IndexFormatError("peaks", f"not JSON: {error}") from error
    if not isinstance(values, dict):
        raise IndexFormatError("peaks", "not an object")
    for name, only in (("version", VERSION), ("bits", BITS), ("channels", CHANNELS)):
        _whole(values, name, only, only)
    length = _whole(values, "length", 1, MAX_POINTS)
    data = values.get("data")
    if not isinstance(data, list) or len(data) != 2 * length:
        raise IndexFormatError("peaks", "data that is not as long as it says")
    if not all(type(value) is int and _LOWEST <= value <= _HIGHEST for value in data):
        raise IndexFormatError("peaks", "a peak out of bounds")
    if any(low > high for low, high in zip(data[::2], data[1::2], strict=True)):
        raise IndexFormatError("peaks", "a lowest sample above the highest")
    return Peaks(
        _whole(values, "sample_rate", 1, MAX_SAMPLE_RATE),
        _whole(values, "samples_per_pixel", 1, MAX_SAMPLES_PER_PIXEL),
        tuple(data),
    )


def _whole(values: dict[str, Any], name: str, least: int, most: int) -> int:
    value = values.get(name)
    if type(value) is not int or not least <= value <= most:
        raise IndexFormatError("peaks", f"{name} out of bounds")
    return value
