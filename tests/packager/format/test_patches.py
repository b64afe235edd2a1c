"""Patches of items and of lists: what they make, what they refuse, how small they are."""

from __future__ import annotations

import contextlib
import io
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packager.format.errors import PatchError
from packager.format.line_patches import MAGIC, apply_line_patch, make_line_patch, number
from packager.format.patches import WINDOW, apply_frame, longest_frame, make_frame, windows_of


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


@given(st.binary(max_size=3000), st.binary(max_size=3000), st.integers(0, 3000))
def test_frame_makes_the_new_bytes_out_of_the_old(old, extra, at):
    new = old[:at] + extra + old[at:]
    frame = make_frame(new, old)
    assert len(frame) <= longest_frame(len(new))
    assert apply_frame(frame, len(new), old) == new


def test_frame_of_an_edited_file_holds_little_more_than_the_edit():
    old = noise(3_000_000)
    new = old[:1_000_000] + noise(500, 2) + old[1_000_100:]
    assert len(make_frame(new, old)) < 900
    assert len(make_frame(noise(100_000), b"")) <= longest_frame(100_000)


def test_frame_without_its_old_bytes_or_with_others_is_refused_or_makes_other_bytes():
    old = noise(100_000)
    frame = make_frame(old + b"new", old)
    for other in (b"", noise(100_000, 5), old[:-1]):
        try:
            made = apply_frame(frame, 100_003, other)
        except PatchError:
            continue
        assert made != old + b"new"


@pytest.mark.parametrize("size", [0, 99, 101, WINDOW + 1])
def test_frame_that_makes_another_number_of_bytes_is_refused(size):
    with pytest.raises(PatchError):
        apply_frame(make_frame(b"a" * 100), size)


def test_frame_with_something_behind_it_or_cut_is_refused():
    frame = make_frame(noise(1000))
    for wrong in (frame + b"x", frame + frame, frame[:-1], frame[:10], b"", b"no frame at all"):
        with pytest.raises(PatchError):
            apply_frame(wrong, 1000)


def test_bomb_makes_no_more_than_it_may():
    bomb = make_frame(b"\0" * WINDOW)
    assert len(bomb) < 10_000
    with pytest.raises(PatchError):
        apply_frame(bomb, 1000)


@settings(max_examples=300)
@given(st.binary(max_size=200), st.binary(max_size=50))
def test_any_bytes_as_a_frame_end_in_the_typed_error_or_in_the_promised_bytes(frame, old):
    with contextlib.suppress(PatchError):
        assert len(apply_frame(frame, 64, old)) == 64


@pytest.mark.parametrize(
    ("size", "old"),
    [(0, 0), (5, 0), (WINDOW, WINDOW), (WINDOW + 1, 3), (5 * WINDOW + 7, 4 * WINDOW), (3, 9 * WINDOW)],
)
def test_windows_cover_the_new_file_and_stay_within_the_old_one(size, old):
    at = 0
    for first, length, start, count in windows_of(size, old):
        assert first == at
        assert length <= WINDOW
        assert count <= WINDOW
        assert 0 <= start <= start + count <= old
        at += length
    assert at == size


# — lists —


def lines_of(*texts: str) -> list[bytes]:
    return [f"{text}\n".encode() for text in texts]


def key(line: bytes) -> bytes:
    return line.split(b" ", 1)[0].rstrip(b"\n")


def applied(old: list[bytes], patch: bytes, max_size: int = 1 << 30) -> bytes:
    out = io.BytesIO()
    apply_line_patch(io.BytesIO(b"".join(old)), io.BytesIO(patch), out.write, max_size)
    return out.getvalue()


LISTS = st.dictionaries(st.text("abcdefg", min_size=1, max_size=4), st.text("xyz ", max_size=6), max_size=40).map(
    lambda found: lines_of(*(f"{name} {value}" for name, value in sorted(found.items())))
)


@settings(max_examples=300)
@given(LISTS, LISTS)
def test_patch_makes_any_sorted_list_out_of_any_other(old, new):
    assert applied(old, b"".join(make_line_patch(old, new, key))) == b"".join(new)


def test_patch_over_many_stretches_makes_the_new_list(monkeypatch):
    monkeypatch.setattr("packager.format.line_patches.STRETCH", 300)
    monkeypatch.setattr("packager.format.line_patches._BLOCK", 97)
    random_ = random.Random(3)
    old = {f"{n:06d}": random_.choice("abc") * random_.randrange(40) for n in range(2000)}
    new = {k: (v + "!" if random_.random() < 0.1 else v) for k, v in old.items() if random_.random() > 0.05}
    new |= {f"{n:06d}x": "come" for n in range(0, 2000, 37)}
    before, after = (lines_of(*(f"{k} {v}" for k, v in sorted(d.items()))) for d in (old, new))
    patch = b"".join(make_line_patch(before, after, key))
    assert applied(before, patch) == b"".join(after)


def test_patch_of_a_list_with_one_line_in_a_hundred_changed_is_small():
    old = [f"{n:07d} {noise(40, n).hex()}" for n in range(20_000)]
    new = [f"{line}x" if n % 100 == 0 else line for n, line in enumerate(old)]
    patch = b"".join(make_line_patch(lines_of(*old), lines_of(*new), key))
    assert len(patch) < 200 * 9  # of 200 changed lines of 88 bytes each
    assert applied(lines_of(*old), patch) == b"".join(lines_of(*new))


def test_equal_lists_need_ten_bytes():
    old = lines_of("a", "b")
    assert b"".join(make_line_patch(old, old, key)) == MAGIC + number(0)


@pytest.mark.parametrize("cut", range(1, 30, 3))
def test_patch_that_is_cut_is_refused(cut):
    patch = b"".join(make_line_patch(lines_of("a 1", "b 2"), lines_of("a 1", "b 3", "c 4"), key))
    with pytest.raises(PatchError):
        applied(lines_of("a 1", "b 2"), patch[:-cut])


def test_patch_for_another_list_is_refused_or_makes_another_list():
    old, new = lines_of("a 1", "b 2", "c 3"), lines_of("a 1", "c 4")
    patch = b"".join(make_line_patch(old, new, key))
    for other in ([], lines_of("a 1"), lines_of("a 1", "b 2222", "c 3"), lines_of("x")):
        try:
            assert applied(other, patch) != b"".join(new)
        except PatchError:
            continue


def test_patch_that_makes_too_much_or_goes_on_is_refused():
    old, new = lines_of("a 1"), lines_of("a 1", "b" * 100)
    patch = b"".join(make_line_patch(old, new, key))
    with pytest.raises(PatchError):
        applied(old, patch, len(b"".join(new)) - 1)
    with pytest.raises(PatchError):
        applied(old, patch + b"x")
    with pytest.raises(PatchError):
        applied(old, b"other" + patch)


@pytest.mark.parametrize("numbers", [(5 << 20, 0, 0, 0), (3, 99 << 20, 0, 0), (3, 0, 99 << 20, 0), (3, 0, 1, 99 << 20)])
def test_stretch_over_its_bounds_is_refused_before_anything_is_read(numbers):
    with pytest.raises(PatchError, match="too long"):
        applied([], MAGIC + b"".join(map(number, numbers)))


@settings(max_examples=300)
@given(st.binary(max_size=120))
def test_any_bytes_as_a_patch_end_in_the_typed_error_or_in_a_list(content):
    with contextlib.suppress(PatchError):
        applied(lines_of("a 1", "b 2"), MAGIC + content, 1000)
