"""The folder of derived views: bounded, least recently used first out, whole files only, learns what it holds."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import BusyError
from appliance.web.renditions_cache import RenditionCache

BLOCK = 4096


def key(name: str) -> str:
    return RenditionCache.key(1, name)


def test_put_content_is_got_back(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path)
    assert cache.get(key("a")) is None
    cache.put(key("a"), b"first")
    found = cache.get(key("a"))
    assert found is not None
    assert found.read_bytes() == b"first"
    assert cache.total() == BLOCK


def test_put_makes_the_bytes_durable_before_they_have_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut after the name and before the bytes left an empty file, which was then served for ever."""
    synced: list[bytes] = []

    def fsync(descriptor: int) -> None:
        assert not [path for path in cache.folder.rglob("*") if path.is_file() and not path.name.startswith(".new-")]
        synced.append(Path(f"/proc/self/fd/{descriptor}").read_bytes())

    cache = RenditionCache(tmp_path)
    monkeypatch.setattr("os.fsync", fsync)
    cache.put(key("a"), b"all of it")
    assert synced == [b"all of it"]


def test_put_same_key_again_counts_once(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path)
    cache.put(key("a"), b"first")
    cache.put(key("a"), b"second one")
    assert cache.total() == BLOCK


def test_put_beyond_the_bound_drops_the_least_recently_used(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path, max_bytes=3 * BLOCK)
    for name in ("a", "b", "c"):
        cache.put(key(name), bytes(300))
    assert cache.get(key("a")) is not None
    cache.put(key("d"), bytes(300))
    assert cache.get(key("a")) is not None
    assert cache.get(key("b")) is None
    assert cache.total() <= 3 * BLOCK


def test_get_file_removed_by_somebody_is_none_and_uncounted(tmp_path: Path) -> None:
    cache = RenditionCache(tmp_path)
    cache.put(key("a"), b"first").unlink()
    assert cache.get(key("a")) is None
    assert cache.total() == 0


def test_start_takes_stock_and_removes_what_was_half_written(tmp_path: Path) -> None:
    first = RenditionCache(tmp_path)
    first.put(key("a"), b"kept")
    left = first.folder / ".new-half"
    left.write_bytes(b"half")
    second = RenditionCache(tmp_path)
    assert second.get(key("a")) is not None
    assert second.total() == BLOCK
    assert not left.exists()


def test_start_smaller_bound_drops_the_oldest(tmp_path: Path) -> None:
    first = RenditionCache(tmp_path)
    for age, name in enumerate(("a", "b", "c")):
        path = first.put(key(name), bytes(100))
        os.utime(path, (1000 + age, 1000 + age))
    second = RenditionCache(tmp_path, max_bytes=2 * BLOCK + 1)
    assert second.get(key("a")) is None
    assert second.get(key("c")) is not None


def test_put_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = RenditionCache(tmp_path)

    def refuse(_self: Path, _target: Path) -> Path:
        raise OSError(28, "no space left")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no space"):
        cache.put(key("a"), b"content")
    assert cache.get(key("a")) is None
    assert [p.name for p in cache.folder.iterdir() if p.name.startswith(".new-")] == []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2 * BLOCK)), max_size=40))
def test_total_is_what_lies_in_the_folder(
    tmp_path_factory: pytest.TempPathFactory, puts: list[tuple[int, int]]
) -> None:
    cache = RenditionCache(tmp_path_factory.mktemp("cache"), max_bytes=4 * BLOCK)
    for name, size in puts:
        cache.put(key(str(name)), bytes(size))
    lying = sum(max(1, -(-p.stat().st_size // BLOCK)) * BLOCK for p in cache.folder.rglob("*") if p.is_file())
    assert cache.total() == lying
    assert lying <= 4 * BLOCK


def test_keep_full_ssd_gives_the_bytes_and_says_so_once(tmp_path: Path, monkeypatch, caplog) -> None:
    cache = RenditionCache(tmp_path)

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("tempfile.NamedTemporaryFile", full)
        views = [cache.keep(key(name), b"0123456789") for name in ("a", "b")]
    assert len(caplog.records) == 1
    assert cache.get(key("a")) is None
    for view in views:
        assert (view.read(), view.read(3, 2), view.read(8), view.size) == (b"0123456789", b"34", b"89", 10)
        assert view.for_sending().read() == b"0123456789"
    kept = cache.keep(key("a"), b"0123456789")
    assert cache.get(key("a")) == kept.content
    assert (kept.read(), kept.read(3, 2), kept.read(8), kept.size) == (b"0123456789", b"34", b"89", 10)


def test_view_driven_out_while_it_is_read_is_busy(tmp_path: Path) -> None:
    view = RenditionCache(tmp_path).keep(key("a"), b"x")
    view.content.unlink()
    with pytest.raises(BusyError):
        view.read()
    with pytest.raises(BusyError):
        _ = view.size
