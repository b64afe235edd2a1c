"""Who this box is: a key made here at the first start, which never leaves it.

It signs reports and nothing else. The national library knows its public half after enrolment; a box without its data
folder is another box, and is enrolled anew.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import StoreError
from provisioning.errors import KeyFileError

# The serving process shows this on two pages of the staff and nowhere else: it loads the library of keys only then.
if TYPE_CHECKING:
    from appliance.settings import Settings
    from provisioning.device_file import DeviceFile
    from provisioning.keys import Key

_LETTERS = 16


def device_key(path: Path) -> Key:
    """The key of this box; made when there is none.

    Raises:
        StoreError: what is there is no key.
        OSError: it can be neither read nor made.
    """
    from packager.format.machine_keys import machine_key

    try:
        return machine_key(path)
    except KeyFileError as error:
        raise StoreError(f"the key of this device cannot be used: {error}") from error


def library_id(named: str, key: Key) -> str:
    """Under which id a box reports: that of its settings, else one made of its key."""
    return named or f"box-{key.id[:_LETTERS]}"


def library_id_of(settings: Settings) -> str:
    """Under which id this box reports; empty while that is not known, for it has neither setting nor key."""
    if settings.library_id or not settings.device_key_file.exists():
        return settings.library_id
    return library_id("", device_key(settings.device_key_file))


def known_key(settings: Settings) -> Key:
    """The key of this box, which the worker makes when the box has been on for a minute.

    Raises:
        StoreError: there is none yet, or a damaged one.
        OSError: the SSD does not answer.
    """
    if not settings.device_key_file.exists():
        raise StoreError("this box has no key yet: it is made when the box has been on for a minute")
    return device_key(settings.device_key_file)


def device_of(settings: Settings, key: Key, day: date) -> DeviceFile:
    """What this box says of itself to be enrolled. `day`: a plausible one (docs/provisioning.md)."""
    from provisioning.device_file import make_device

    return make_device(library_id(settings.library_id, key), day, key)
