"""The error of the training resources."""

from __future__ import annotations

from packager.errors import PackagerError


class TrainingError(PackagerError):
    """The training resources could not be written; the message says what is missing."""

    code = "training"
