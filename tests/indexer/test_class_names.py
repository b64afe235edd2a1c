"""Names of classes: what is written is read, and what is out of bounds is refused."""

from __future__ import annotations

from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.class_names import MAX_NAME, ClassName, dump_classes, read_classes
from indexer.errors import IndexFormatError

PRINTED = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=8).map(lambda t: normalize("NFC", t)[:8])
CLASSES = st.builds(ClassName, PRINTED, st.one_of(st.just(""), PRINTED), PRINTED, st.one_of(st.just(""), PRINTED))


@given(st.lists(CLASSES, max_size=12))
def test_classes_that_are_written_are_read(tmp_path_factory: pytest.TempPathFactory, classes: list[ClassName]) -> None:
    path = tmp_path_factory.mktemp("classes") / "classes.jsonl"
    path.write_bytes(b"".join(dump_classes(classes)))
    read = read_classes(path)
    first = {one.key: one for one in reversed(classes)}
    assert read.names == {key: one.name for key, one in first.items()}
    assert read.parents == {key: f"{one.scheme}:{one.parent}" for key, one in first.items() if one.parent}


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{",
        b'{"scheme":"s","code":"c"}',
        b'{"scheme":"","code":"c","name":"n"}',
        b'{"scheme":"s","code":"c","name":1}',
        b'{"scheme":"s","code":"c","name":"n","more":"m"}',
        b'{"scheme":"s","code":"c","name":"n\\u202e"}',
        b'{"scheme":"s","code":"%s","name":"n"}' % (b"c" * 48),
        b'{"scheme":"s","code":"c","name":"%s"}' % (b"n" * (MAX_NAME + 1)),
        b"[" * 1500,
        b" " * 3000,
        b"\xff",
    ],
)
def test_classes_out_of_bounds_are_refused(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "classes.jsonl"
    path.write_bytes(b'{"code":"a","name":"b","scheme":"c"}\n' + line + b"\n")
    with pytest.raises(IndexFormatError):
        read_classes(path)
