"""QEMU's control socket: one command at a time, events kept."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any

from image.smoke.errors import MachineError

if TYPE_CHECKING:
    from pathlib import Path

_PATIENCE = 60.0


class Qmp:
    """A conversation with one QEMU.

    Attributes:
        events: (name, data) of everything that it told by itself.
    """

    def __init__(self, path: Path, patience: float = _PATIENCE) -> None:
        """Connect and agree on the language.

        Raises:
            MachineError: nobody listens there.
        """
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(patience)
        end = time.monotonic() + patience
        while True:
            try:
                self._socket.connect(str(path))
                break
            except OSError as error:
                if time.monotonic() > end:
                    raise MachineError(f"{path}: {error}") from error
                time.sleep(0.1)
        self._file = self._socket.makefile("rw", encoding="utf-8")
        self._file.readline()
        self.command("qmp_capabilities")

    def command(self, name: str, **arguments: Any) -> Any:
        """Give a command; returns its answer.

        Raises:
            MachineError: it was refused, or QEMU ended.
        """
        message: dict[str, Any] = {"execute": name}
        if arguments:
            message["arguments"] = {key.rstrip("_").replace("_", "-"): value for key, value in arguments.items()}
        self._file.write(json.dumps(message) + "\n")
        self._file.flush()
        while line := self._file.readline():
            answer = json.loads(line)
            if "event" in answer:
                self.events.append((answer["event"], answer.get("data", {})))
            elif "error" in answer:
                raise MachineError(f"{name}: {answer['error']['desc']}")
            else:
                return answer["return"]
        raise MachineError(f"{name}: QEMU ended")

    def monitor(self, line: str) -> str:
        """Give a command of the human monitor; returns what it printed."""
        return str(self.command("human-monitor-command", command_line=line))

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()
