"""The key of a machine that signs without people: a library's box, a receiver of reports. Made where it is used.

It lies unencrypted, for nobody is there to type a passphrase, readable by its user alone; what it signs can do no more
than say "this machine said so". Its loss is mended by enrolling another.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from packager.format.files import PrivateFiles
from provisioning.errors import KeyFileError
from provisioning.keys import Key

_MOST = 4096


def machine_key(path: Path) -> Key:
    """The key in a file of mode 0600; made, durably, when there is none.

    A damaged one is not replaced: another key would be a stranger's.

    Raises:
        KeyFileError: what is there is no key.
        OSError: it can be neither read nor made.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST)
    except FileNotFoundError:
        key, files = Key.new(), PrivateFiles()
        files.make_dir(path.parent)
        files.write_atomic(path, key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return key
    try:
        private = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyFileError(path.name, "is damaged") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(path.name, "is not an Ed25519 key")
    return Key(private)
