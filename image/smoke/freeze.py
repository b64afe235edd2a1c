"""Freeze a running box as a fault of its hardware would: every processor turns in one place and hears nothing.

QEMU's own debugging socket is used (GDB's remote serial protocol); nothing in the image helps.
"""

from __future__ import annotations

import socket

from image.smoke.errors import MachineError

_PATIENCE = 60.0
_REGISTERS = (*(8,) * 16, 8, 4)  # rax … r15, rip, eflags: bytes of each, as QEMU tells them of x86-64
_RIP, _FLAGS = 16, 17
_INTERRUPTS = 1 << 9
_FOR_EVER = b"\xeb\xfe"  # jmp to itself


def freeze(address: tuple[str, int], processors: int) -> None:
    """Stop all processors and let them go on turning in one place with interrupts off.

    Args:
        address: where QEMU's debugging socket listens.
        processors: how many the box has.

    Raises:
        MachineError: QEMU does not do what it was told.
    """
    try:
        with socket.create_connection(address, _PATIENCE) as connection:
            talk = _Conversation(connection)
            for number in range(1, processors + 1):
                talk.do(f"Hg{number:x}")
                registers = bytes.fromhex(talk.ask("g"))
                place = int.from_bytes(_register(registers, _RIP), "little")
                flags = int.from_bytes(_register(registers, _FLAGS), "little") & ~_INTERRUPTS
                at = sum(_REGISTERS[:_FLAGS])
                talk.do(f"G{(registers[:at] + flags.to_bytes(4, 'little') + registers[at + 4 :]).hex()}")
                talk.do(f"M{place:x},2:{_FOR_EVER.hex()}")
            talk.do("D")
    except (OSError, ValueError) as error:
        raise MachineError(f"the debugging socket: {error}") from error


def _register(registers: bytes, number: int) -> bytes:
    at = sum(_REGISTERS[:number])
    return registers[at : at + _REGISTERS[number]]


class _Conversation:
    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._rest = connection, b""

    def do(self, command: str) -> None:
        if (said := self.ask(command)) != "OK":
            raise MachineError(f"{command}: {said or 'not known'}")

    def ask(self, command: str) -> str:
        """The answer to one command; both sides confirm every packet."""
        self._connection.sendall(f"${command}#{sum(command.encode()) % 256:02x}".encode())
        while True:
            start = self._rest.find(b"$")
            end = self._rest.find(b"#", start)
            if 0 <= start < end and len(self._rest) >= end + 3:
                answer, self._rest = self._rest[start + 1 : end], self._rest[end + 3 :]
                self._connection.sendall(b"+")
                if not answer.startswith(b"T"):  # that it stopped is told by itself
                    return answer.decode("ascii")
                continue
            if not (block := self._connection.recv(65536)):
                raise MachineError(f"{command}: the connection ended")
            self._rest += block
