"""Normalisers of printed metadata: dates, names, languages, identifiers, classes."""
