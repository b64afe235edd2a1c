"""The peaks of a recording (see `indexer.peaks`), decoded by libsndfile. Runs in the child process only.

A recording is decoded once, a block at a time; the stretches become twice as long whenever there are too many of them,
so that its length need not be known (headers lie) and memory stays that of one block.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from indexer.errors import RenditionError
from indexer.peaks import MAX_POINTS, MAX_SAMPLE_RATE, Peaks, dump_peaks

FORMATS = {
    "audio/mpeg": ("MP3",),
    "audio/ogg": ("OGG",),
    "audio/flac": ("FLAC",),
    "audio/wav": ("WAV", "WAVEX", "RF64"),
}
"""What is decoded, with libsndfile's names: it finds the kind of a file by itself and knows many more."""
MAX_SECONDS = 6 * 3600
"""Of a recording; a longer one is not decoded."""
_MAX_CHANNELS = 16
_BLOCK = 1 << 17
"""Samples of all channels that are decoded at a time: half a mebibyte."""
_FINEST = 64
"""Samples of a stretch at the beginning."""

_Samples = NDArray[np.float32]


class _Stretches:
    """The lowest and the highest sample of equal stretches, at most `MAX_POINTS` of them."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.size = _FINEST
        self._lows: list[float] = []
        self._highs: list[float] = []
        self._open = (0.0, 0.0, 0)
        """Lowest, highest and number of the samples that do not fill a stretch yet."""

    def add(self, samples: _Samples) -> None:
        """Go on with `samples` of one channel."""
        missing = self.size - self._open[2] if self._open[2] else 0
        self._widen(samples[:missing])
        if self._open[2] == self.size:
            self._close()
        rest = samples[missing:]
        whole = len(rest) // self.size * self.size
        groups = rest[:whole].reshape(-1, self.size)
        self._lows += groups.min(axis=1).tolist()
        self._highs += groups.max(axis=1).tolist()
        tail = rest[whole:]
        while len(self._lows) > MAX_POINTS:
            self._halve()
        self._widen(tail)

    def _widen(self, samples: _Samples) -> None:
        if len(samples):
            self._join(float(samples.min()), float(samples.max()), len(samples))

    def _join(self, low: float, high: float, count: int) -> None:
        before, after, counted = self._open
        self._open = (min(before, low), max(after, high), counted + count) if counted else (low, high, count)

    def _close(self) -> None:
        low, high, _ = self._open
        self._lows.append(low)
        self._highs.append(high)
        self._open = (0.0, 0.0, 0)

    def _halve(self) -> None:
        """Make one stretch of two; an odd one at the end waits for its other half."""
        if len(self._lows) % 2:
            self._join(self._lows.pop(), self._highs.pop(), self.size)
        self._lows = [min(pair) for pair in zip(self._lows[::2], self._lows[1::2], strict=True)]
        self._highs = [max(pair) for pair in zip(self._highs[::2], self._highs[1::2], strict=True)]
        self.size *= 2

    def finish(self) -> tuple[int, ...]:
        """Lowest and highest of each stretch in 8 bits; infinities are cut, what is no number counts as silence."""
        if self._open[2]:
            self._close()
        while len(self._lows) > MAX_POINTS:
            self._halve()
            if self._open[2]:
                self._close()
        pairs = np.nan_to_num(np.stack([self._lows, self._highs], axis=1), posinf=1, neginf=-1)
        return tuple(np.clip(np.trunc(pairs * 128), -128, 127).astype(int).ravel().tolist())


def make(file: BinaryIO, media_type: str) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: the peaks as a file. Values: none.

    Raises:
        RenditionError: the recording is of another kind, damaged, empty or longer than `MAX_SECONDS`.
    """
    if media_type not in FORMATS:
        raise RenditionError(f"no peaks are made of {media_type}")
    with soundfile.SoundFile(file) as sound:
        if sound.format not in FORMATS[media_type]:
            raise RenditionError(f"{sound.format}, which is not {media_type}")
        if not 1 <= sound.samplerate <= MAX_SAMPLE_RATE or not 1 <= sound.channels <= _MAX_CHANNELS:
            raise RenditionError("a number of channels or samples that no recording has")
        most = MAX_SECONDS * sound.samplerate
        if sound.frames > most:
            raise RenditionError("it says that it is too long")
        stretches = _measured(sound, most)
        return {}, (dump_peaks(Peaks(sound.samplerate, stretches.size, stretches.finish())),)


def _measured(sound: soundfile.SoundFile, most: int) -> _Stretches:
    block = np.empty((_BLOCK // sound.channels, sound.channels), dtype=np.float32)
    mix = np.full(sound.channels, 1 / sound.channels, dtype=np.float32)
    stretches, done = _Stretches(), 0
    while count := sound.buffer_read_into(block, dtype="float32"):
        done += count
        if done > most:
            raise RenditionError("it is too long")
        stretches.add(block[:count, 0] if sound.channels == 1 else block[:count] @ mix)
    if not done:
        raise RenditionError("there is no sound in it")
    return stretches
