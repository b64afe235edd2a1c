"""Looking at a drive without a box: what it is (`inspect`), and whether every byte of it is right (`verify`).

The strictest reader there is: it follows docs/format.md to the letter, goes on after a fault, and says all it found.
"""
