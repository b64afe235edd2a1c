"""Ed25519 keys as encrypted PEM files: made, kept, opened. Never sent anywhere.

A private key is PKCS #8, encrypted with the passphrase of its holder (scrypt or PBKDF2 and AES-256-CBC, the best that
`cryptography` offers), in a file of mode 0600. The public key stands beside it as `<name>.pub`, SubjectPublicKeyInfo
PEM. A key id is the one of TUF: SHA-256 of the canonical public key.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from provisioning.errors import KeyFileError, PassphraseError

MIN_PASSPHRASE = 8
"""Fewest characters of a passphrase."""
MAX_PASSPHRASE = 1000
_MAX_FILE = 16 << 10


@dataclass(frozen=True)
class PublicKey:
    """A public key.

    Attributes:
        raw: its 32 bytes.
    """

    raw: bytes

    @property
    def id(self) -> str:
        """The key id: 64 lower-case hexadecimal digits."""
        scheme = {"keytype": "ed25519", "keyval": {"public": self.raw.hex()}, "scheme": "ed25519"}
        return hashlib.sha256(json.dumps(scheme, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's signature of `message`."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def to_pem(self) -> bytes:
        """SubjectPublicKeyInfo PEM."""
        key = Ed25519PublicKey.from_public_bytes(self.raw)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Key:
    """A private key, opened. Its bytes never appear in `repr`.

    Attributes:
        private: the key as `cryptography` knows it.
        public: the public half.
    """

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self.private = private
        self.public = PublicKey(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @classmethod
    def new(cls) -> Key:
        """A new key from the system's random source."""
        return cls(Ed25519PrivateKey.generate())

    @property
    def id(self) -> str:
        """The key id, see `PublicKey.id`."""
        return self.public.id

    def sign(self, message: bytes) -> bytes:
        """The signature of `message`: 64 bytes, always the same for the same message."""
        return self.private.sign(message)

    def __repr__(self) -> str:
        return f"<Key {self.id[:12]}>"


def check_passphrase(passphrase: str) -> str:
    """`passphrase`, if a new key may be kept under it: 8-1000 characters, not one character over and over.

    Raises:
        PassphraseError: it may not.
    """
    if not MIN_PASSPHRASE <= len(passphrase) <= MAX_PASSPHRASE:
        raise PassphraseError(f"a passphrase has {MIN_PASSPHRASE}-{MAX_PASSPHRASE} characters")
    if len(set(passphrase)) < 4:
        raise PassphraseError("a passphrase has at least four different characters")
    return passphrase


def save_key(key: Key, path: Path, passphrase: str) -> None:
    """Write `path` (mode 0600) and `<path>.pub` durably. An existing key is never overwritten.

    Raises:
        PassphraseError: the passphrase is too weak; nothing is written.
        KeyFileError: there is a file already.
        OSError: the disk is full or does not answer.
    """
    encryption = BestAvailableEncryption(check_passphrase(passphrase).encode())
    _write_new(path, key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption), 0o600)
    _write_new(path.with_name(path.name + ".pub"), key.public.to_pem(), 0o644)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_new(path: Path, content: bytes, mode: int) -> None:
    """Never through a temporary name that others might read: the mode is set before the first byte."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise KeyFileError(path.name, "is there already; keys are never overwritten") from error
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()
        raise
    finally:
        os.close(descriptor)


def load_key(path: Path, passphrase: str) -> Key:
    """Open a private key.

    Raises:
        PassphraseError: the passphrase does not open it.
        KeyFileError: it is not an encrypted Ed25519 key, or others may read the file.
        OSError: it is not there or the disk does not answer.
    """
    content = _read(path, private=True)
    if b"ENCRYPTED" not in content.split(b"\n", 1)[0]:
        raise KeyFileError(path.name, "is not an encrypted private key")
    try:
        private = load_pem_private_key(content, passphrase.encode())
    except (ValueError, TypeError) as error:
        # The library says the same for a damaged file; a passphrase is the likelier cause, and says less to a thief.
        raise PassphraseError("the passphrase does not open this key") from error
    except UnsupportedAlgorithm as error:
        raise KeyFileError(path.name, "uses an encryption that is not supported") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(path.name, "is not an Ed25519 key")
    return Key(private)


def load_public_key(path: Path) -> PublicKey:
    """Read a public key.

    Raises:
        KeyFileError: it is not an Ed25519 public key.
        OSError: it is not there or the disk does not answer.
    """
    try:
        public = load_pem_public_key(_read(path, private=False))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyFileError(path.name, "is not a public key") from error
    if not isinstance(public, Ed25519PublicKey):
        raise KeyFileError(path.name, "is not an Ed25519 key")
    return PublicKey(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _read(path: Path, *, private: bool) -> bytes:
    with path.open("rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise KeyFileError(path.name, "is not a plain file")
        if private and facts.st_mode & 0o077:
            raise KeyFileError(path.name, "may be read by others; its mode must be 0600")
        content = file.read(_MAX_FILE + 1)
    if len(content) > _MAX_FILE:
        raise KeyFileError(path.name, "is too large for a key")
    return content
