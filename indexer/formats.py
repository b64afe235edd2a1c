"""Names of the layouts of derived files, for those who only compare them.

A file of another name is made again from the truth, not read (docs/adr/0006-truth-and-accelerators.md).
"""

from __future__ import annotations

INDEX_FORMAT = "shuxiang-index-2"
"""Of the whole layout of a search index, kept in its table of contents."""

CATALOGUE_FORMAT = 2
"""Of the catalogue database, kept in its `user_version`."""

SECTIONS_FORMAT = "shuxiang-sections-1"
"""Of an index of the texts inside resources, kept in its table of contents."""

INDEX_OVERLAY = "shuxiang-index-overlay-1"
"""Of what makes an index of an older one and a small one (docs/adr/0040-overlays-splice-an-index.md)."""

CATALOGUE_OVERLAY = "shuxiang-catalogue-overlay-1"
"""Of what makes a catalogue of an older one and a small one."""
