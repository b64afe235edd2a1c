"""What is derived from the one secret of the desk: first passwords, their salts, recovery keys.

The same secret, library and number always give the same, so a batch that is made again is the same to the last byte;
and nothing that is derived says anything of the secret, or of what another library got. HKDF-SHA-256 (RFC 5869), the
kind, the library and the number in `info`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

import argon2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from provisioning.keys import Key

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 signs that nobody takes for another in print: no l, o, 0 and 1. The same as the box's own first passwords."""
_GROUPS, _GROUP = 3, 4
_SALT = b"shuxiang provisioning 1"


@dataclass(frozen=True, slots=True)
class Secret:
    """The secret of the desk: 32 bytes, never shown.

    Attributes:
        raw: the bytes.
        hasher: with what passwords are hashed; the costs are those of a box's own accounts.
    """

    raw: bytes = field(repr=False)
    hasher: argon2.PasswordHasher = field(default_factory=argon2.PasswordHasher, repr=False)

    @property
    def id(self) -> str:
        """16 hexadecimal digits that tell this secret from another one."""
        return self._derive("id", "", 0, 8).hex()

    def password(self, library: str, serial: int) -> str:
        """First password of a library's box file: 12 signs in groups of four, 60 bits."""
        found = "".join(ALPHABET[byte % len(ALPHABET)] for byte in self._derive("password", library, serial, 12))
        return "-".join(found[n : n + _GROUP] for n in range(0, _GROUPS * _GROUP, _GROUP))

    def password_hash(self, library: str, serial: int) -> str:
        """Argon2id of that password, with a derived salt; takes about 50 ms and 64 MiB."""
        password = unicodedata.normalize("NFKC", self.password(library, serial))
        return self.hasher.hash(password, salt=self._derive("salt", library, serial, 16))

    def recovery_key(self, library: str, number: int) -> Key:
        """The key that signs a library's recovery file; another number gives another key."""
        return Key(Ed25519PrivateKey.from_private_bytes(self._derive("recovery", library, number, 32)))

    def _derive(self, kind: str, library: str, number: int, length: int) -> bytes:
        info = f"{kind}\n{library}\n{number}".encode()
        return HKDF(hashes.SHA256(), length, _SALT, info).derive(self.raw)
