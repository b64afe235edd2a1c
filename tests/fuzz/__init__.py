"""Fuzzing of every parser that reads a drive or what a drive left on the box.

`python -m tests.fuzz NAME --seconds 600` runs one target guided by coverage (atheris), `python -m tests.fuzz all` every
one in turn; `test_fuzz.py` runs all of them for a moment in the default suite. docs/fuzzing.md has the results.
"""
