"""Box files for the smoke run, made by `provisioning`: the library's own, and others that its box must not take."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from image.smoke.client import words_of
from image.smoke.errors import MachineError
from image.smoke.origin import URL

ROOT = Path(__file__).resolve().parents[2]
LIBRARY, OTHER = "清溪县图书馆", "平武县图书馆"
_ID, _OTHER_ID = "CN-510726", "CN-510727"
_NAME = "county-510726.box"
_PASSPHRASES = "demonstration-passphrases.txt"
_PASSWORD = re.compile(r"\b[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}\b")


@dataclass(frozen=True, slots=True)
class Boxes:
    """Box files, and what the card of the good one says.

    Attributes:
        good: the library's second. older: its first. other: another library's. expired: too old to begin with.
        tampered: the good one with one letter changed. wired: the library's, with an origin for its updates.
        library: the name that readers see. password: the director's first; wired_password: in the wired one.
        recovery: the library's recovery stick's file.
    """

    good: Path
    older: Path
    other: Path
    expired: Path
    tampered: Path
    wired: Path
    library: str
    password: str
    wired_password: str
    recovery: Path | None


def provisioning(*arguments: str | Path) -> str:
    """Run the desk's command line.

    Raises:
        MachineError: it did not do it.
    """
    command = [sys.executable, "-m", "provisioning.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MachineError(f"provisioning {arguments[0]}: {(done.stderr or done.stdout).strip()[-400:]}")
    return done.stdout


def make_boxes(folder: Path, authority: Path) -> Boxes:
    """Make all of them anew.

    Args:
        folder: where; what is in it goes.
        authority: folder of the image's builder: `keys/root.json`, and `box-1`, whose public half is in the image.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    desk, root = folder / "desk", authority / "keys/root.json"
    _desk_with_key_of(authority, desk)
    common = ["--keys", desk, "--passphrases", desk / _PASSPHRASES]
    libraries = folder / "libraries.csv"
    libraries.write_text(
        "馆号,馆名,行政区划代码,技术支持,电话\n"
        f"{_ID},{LIBRARY},510726,省馆技术支持,028-0000000\n{_OTHER_ID},{OTHER},510727,省馆技术支持,028-0000000\n",
        encoding="utf-8",
    )
    provisioning("batch", libraries, "--root", root, "--to", folder / "first", *common)
    provisioning("reissue", _ID, "--why", "changed", "--to", folder / "second", *common)
    old = folder / "libraries-old.csv"
    old.write_text(f"馆号,馆名,行政区划代码\nCN-510781,{OTHER},510781\n", encoding="utf-8")
    dates = ["--issued", "2024-01-01", "--expires", "2024-02-01"]
    provisioning("batch", old, "--root", root, "--to", folder / "old", *dates, *common)
    good = folder / "second/boxes" / _NAME
    tampered = folder / "tampered" / _NAME
    tampered.parent.mkdir()
    tampered.write_bytes(good.read_bytes().replace("省馆".encode(), "市馆".encode(), 1))
    wired = _wired(folder, authority)
    provisioning("recovery", _ID, "--to", folder / "recovery", *common)
    return Boxes(
        good, folder / "first/boxes" / _NAME, folder / "first/boxes/county-510727.box",
        next((folder / "old/boxes").glob("*.box")), tampered, wired / "boxes" / _NAME,
        LIBRARY, _password(folder / "second"), _password(wired),
        next((folder / "recovery").rglob("*.recovery"), None),
    )  # fmt: skip


def _wired(folder: Path, authority: Path) -> Path:
    """The same library at a desk that knows an origin."""
    desk, made, libraries = folder / "desk-wired", folder / "wired", folder / "libraries-wired.csv"
    _desk_with_key_of(authority, desk)
    libraries.write_text(f"馆号,馆名,行政区划代码,更新站点\n{_ID},{LIBRARY},510726,{URL}\n", encoding="utf-8")
    common = ("--keys", desk, "--passphrases", desk / _PASSPHRASES)
    provisioning("batch", libraries, "--root", authority / "keys/root.json", "--to", made, *common)
    return made


def _password(made: Path) -> str:
    card = next((made / "cards").glob("*.html"))
    found = _PASSWORD.search(words_of(card.read_text(encoding="utf-8")))
    if found is None:
        raise MachineError(f"no password on {card}")
    return found[0]


def _desk_with_key_of(authority: Path, desk: Path) -> None:
    """A desk's keys, of which the first is the one that the image trusts."""
    provisioning("keys", desk, "--demonstration")
    shutil.copyfile(authority / "box-1", desk / "box-1.pem")
    shutil.copyfile(authority / "box-1.pub", desk / "box-1.pem.pub")
    passphrase = (authority / "box-1-passphrase.txt").read_text(encoding="utf-8").strip()
    path = desk / _PASSPHRASES
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("".join(f"box-1={passphrase}\n" if x.startswith("box-1=") else f"{x}\n" for x in lines))
