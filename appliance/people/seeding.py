"""The director's account from the box file: made once, with the card's password, to be replaced at first sign-in."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from appliance.box.state import STAFF_NAME, read_small
from appliance.people.accounts import Accounts

_log = logging.getLogger(__name__)

MAX_BYTES = 4096


def seed_director(accounts: Accounts, folder: Path | None) -> bool:
    """Make the director's account of the box file, when there is no account at all; whether it was made.

    Args:
        accounts: of this box.
        folder: `Settings.box_folder`; None or without `staff.json`: nothing is made.
    """
    if folder is None:
        return False
    try:
        body = json.loads(read_small(folder / STAFF_NAME, MAX_BYTES))
        name, hashed = str(body["name"]), str(body["password_hash"])
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.error("the first account cannot be made: %s", error)
        return False
    made = accounts.first_start_with(name, hashed)
    if made:
        _log.info("the director's account was made from the box file")
    return made
