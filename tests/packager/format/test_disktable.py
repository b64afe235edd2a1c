"""disks.bin: which drive carries each item."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.format.disktable import read_disk_table, write_disk_table
from packager.format.errors import FormatError
from tests.simulator import FastFiles


@given(st.lists(st.integers(1, 999)), st.sampled_from([0, 70_000]))
def test_disk_table_gives_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, disks: list[int], more: int
) -> None:
    path = tmp_path_factory.mktemp("table") / "disks.bin"
    disks += [1 + n % 999 for n in range(more)]
    assert write_disk_table(path, iter(disks), FastFiles())[1] == 2 * len(disks)
    assert list(read_disk_table(path, 999)) == disks


@pytest.mark.parametrize("content", [b"\0", b"\0\0", b"\0\x01\0\x04", b"\0\x01\xff"])
def test_disk_table_that_is_cut_or_names_no_drive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "disks.bin").write_bytes(content)
    with pytest.raises(FormatError):
        list(read_disk_table(tmp_path / "disks.bin", 3))
