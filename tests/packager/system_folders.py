"""Folders as an image build leaves them, with small parts."""

from __future__ import annotations

import json
from pathlib import Path


def system_folder(folder: Path, version: int = 4, *, size: int = 50_000, options: str = "ro quiet") -> Path:
    """A system; its parts differ from version to version."""
    folder.mkdir(parents=True)
    facts = {"schema": 1, "version": version, "made": "2026-11-26", "source": "0" * 40, "options": options}
    (folder / "system.json").write_text(json.dumps(facts))
    for n, (name, length) in enumerate((("root.squashfs", size), ("vmlinuz", 9000), ("initrd", 5000))):
        (folder / name).write_bytes(bytes((version + n + i * i) % 251 for i in range(length)))
    return folder
