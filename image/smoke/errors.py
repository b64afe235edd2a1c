"""What ends a check, and what ends the whole run."""

from __future__ import annotations


class CheckError(Exception):
    """A check did not find what it must."""


class MachineError(Exception):
    """The virtual machine cannot be used: a program is missing, or it ended by itself."""
