"""What stops a flash. Every error carries the key of the sentence that staff read."""

from __future__ import annotations

from provisioning.errors import ProvisioningError


class FlashError(ProvisioningError):
    """A disk that is not written, or that was written and is no system.

    Attributes:
        sentence: key of the sentence.
        reason: what exactly, for the line in brackets.
        params: values for its places.
    """

    code = "flash"

    def __init__(self, sentence: str, reason: str, **params: str | int) -> None:
        """Keep the key, the reason and the values."""
        self.sentence, self.reason, self.params = sentence, reason, params
        super().__init__(reason)
