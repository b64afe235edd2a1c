"""Ed25519 keys as encrypted PEM files: made, kept, opened. Never sent anywhere.

A private key is encrypted PKCS #8 in a file of mode 0600. PKCS #8 as `cryptography` writes it stretches a passphrase
for less than a millisecond, too little for a stolen stick; so the passphrase goes through scrypt first, and the line
before the PEM block holds its salt and cost: `scrypt <cost> <salt>`. The password of the block is the 32 bytes of
scrypt (r 8, p 1) in hexadecimal. The public key stands beside it as `<name>.pub`, SubjectPublicKeyInfo PEM. A key id is
the one of TUF: SHA-256 of the canonical public key.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import unicodedata
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
COST = 1 << 16
"""Work of scrypt for a new key: 64 MiB and about a fifth of a second each time the key is opened."""
_MAX_COST = 1 << 20
_MAX_FILE = 16 << 10
_HEAD = re.compile(rb"scrypt ([1-9][0-9]{0,6}) ([0-9a-f]{32})\n(-----BEGIN ENCRYPTED PRIVATE KEY-----\n.*)", re.DOTALL)


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


def save_key(key: Key, path: Path, passphrase: str, *, cost: int = COST, public: bool = True) -> None:
    """Write `path` (mode 0600) and `<path>.pub` durably. An existing key is never overwritten.

    Args:
        key: what to keep.
        path: of the new file.
        passphrase: of its holder; see `check_passphrase`.
        cost: work of scrypt, a power of two; memory is 1 KiB times it.
        public: whether to write the public half too.

    Raises:
        PassphraseError: the passphrase is too weak; nothing is written.
        KeyFileError: there is a file already.
        OSError: the disk is full or does not answer.
    """
    salt = os.urandom(16)
    encryption = BestAvailableEncryption(_stretch(check_passphrase(passphrase), salt, cost))
    block = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    _write_new(path, f"scrypt {cost} {salt.hex()}\n".encode() + block, 0o600)
    if public:
        _write_new(path.with_name(path.name + ".pub"), key.public.to_pem(), 0o644)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _stretch(passphrase: str, salt: bytes, cost: int) -> bytes:
    """The password of the PEM block. NFC, so that a passphrase in Chinese is the same on every keyboard."""
    text = unicodedata.normalize("NFC", passphrase).encode()
    return hashlib.scrypt(text, salt=salt, n=cost, r=8, p=1, maxmem=2048 * cost + (1 << 20), dklen=32).hex().encode()


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
    head = _HEAD.match(content)
    if len(passphrase) > MAX_PASSPHRASE:
        raise PassphraseError(f"a passphrase has at most {MAX_PASSPHRASE} characters")
    if head is None or not _is_cost(int(head[1])):
        raise KeyFileError(path.name, "is not an encrypted private key of this product")
    try:
        private = load_pem_private_key(head[3], _stretch(passphrase, bytes.fromhex(head[2].decode()), int(head[1])))
    except (ValueError, TypeError) as error:
        # The library says the same for a damaged file; a passphrase is the likelier cause, and says less to a thief.
        raise PassphraseError("the passphrase does not open this key") from error
    except UnsupportedAlgorithm as error:
        raise KeyFileError(path.name, "uses an encryption that is not supported") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(path.name, "is not an Ed25519 key")
    return Key(private)


def _is_cost(cost: int) -> bool:
    return 1 < cost <= _MAX_COST and not cost & (cost - 1)


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
