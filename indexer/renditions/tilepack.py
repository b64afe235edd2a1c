"""Deep zoom tiles of a picture."""

from typing import Any, BinaryIO


def make(file: BinaryIO) -> Any:
    """Not yet."""
    raise NotImplementedError
