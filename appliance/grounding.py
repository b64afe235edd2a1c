"""In the parent: has a process of a moment look at the data folder, and tells the processes that follow."""

from __future__ import annotations

import json
import logging
import os
import select
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from appliance.processes import ends

_log = logging.getLogger(__name__)

VARIABLE = "SHUXIANG_GROUND"
LONGEST_SECONDS = 120.0
MOST_BYTES = 8192


class Grounding:
    """What the box stands on. Safe in any thread: the keepers ask before each start of a process.

    Args:
        settings_file: of the box.
    """

    def __init__(self, settings_file: Path) -> None:
        self._file = settings_file
        self._lock = threading.Lock()
        os.environ.pop(VARIABLE, None)

    def begin(self) -> None:
        """The box starts."""
        self._look("begin")

    def again(self, *, died: bool = False) -> bool:
        """A process is about to be started again; whether the ground is another than before.

        Args:
            died: it is the serving process, which ended by itself.
        """
        return self._look("died" if died else "look")

    def end(self) -> None:
        """The box has stopped as it was told."""
        with self._lock:
            self._ask("end")

    def _look(self, what: str) -> bool:
        """What cannot be found out stays as it was."""
        with self._lock:
            before = os.environ.get(VARIABLE, "")
            text = self._ask(what) or (_in_memory() if what == "begin" else "")
            try:
                why = json.loads(text)["why"]
            except (ValueError, KeyError, TypeError):
                return False
            if why:
                _log.warning("the data folder cannot be relied upon: %s", why)
            os.environ[VARIABLE] = text
            return bool(before) and before != text

    def _ask(self, what: str) -> str:
        asked = subprocess.Popen(
            [sys.executable, "-m", "appliance.beginning", what, str(self._file)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip
        with asked.stdout or open(os.devnull, "rb") as out:  # noqa: PTH123
            heard, _, _ = select.select([out], [], [], LONGEST_SECONDS)
            text = out.readline(MOST_BYTES).decode(errors="replace").strip() if heard else ""
        if not ends(asked, 1.0):  # what hangs in the kernel does not even end when it is killed
            asked.kill()
        if not heard:
            _log.error("the data folder does not answer")
        return text


def _in_memory() -> str:
    """Ground for a box of which nothing can be found out."""
    return json.dumps({"why": "unwritable", "spare": tempfile.mkdtemp(prefix="shuxiang-spare-")})
