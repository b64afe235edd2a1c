"""Who this box is: a key made here at the first start, which never leaves it.

It signs reports and nothing else. The national library knows its public half after enrolment; a box without its data
folder is another box, and is enrolled anew.
"""

from __future__ import annotations

from pathlib import Path

from appliance.errors import StoreError
from packager.format.machine_keys import machine_key
from provisioning.errors import KeyFileError
from provisioning.keys import Key

_LETTERS = 16


def device_key(path: Path) -> Key:
    """The key of this box; made when there is none.

    Raises:
        StoreError: what is there is no key.
        OSError: it can be neither read nor made.
    """
    try:
        return machine_key(path)
    except KeyFileError as error:
        raise StoreError(f"the key of this device cannot be used: {error}") from error


def library_id(named: str, key: Key) -> str:
    """Under which id a box reports: that of its settings, else one made of its key."""
    return named or f"box-{key.id[:_LETTERS]}"
