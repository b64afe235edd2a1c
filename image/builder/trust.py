"""What a box of this image trusts from the start: the root of the lists, and who signs box files."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from image.builder.plan import BuildError, Plan
from provisioning.keys import Key, save_key


def folder(plan: Plan) -> Path:
    """The folder given, or an authority for trials, made once below the build; its private keys stay there.

    Raises:
        BuildError: the folder lacks `root.json` or keys.
    """
    given = plan.trust or _for_trials(plan.work / "authority")
    if not (given / "root.json").is_file() or not any(given.glob("box-*.pub")):
        raise BuildError(f"{given} has no root.json, or no box-*.pub")
    return given


def _for_trials(authority: Path) -> Path:
    trust = authority / "trust"
    if trust.is_dir():
        return trust
    shutil.rmtree(authority, ignore_errors=True)
    authority.mkdir(parents=True, mode=0o700)
    packager = Path(sys.executable).with_name("packager")
    command = (str(packager), "keys", "init", str(authority / "keys"), "--demonstration")
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode != 0:
        raise BuildError("the authority for trials could not be made")
    passphrase = secrets.token_hex(16)
    (authority / "box-1-passphrase.txt").write_text(passphrase + "\n")
    save_key(Key.new(), authority / "box-1", passphrase)
    waiting = authority / "trust.new"
    waiting.mkdir()
    shutil.copyfile(authority / "keys/root.json", waiting / "root.json")
    shutil.copyfile(authority / "box-1.pub", waiting / "box-1.pub")
    return waiting.rename(trust)


def lay(plan: Plan) -> None:
    """Put it into the tree: public halves only.

    Raises:
        BuildError: see `folder`.
    """
    target = plan.tree / "usr/share/shuxiang/trust"
    target.mkdir(parents=True, exist_ok=True)
    source = folder(plan)
    for path in [source / "root.json", *sorted(source.glob("box-*.pub"))]:
        if b"PRIVATE" in path.read_bytes():
            raise BuildError(f"{path.name} holds a private key")
        shutil.copyfile(path, target / path.name)
