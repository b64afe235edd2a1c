"""Files of peaks: what is written comes back, what is out of bounds or form is refused, whatever the bytes are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import peaks as form
from indexer.errors import IndexFormatError
from indexer.peaks import Peaks, dump_peaks, load_peaks

PAIRS = st.lists(st.tuples(st.integers(-128, 127), st.integers(-128, 127)).map(sorted), min_size=1, max_size=60)
WHOLE = {
    "bits": 8, "channels": 1, "data": [-1, 2], "length": 1, "sample_rate": 8000, "samples_per_pixel": 64, "version": 2,
}  # fmt: skip


def flat(pairs):
    return tuple(value for pair in pairs for value in pair)


@given(PAIRS, st.integers(1, form.MAX_SAMPLE_RATE), st.integers(1, form.MAX_SAMPLES_PER_PIXEL))
def test_peaks_within_bounds_come_back(pairs, rate, size):
    peaks = Peaks(rate, size, flat(pairs))
    assert load_peaks(dump_peaks(peaks)) == peaks


def test_peaks_as_many_and_as_long_as_may_be_fit_into_a_file():
    peaks = Peaks(form.MAX_SAMPLE_RATE, form.MAX_SAMPLES_PER_PIXEL, (-128, -127) * form.MAX_POINTS)
    assert load_peaks(dump_peaks(peaks)) == peaks


@given(st.binary(max_size=300))
def test_load_peaks_any_bytes_are_peaks_or_refused(body):
    with pytest.raises(IndexFormatError):
        load_peaks(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(sorted(WHOLE)), JSON | st.lists(st.integers(-200, 200), min_size=2, max_size=2))
def test_load_peaks_any_member_replaced_is_in_bounds_or_refused(name, value):
    try:
        peaks = load_peaks(json.dumps({**WHOLE, name: value}).encode())
    except IndexFormatError:
        return
    assert 1 <= len(peaks.data) // 2 <= form.MAX_POINTS
    assert all(type(n) is int and -128 <= n <= 127 for n in peaks.data)
    assert 1 <= peaks.sample_rate <= form.MAX_SAMPLE_RATE
    assert 1 <= peaks.samples_per_pixel <= form.MAX_SAMPLES_PER_PIXEL


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 1},
        {"version": 2.0},
        {"bits": 16},
        {"channels": 2},
        {"channels": True},
        {"length": 0, "data": []},
        {"length": 2},
        {"data": [1, -1]},
        {"data": [-129, 0]},
        {"data": [0, 128]},
        {"data": [0.0, 1]},
        {"data": [False, True]},
        {"data": {"0": 1, "1": 2}},
        {"sample_rate": 0},
        {"sample_rate": 10**9},
        {"samples_per_pixel": 0},
        {"samples_per_pixel": 10**30},
        {"length": 2001, "data": [0, 0] * 2001},
    ],
)
def test_load_peaks_out_of_bounds_is_refused(changed):
    assert load_peaks(json.dumps(WHOLE).encode())
    with pytest.raises(IndexFormatError):
        load_peaks(json.dumps({**WHOLE, **changed}).encode())


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"[" * 30_000, b'{"version":NaN}', b"9" * 9000, b" " * 40_000])
def test_load_peaks_no_object_is_refused(body):
    with pytest.raises(IndexFormatError):
        load_peaks(body)
