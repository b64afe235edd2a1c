"""The roles of the signed metadata: how many keys each has and how many must sign (docs/format.md, "Trust")."""

from __future__ import annotations

from dataclasses import dataclass

ROOT, TARGETS, SNAPSHOT, TIMESTAMP = "root", "targets", "snapshot", "timestamp"


@dataclass(frozen=True, slots=True)
class Role:
    """One role. keys: how many are made; threshold: how many must sign; offline: kept away from any network."""

    name: str
    keys: int
    threshold: int
    offline: bool


ROLES = (
    Role(ROOT, 3, 2, offline=True),
    Role(TARGETS, 3, 2, offline=True),
    Role(SNAPSHOT, 1, 1, offline=False),
    Role(TIMESTAMP, 1, 1, offline=False),
)
"""All roles, in the order in which a box reads them (root first)."""

OFFLINE_ROLES = tuple(role for role in ROLES if role.offline)
"""Roles whose keys are held by people."""

WITHDRAWALS = Role("withdrawals", 2, 1, offline=True)
"""The role that the targets role delegates to: it can only withdraw resources. Either of its keys is enough."""

ONLINE_KEY = "online"
"""Name of the one key that signs snapshot and timestamp."""


def key_names() -> tuple[str, ...]:
    """Names of all keys of a new authority: root-1 … targets-3, online."""
    return (*(f"{role.name}-{n}" for role in OFFLINE_ROLES for n in range(1, role.keys + 1)), ONLINE_KEY)


def withdrawal_key_names() -> tuple[str, ...]:
    """Names of the keys that can only withdraw."""
    return tuple(f"{WITHDRAWALS.name}-{n}" for n in range(1, WITHDRAWALS.keys + 1))
