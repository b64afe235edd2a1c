"""Keys that everybody knows: they sign golden vectors and protect nothing."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning.keys import Key


def known_key(number: int) -> Key:
    """One of them: root-1 to 3, targets-1 to 3, online, and after the rotation online, targets-1."""
    seed = hashlib.sha256(f"shuxiang golden vector, key {number}, protects nothing".encode()).digest()
    return Key(Ed25519PrivateKey.from_private_bytes(seed))
