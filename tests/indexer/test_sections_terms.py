"""Terms in groups: what is written is read, what cannot be true is refused, whatever the bytes are."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.codec_terms import RECORD
from indexer.errors import IndexFormatError
from indexer.sections_terms import GROUP, GroupWriter, SectionTerm, TermGroups
from tests.fuzz.indexes import MemoryFile

SECTIONS = 1_000


def written(terms: list[str], *, step: int = 50) -> tuple[bytes, bytes, int, dict[str, SectionTerm]]:
    """The groups, their list, the bytes of postings, and what should be said of each term; `step` at a time."""
    out, offset, expected = io.BytesIO(), 8, {}
    writer = GroupWriter(out)
    ordered = sorted(terms, key=str.encode)
    for start in range(0, len(ordered), step):
        part = ordered[start : start + step]
        records = np.zeros(len(part), RECORD)
        for record, term in zip(records, part, strict=True):
            documents = 1 + len(term) * 7 % 5
            record["documents"], record["offset"], record["first"] = documents, offset, len(term) % SECTIONS
            record["max_weight"] = 3
            size = 0 if documents == 1 else 11 * documents
            single = SectionTerm(1, 0, 0, len(term) % SECTIONS, 3)
            expected[term] = SectionTerm(documents, offset, size) if size else single
            offset += size
        writer.add([term.encode() for term in part], records, offset)
    listed = writer.finish()
    return out.getvalue(), listed, offset, expected


def opened(groups: bytes, listed: bytes, size: int) -> TermGroups:
    """The reader of them."""
    return TermGroups(MemoryFile("x.trm", groups), MemoryFile("x.tri", listed), size, SECTIONS)


@settings(max_examples=40, deadline=None)
@given(
    st.sets(
        st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1, max_size=9), max_size=400
    )
)
def test_what_is_written_is_read(terms: set[str]) -> None:
    groups, listed, size, expected = written(sorted(terms))
    held = opened(groups, listed, size)
    assert held.count == len(terms)
    asked = [*expected, "no such term", "\U0010ffff"]
    assert held.figures(asked) == [expected.get(term) for term in asked]
    assert written(sorted(terms), step=7)[:3] == (groups, listed, size)


def test_a_look_up_is_one_read_of_a_group() -> None:
    terms = [f"词{n:05d}" for n in range(10 * GROUP)]
    groups, listed, size, expected = written(terms)
    file = MemoryFile("x.trm", groups)
    held, reads = TermGroups(file, MemoryFile("x.tri", listed), size, SECTIONS), []
    read = file.read
    file.read = lambda offset, length: reads.append(length) or read(offset, length)  # type: ignore[method-assign]
    assert held.figures(terms[3 * GROUP : 3 * GROUP + 5]) == [expected[t] for t in terms[3 * GROUP : 3 * GROUP + 5]]
    assert len(reads) == 1
    assert reads[0] < 4_000


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_crafted_bytes_give_what_may_be_or_a_typed_error(data: st.DataObject) -> None:
    terms = [f"词{n}" for n in range(300)]
    parts = list(written(terms)[:3])
    which = data.draw(st.integers(0, 1))
    content = bytearray(parts[which])  # type: ignore[call-overload]
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    parts[which] = bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        for found in opened(*parts).figures(terms):  # type: ignore[arg-type]
            if found is not None:
                assert 0 < found.documents <= SECTIONS
                assert found.row < SECTIONS
                assert found.offset + found.length <= parts[2]  # type: ignore[operator]
    except IndexFormatError:
        pass


def test_a_list_of_other_groups_is_refused() -> None:
    groups, listed, size, _ = written([f"词{n}" for n in range(300)])
    for bad in (b"", listed[:30], b"X" + listed[1:], listed + b"\nmore", listed[:24] + bytes(8 * 3) + listed[48:]):
        with pytest.raises(IndexFormatError):
            opened(groups, bad, size)
    with pytest.raises(IndexFormatError):
        opened(b"", listed, size)
