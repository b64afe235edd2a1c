"""An origin as a process: `python -m tests.spine.origin FOLDER HOST PORT`; objects come at 1 MB a second."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.faulty_server import Asked, FaultyServer

BLOCK, SECONDS = 32 << 10, 0.03


def unhurried(asked: Asked) -> None:
    """Lists at once, objects as over a county's line."""
    if not asked.name.startswith("objects/") or asked.content is None:
        asked.right()
        return
    sys.stdout.write(f"{asked.name} {asked.start}\n")
    sys.stdout.flush()
    asked.send(asked.right_head())
    for at in range(0, len(asked.body), BLOCK):
        asked.send(asked.body[at : at + BLOCK])
        time.sleep(SECONDS)


if __name__ == "__main__":
    server = FaultyServer(Path(sys.argv[1]), host=sys.argv[2], port=int(sys.argv[3]))
    server.fault = unhurried
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        time.sleep(3600)
