"""What several tests of the builder's side share."""

from tests.published import published

__all__ = ["published"]
