"""The keys of the provisioning desk, in a folder: two that sign box files, and the secret that the rest is derived of.

box-1.pem, box-1.pem.pub     signs; the public half goes into every system image
box-2.pem, box-2.pem.pub     the same, kept elsewhere for the day on which the first is lost
secret.pem                   32 random bytes, encrypted like a key (`provisioning.derived`)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from provisioning.derived import Secret
from provisioning.errors import CommandError, PassphraseError
from provisioning.keys import COST, Key, PublicKey, check_passphrase, load_key, load_public_key, save_key
from provisioning.writing import make_folder

if TYPE_CHECKING:
    from pathlib import Path

    from provisioning.terminal import Passphrases

BOX_KEYS = ("box-1", "box-2")
SECRET = "secret"  # noqa: S105 - the name of a file
NAMES = (*BOX_KEYS, SECRET)


def make_desk_keys(folder: Path, passphrases: Passphrases, *, cost: int = COST) -> None:
    """Make all three, or none when a passphrase is missing or weak. What is there is never overwritten.

    Raises:
        CommandError: there are keys already, or a passphrase is too weak.
        OSError: the disk is full or does not answer.
    """
    if any((folder / f"{name}.pem").exists() for name in NAMES):
        raise CommandError(f"{folder} 里已有开通用的钥匙，没有改动。钥匙从不覆盖，请换一个文件夹")
    chosen = {name: _strong(name, passphrases(name)) for name in NAMES}
    make_folder(folder, private=True)
    for name, passphrase in chosen.items():
        save_key(Key.new(), folder / f"{name}.pem", passphrase, cost=cost, public=name != SECRET)


def _strong(name: str, passphrase: str) -> str:
    try:
        return check_passphrase(passphrase)
    except PassphraseError as error:
        raise CommandError(f"钥匙 {name} 的密码太弱，没有生成任何钥匙。密码至少 8 个字，其中至少 4 个不同") from error


def load_signer(folder: Path, name: str, passphrases: Passphrases) -> Key:
    """One of the two that sign.

    Raises:
        PassphraseError, KeyFileError, CommandError, OSError: it cannot be opened.
    """
    return load_key(folder / f"{name}.pem", passphrases(name))


def load_secret(folder: Path, passphrases: Passphrases) -> Secret:
    """The secret.

    Raises:
        PassphraseError, KeyFileError, CommandError, OSError: it cannot be opened.
    """
    key = load_key(folder / f"{SECRET}.pem", passphrases(SECRET))
    return Secret(key.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


def trusted_keys(folder: Path) -> list[PublicKey]:
    """The public halves in a folder, as a system image has them: every `box-*.pub`.

    Raises:
        CommandError: there are none.
        KeyFileError, OSError: one cannot be read.
    """
    found = [load_public_key(path) for path in sorted(folder.glob("box-*.pub"))[:16]]
    if not found:
        raise CommandError(f"{folder} 里没有开通文件的公钥（box-1.pem.pub）")
    return found
