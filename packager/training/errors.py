"""The error of the training resources."""

from __future__ import annotations


class TrainingError(Exception):
    """The training resources could not be written; the message says what is missing."""

    code = "training"
