"""What tells a box from any other one, for choosing its moments; it is told to nobody."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packager.format.files import Files

_log = logging.getLogger(__name__)

NAME = "seed"
_SIZE = 16


def own_seed(folder: Path, files: Files) -> bytes:
    """Random bytes that this box keeps in `Settings.updates_folder`; made when they are not there.

    When they cannot be kept they are others at the next start, which does no harm.
    """
    path = folder / NAME
    try:
        with path.open("rb") as file:
            found = file.read(_SIZE + 1)
        if len(found) == _SIZE:
            return found
    except OSError:
        _log.debug("this box has no seed yet")
    made = secrets.token_bytes(_SIZE)
    try:
        files.make_dir(folder)
        files.write_atomic(path, made)
    except OSError as error:
        _log.warning("the seed of this box cannot be kept: %s", error)
    return made
