"""What an image is made of, as one digest: when it is the one of the last boot, nothing has to be booted again.

`booted.json` stands in the tree and is written by a run that passed; `.ci/run` compares.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
BOOTED = Path(__file__).resolve().parent / "booted.json"
INPUTS = (
    "image", "provisioning", "appliance/box", "appliance/service", "appliance/web/frontend",
    "requirements/build.txt", "requirements/runtime.txt", "pyproject.toml",
)  # fmt: skip
"""The image's own folder with the units, what is applied and told on a box, and what the wheel is built with.

The rest of the appliance is not counted: the suite judges it on every change, and a boot costs a quarter of an hour.
"""
_APART = ("image/smoke/", "provisioning/words/")
"""Not counted: this room, and words, which the suite judges and which cannot keep a box from booting."""


@dataclass(frozen=True, slots=True)
class Booted:
    """The last boot that passed. inputs: digest of the inputs; image: of the image; date: ISO day."""

    inputs: str
    image: str
    date: str

    def to_text(self) -> str:
        """As it stands in the tree."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"


def last_booted(path: Path = BOOTED) -> Booted | None:
    """What stands in the tree; None when there is nothing that can be read."""
    try:
        return Booted(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def inputs_digest(root: Path = ROOT) -> str:
    """The digest of the inputs as they are in the work tree (files that git knows).

    Raises:
        OSError: git is missing.
        subprocess.CalledProcessError: this is no checkout.
    """
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--", *INPUTS], capture_output=True, check=True
    ).stdout.decode()
    return digest_of(root, [name for name in listed.split("\0") if name])


def digest_of(root: Path, names: Iterable[str]) -> str:
    """The digest of these files, by name and content, whatever their order."""
    whole = hashlib.sha256()
    for name in sorted(names):
        path = root / name
        if name.startswith(_APART) or not path.is_file():
            continue
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{content} {name}\n".encode())
    return whole.hexdigest()


def main() -> int:
    """0 when the inputs are those of the last boot, 1 when a boot is due."""
    booted = last_booted()
    return 0 if booted is not None and booted.inputs == inputs_digest() else 1


if __name__ == "__main__":
    sys.exit(main())
