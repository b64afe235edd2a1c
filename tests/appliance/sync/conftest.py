"""What the tests of updates share."""

from tests.published import published

__all__ = ["published"]
