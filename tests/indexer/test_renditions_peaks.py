"""Peaks through the confined child: right values of every codec, and an answer or a typed error of whatever comes."""

from __future__ import annotations

import contextlib
import io
import os
import random
import struct
import time
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import RenditionError
from indexer.peaks import MAX_POINTS
from indexer.renditions import BytesSource, FileSource, Renditions
from indexer.renditions.extraction import PEAKS_LIMITS, PEAKS_TYPES, Extraction
from indexer.renditions.peaks import FORMATS, _Stretches
from tests.generated import sound

RATE = 8000
CODECS = [
    ("audio/mpeg", "MP3", "MPEG_LAYER_III"),
    ("audio/ogg", "OGG", "VORBIS"),
    ("audio/ogg", "OGG", "OPUS"),
    ("audio/flac", "FLAC", "PCM_16"),
    ("audio/wav", "WAV", "PCM_24"),
    ("audio/wav", "WAVEX", "FLOAT"),
    ("audio/wav", "WAV", "ULAW"),
]


@pytest.fixture(scope="module")
def extraction():
    with Renditions() as renditions:
        yield Extraction(renditions.sandbox)


def swelling(seconds=3.0, rate=RATE):
    """A tone that is silent in its first third, soft in its second and loud in its last."""
    n = int(seconds * rate)
    steps = np.repeat([0.0, 0.25, 0.75], n // 3)
    return (steps * np.sin(2 * np.pi * 400 * np.arange(len(steps)) / rate)).astype(np.float32)


def encoded(samples, form, codec, rate=RATE):
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=form, subtype=codec)
    return out.getvalue()


def loudness(peaks):
    """The highest sample of each third."""
    highs, third = peaks.data[1::2], len(peaks.data) // 6
    return [max(highs[n * third + 8 : (n + 1) * third - 8]) for n in range(3)]


@pytest.mark.parametrize(("media_type", "form", "codec"), CODECS)
def test_peaks_of_every_codec_show_where_it_is_loud(extraction, media_type, form, codec):
    found = extraction.peaks(BytesSource(encoded(swelling(), form, codec)), media_type)
    assert found.sample_rate == RATE
    seconds = len(found.data) // 2 * found.samples_per_pixel / found.sample_rate
    assert seconds == pytest.approx(3, abs=0.2)
    silent, soft, loud = loudness(found)
    assert silent <= 2
    assert soft == pytest.approx(32, abs=4)
    assert loud == pytest.approx(96, abs=6)


def test_peaks_of_wav_are_exact_and_in_order(extraction):
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((2, 2, 1000, 0, "NONE", ""))
        low, high = struct.pack("<hh", -32768, -32768), struct.pack("<hh", 32767, 16384 - 32767)
        file.writeframes(low * 64 + high * 64 + bytes(4) * 10)
    found = extraction.peaks(BytesSource(out.getvalue()), "audio/wav")
    assert (found.sample_rate, found.samples_per_pixel) == (1000, 64)
    assert found.data == (-128, -128, 32, 32, 0, 0)


def test_peaks_of_a_long_recording_stay_few(extraction):
    found = extraction.peaks(BytesSource(sound(600)), "audio/wav")
    assert MAX_POINTS // 2 <= len(found.data) // 2 <= MAX_POINTS
    assert len(found.data) // 2 * found.samples_per_pixel / found.sample_rate == pytest.approx(600, rel=0.001)
    assert set(found.data) == {0}


