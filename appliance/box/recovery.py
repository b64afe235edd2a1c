"""Recovery files that are in: whoever holds one of this library may give the director a new password."""

from __future__ import annotations

from collections.abc import Sequence

from appliance.box.found import Found
from appliance.box.state import MAX_TOLD, OTHER_LIBRARY, UNUSABLE, USABLE, RecoveryStick
from provisioning.box_errors import RecoveryFileError, RecoveryOtherLibraryError
from provisioning.box_file import BoxFile
from provisioning.recovery_file import read_recovery


def recovery_sticks(found: Sequence[Found], box: BoxFile | None) -> tuple[RecoveryStick, ...]:
    """What the recovery files that are in are to this box.

    Args:
        found: the files.
        box: the box file in force; without one nobody's signature counts.
    """
    return tuple(_stick(one, box) for one in found[:MAX_TOLD])


def _stick(found: Found, box: BoxFile | None) -> RecoveryStick:
    if box is None or found.content is None:
        return RecoveryStick(UNUSABLE, found.token, at=found.at)
    try:
        file = read_recovery(found.content, box.recovery_key, box.library.id)
    except RecoveryOtherLibraryError:
        return RecoveryStick(OTHER_LIBRARY, found.token, at=found.at)
    except RecoveryFileError:
        return RecoveryStick(UNUSABLE, found.token, at=found.at)
    return RecoveryStick(USABLE, found.token, file.serial, found.at)
