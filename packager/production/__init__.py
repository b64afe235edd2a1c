"""Real drives: one image a release, cloned block by block, compared, labelled, and followed in a ledger.

Everything here is of the national side. A county's box never sees this code; what it sees is a partition with the
tree of docs/format.md.
"""