@given(st.lists(st.integers(1, 900), max_size=12), st.integers(0, 2**32 - 1))
def test_stretches_of_any_blocks_are_those_of_the_whole(sizes, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("indexer.renditions.peaks.MAX_POINTS", 10)
        patch.setattr("indexer.renditions.peaks._FINEST", 4)
        noise = np.random.default_rng(seed).uniform(-1, 1, sum(sizes)).astype(np.float32)
        made = _Stretches()
        for block in np.split(noise, np.cumsum(sizes)[:-1] if sizes else []):
            made.add(block)
        found = made.finish()
    assert len(found) // 2 <= 10
    assert len(noise) == 0 or len(noise) <= 4 * 10 or len(found) // 2 >= 5
    parts = [noise[n : n + made.size] for n in range(0, len(noise), made.size)]
    assert found == tuple(int(v) for p in parts for v in (np.trunc(p.min() * 128), np.trunc(p.max() * 128)))


def test_peaks_of_floats_that_are_no_numbers_are_within_bounds(extraction):
    odd = np.array([np.nan] * 70 + [np.inf] * 70 + [-np.inf] * 70 + [5.0] * 70 + [-1e-30] * 70, dtype=np.float32)
    found = extraction.peaks(BytesSource(encoded(odd, "WAV", "FLOAT")), "audio/wav")
    assert {-128, 127, 0} == set(found.data)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Format not recognised"),
        (b"RIFF\xff\xff\xff\xffWAVE", "Error opening"),
        (b"ID3\x04\0\0\x7f\x7f\x7f\x7f", "Error opening"),
        (encoded(np.zeros(0, np.float32), "WAV", "PCM_16"), "no sound"),
        (encoded(np.zeros(21_601, np.float32), "WAV", "PCM_16", rate=1), "too long"),
        (encoded(np.zeros((10, 17), np.float32), "WAV", "PCM_16"), "channels"),
        (encoded(swelling(), "FLAC", "PCM_16"), "FLAC, which is not audio/wav"),
        (encoded(swelling(), "AIFF", "PCM_16"), "AIFF, which is not audio/wav"),
    ],
)
def test_peaks_of_what_is_no_such_recording_are_the_typed_error(extraction, body, reason):
    with pytest.raises(RenditionError, match=reason):
        extraction.peaks(BytesSource(body), "audio/wav")


def test_peaks_of_other_kinds_are_refused_and_both_lists_agree(extraction):
    assert set(FORMATS) == PEAKS_TYPES
    with pytest.raises(RenditionError, match="no peaks are made of audio/mp4"):
        extraction.peaks(BytesSource(b""), "audio/mp4")


def tried(extraction, source, media_type):
    started = time.monotonic()
    with contextlib.suppress(RenditionError):
        found = extraction.peaks(source, media_type)
        assert len(found.data) // 2 <= MAX_POINTS
    assert time.monotonic() - started < PEAKS_LIMITS.wall


def flipped(body, noise):
    """The same with one to twenty bytes changed or the end cut off."""
    changed = bytearray(body)
    for _ in range(noise.randint(1, 20)):
        changed[noise.randrange(min(len(changed), noise.choice((200, len(changed)))))] = noise.randrange(256)
    return bytes(changed[: noise.randint(1, len(changed))] if noise.random() < 0.2 else changed)


@pytest.mark.parametrize(("media_type", "form", "codec"), CODECS)
def test_peaks_of_a_damaged_recording_are_a_result_or_the_typed_error(extraction, media_type, form, codec):
    body, noise = encoded(swelling(0.6), form, codec), random.Random(codec)
    for _ in range(8):
        tried(extraction, BytesSource(flipped(body, noise)), media_type)


@pytest.mark.slow
@pytest.mark.parametrize(("media_type", "form", "codec"), CODECS)
def test_peaks_of_many_damaged_recordings_are_a_result_or_the_typed_error(extraction, media_type, form, codec):
    body, noise = encoded(swelling(1.5), form, codec), random.Random(codec)
    for _ in range(500):
        tried(extraction, BytesSource(flipped(body, noise)), media_type)


COLLECTION = os.environ.get("SHUXIANG_COLLECTION", "")
HOSTILE = sorted(p for p in (Path(COLLECTION) / "hostile").iterdir() if p.is_file()) if COLLECTION else []


@pytest.mark.collection
@pytest.mark.skipif(not COLLECTION, reason="SHUXIANG_COLLECTION is not set")
@pytest.mark.parametrize("path", HOSTILE, ids=lambda p: p.name[:60])
def test_peaks_of_a_hostile_file_are_a_result_or_the_typed_error(extraction, path):
    kinds = PEAKS_TYPES if path.suffix == ".mp3" else {"audio/mpeg", "audio/wav"}
    with FileSource(path) as source:
        for media_type in sorted(kinds):
            tried(extraction, source, media_type)
