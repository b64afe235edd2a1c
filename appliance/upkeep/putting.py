"""Small files that the serving process made, put on a stick of somebody's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from appliance.box.writable import FILES, folder_on, lent
from appliance.errors import NotWritableError, ServingError
from appliance.serving.pools import Urgency

if TYPE_CHECKING:
    from appliance.serving.pools import DrivePools
    from appliance.settings import Settings
    from appliance.store.holdings import HeldDrive
    from packager.format.files import Files

NOT_PUT = (ServingError, NotWritableError, OSError)
"""What is raised when they are not there."""


def put_on_stick(
    settings: Settings, pools: DrivePools, files: Files, stick: HeldDrive, source: Path, below: str
) -> dict[str, bytes]:
    """Put the files of a folder on a stick, durably; it may be unplugged on return.

    Args:
        settings: of the box.
        pools: by which drives are asked.
        files: the writer.
        stick: where to.
        source: the folder; its files are small.
        below: folder on the stick; empty: its root.

    Returns:
        What was put there, by name.

    Raises:
        ServingError: the stick does not answer.
        NotWritableError: it is not given for writing.
        OSError: it is full, read-only or gone, or the folder cannot be read.
    """
    root = Path(stick.path)
    found = {path.name: path.read_bytes() for path in sorted(source.iterdir())}

    def save() -> bytes:
        folder = folder_on(root, below, files)
        for name, content in found.items():
            files.write_atomic(folder / name, content)
        return b""

    with lent(settings, root, FILES):
        pools.wait(pools.submit(f"stick {stick.key} {stick.since}", "save", save, Urgency.FIRST))
    return found
