"""What the image says of itself: which system it is, and whose box files count."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from appliance.box.state import read_small
from provisioning.errors import ProvisioningError
from provisioning.keys import PublicKey, load_public_key

_log = logging.getLogger(__name__)

MAX_FACTS = 16 << 10
MAX_KEYS = 16
_OLDEST = date(2026, 11, 1)


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """The running system. version: grows; 0 unknown. made: day on which its image was made."""

    version: int = 0
    made: date = _OLDEST


def system_facts(path: Path) -> SystemFacts:
    """What the image says of itself; version 0 when it says nothing that can be read."""
    try:
        body = json.loads(read_small(path, MAX_FACTS))
        version, made = body["version"], date.fromisoformat(body["made"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        _log.warning("which system this is cannot be read: %r", error)
        return SystemFacts()
    known = body.get("schema") == 1 and type(version) is int and version > 0
    return SystemFacts(version if known else 0, max(made, _OLDEST))


def box_keys(trust: Path) -> tuple[PublicKey, ...]:
    """Whose signature makes a box file: the keys `box-*.pub` of the image."""
    keys = []
    for path in sorted(trust.glob("box-*.pub"))[:MAX_KEYS]:
        try:
            keys.append(load_public_key(path))
        except (OSError, ProvisioningError) as error:
            _log.error("%s cannot be used: %s", path.name, error)
    return tuple(keys)
