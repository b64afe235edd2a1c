"""Postings that are kept: the same as those read, within bounds."""

from __future__ import annotations

import numpy as np
import pytest

import indexer.search_postings as postings_module
from indexer.codec_terms import TermFigures
from indexer.search_postings import KeptPostings


class Counted:
    """Index files that count how often they are read."""

    def __init__(self) -> None:
        self.read: list[int] = []

    def postings(self, figures: TermFigures) -> tuple[np.ndarray, np.ndarray]:
        self.read.append(figures.offset)
        return np.arange(figures.documents, dtype="u4"), np.ones(figures.documents, "u1")


def figures(offset: int, documents: int) -> TermFigures:
    return TermFigures(documents, offset, 1, 0, documents, 1.0, 1, 1, 1)


def test_common_terms_are_read_once_and_the_longest_unused_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postings_module, "COMMON", 10)
    files = Counted()
    kept = KeptPostings(files, most=7 * 45)  # type: ignore[arg-type]
    for offset, documents in ((1, 20), (2, 5), (3, 20), (1, 20), (2, 5), (4, 20), (1, 20), (3, 20), (5, 100), (5, 100)):
        assert len(kept.get(figures(offset, documents)).rows) == documents
    # 2 is rare and 5 larger than all that may be kept; 3 went when 4 came, for 1 had been asked since.
    assert files.read == [1, 2, 3, 2, 4, 3, 5, 5]
    assert not kept.get(figures(3, 20)).rows.flags.writeable
    kept.clear()
    kept.get(figures(3, 20))
    assert files.read[-1] == 3
    assert kept._bytes == 7 * 20
