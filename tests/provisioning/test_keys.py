"""Keys in files: encrypted, private to their holder, never overwritten."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.signer import SSlibKey

from provisioning import keys
from provisioning.errors import KeyFileError, PassphraseError
from provisioning.keys import COST, Key, PublicKey, check_passphrase, load_key, load_public_key, save_key
from provisioning.roles import OFFLINE_ROLES, ROLES, key_names

GOOD = "correct horse"


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Key, Path]:
    key = Key.new()
    save_key(key, tmp_path / "a.pem", GOOD, cost=2)
    return key, tmp_path / "a.pem"


def test_load_key_gives_the_key_back(saved: tuple[Key, Path]) -> None:
    key, path = saved
    assert load_key(path, GOOD).id == key.id
    assert load_public_key(path.with_name("a.pem.pub")) == key.public


def test_key_id_is_that_of_tuf() -> None:
    key = Key.new()
    assert key.id == SSlibKey.from_crypto(key.private.public_key()).keyid


def test_key_repr_shows_no_secret(saved: tuple[Key, Path]) -> None:
    key, _ = saved
    secret = key.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    assert repr(key) == f"<Key {key.id[:12]}>"
    assert secret.hex() not in repr(key)


def test_save_key_file_is_encrypted_and_private(saved: tuple[Key, Path]) -> None:
    key, path = saved
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    head, rest = path.read_bytes().split(b"\n", 1)
    assert head.startswith(b"scrypt 2 ")
    assert rest.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    secret = key.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    assert secret not in path.read_bytes()


def test_save_key_same_passphrase_gives_another_salt(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_key(Key.new(), tmp_path / name, GOOD, cost=2)
    assert (tmp_path / "a").read_bytes()[:41] != (tmp_path / "b").read_bytes()[:41]


def test_save_key_default_cost_is_what_is_promised(tmp_path: Path) -> None:
    assert COST == 1 << 16
    save_key(Key.new(), tmp_path / "a", GOOD)
    assert (tmp_path / "a").read_bytes().startswith(b"scrypt 65536 ")
    load_key(tmp_path / "a", GOOD)


def test_save_key_over_a_key_is_refused(saved: tuple[Key, Path]) -> None:
    key, path = saved
    with pytest.raises(KeyFileError, match="never overwritten"):
        save_key(Key.new(), path, GOOD, cost=2)
    assert load_key(path, GOOD).id == key.id


def test_save_key_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keys.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_key(Key.new(), tmp_path / "a.pem", GOOD, cost=2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("passphrase", ["", "short", "x" * 100, "abcabcabc", "y" * 1001])
def test_check_passphrase_weak_is_refused(tmp_path: Path, passphrase: str) -> None:
    with pytest.raises(PassphraseError) as caught:
        save_key(Key.new(), tmp_path / "a", passphrase, cost=2)
    assert passphrase == "" or passphrase not in str(caught.value)
    assert not (tmp_path / "a").exists()


def test_check_passphrase_chinese_is_taken_in_either_form(tmp_path: Path) -> None:
    assert check_passphrase("满纸荒唐言一把辛酸泪") == "满纸荒唐言一把辛酸泪"
    key = Key.new()
    save_key(key, tmp_path / "a", "caf\u00e9 caf\u00e9", cost=2)
    assert load_key(tmp_path / "a", "cafe\u0301 cafe\u0301").id == key.id


@pytest.mark.parametrize("passphrase", ["", "Correct horse", GOOD + " "])
def test_load_key_other_passphrase_is_refused(saved: tuple[Key, Path], passphrase: str) -> None:
    with pytest.raises(PassphraseError) as caught:
        load_key(saved[1], passphrase)
    assert caught.value.sentence == "desk.sign.passphrase"


def test_load_key_endless_passphrase_is_refused(saved: tuple[Key, Path]) -> None:
    with pytest.raises(PassphraseError):
        load_key(saved[1], "x" * 1001)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_load_key_readable_by_others_is_refused(saved: tuple[Key, Path], mode: int) -> None:
    saved[1].chmod(mode)
    with pytest.raises(KeyFileError, match="0600"):
        load_key(saved[1], GOOD)


def replace_file(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


@pytest.mark.parametrize(
    "change",
    [
        lambda _: b"",
        lambda text: text[text.index(b"\n") + 1 :],
        lambda text: text.replace(b"scrypt 2", b"scrypt 3"),
        lambda text: text.replace(b"scrypt 2", b"scrypt 4194304"),
        lambda text: text.replace(b"scrypt 2", b"scrypt 1"),
        lambda text: text.replace(b"ENCRYPTED ", b""),
        lambda text: text + b"x" * 20_000,
    ],
)
def test_load_key_other_file_is_refused(saved: tuple[Key, Path], change) -> None:
    replace_file(saved[1], change(saved[1].read_bytes()))
    with pytest.raises(KeyFileError):
        load_key(saved[1], GOOD)


def test_load_key_of_another_kind_is_refused(saved: tuple[Key, Path]) -> None:
    salt = bytes(16)
    encryption = BestAvailableEncryption(keys._stretch(GOOD, salt, 2))
    other = generate_private_key(SECP256R1())
    block = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    replace_file(saved[1], f"scrypt 2 {salt.hex()}\n".encode() + block)
    with pytest.raises(KeyFileError, match="Ed25519"):
        load_key(saved[1], GOOD)
    public = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    replace_file(saved[1], public)
    with pytest.raises(KeyFileError, match="Ed25519"):
        load_public_key(saved[1])


def test_load_key_of_an_unknown_encryption_is_refused(saved: tuple[Key, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise keys.UnsupportedAlgorithm("another cipher")

    monkeypatch.setattr(keys, "load_pem_private_key", unsupported)
    with pytest.raises(KeyFileError, match="not supported"):
        load_key(saved[1], GOOD)


def test_load_key_folder_or_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_key(tmp_path / "none", GOOD)
    with pytest.raises(KeyFileError):
        load_key(Path("/dev/null"), GOOD)


def test_load_public_key_nonsense_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"nonsense")
    with pytest.raises(KeyFileError):
        load_public_key(tmp_path / "a")


@settings(max_examples=30)
@given(st.binary(max_size=100), st.binary(max_size=100))
def test_sign_then_verify_only_the_same_message(message: bytes, other: bytes) -> None:
    key = Key.new()
    signature = key.sign(message)
    assert key.sign(message) == signature
    assert key.public.verify(signature, message)
    assert key.public.verify(signature, other) == (message == other)
    assert not Key.new().public.verify(signature, message)


def test_public_key_id_depends_on_the_key() -> None:
    assert PublicKey(bytes(32)).id != PublicKey(b"\1" + bytes(31)).id


def test_roles_ask_for_two_people() -> None:
    assert {role.name: (role.keys, role.threshold, role.offline) for role in ROLES} == {
        "root": (3, 2, True),
        "targets": (3, 2, True),
        "snapshot": (1, 1, False),
        "timestamp": (1, 1, False),
    }
    assert [role.name for role in OFFLINE_ROLES] == ["root", "targets"]
    assert key_names() == ("root-1", "root-2", "root-3", "targets-1", "targets-2", "targets-3", "online")
