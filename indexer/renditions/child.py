"""The processes that make renditions: one that waits and forks, and one for every job.

The first (`serve`) is started with a clean interpreter, loads the libraries once, has one thread, and never reads
a hostile byte. For every job it forks; the child confines itself, reads the source through the job's socket alone,
does the job and exits. So a job costs a fork and not a start of the interpreter, and nothing that a hostile file
does to its process is there when the next job begins.
"""

from __future__ import annotations

import array
import contextlib
import gc
import io
import os
import select
import socket
from collections import OrderedDict
from typing import TYPE_CHECKING, NoReturn

from indexer.errors import RenditionError, RenditionLimitError
from indexer.renditions import wire
from indexer.renditions.confine import confine

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK = 64 << 10
_BLOCKS_KEPT = 128
_BURY_SECONDS = 0.5


class RemoteFile(io.RawIOBase):
    """The source as a seekable file; blocks of 64 KiB are kept, at most 8 MiB of them."""

    def __init__(self, sock: socket.socket, size: int) -> None:
        """Read through `sock`; `size` is the file's size in bytes."""
        super().__init__()
        self._sock, self._size, self._at = sock, size, 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; before the start is an error, after the end is not."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("a place before the start")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill `buffer` as far as the file goes."""
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view) and self._at < self._size:
            block, start = divmod(self._at, _BLOCK)
            body = self._block(block, len(view) - done + start)
            piece = body[start : start + len(view) - done]
            if not piece:
                break
            view[done : done + len(piece)] = piece
            done += len(piece)
            self._at += len(piece)
        return done

    def _block(self, number: int, wanted: int) -> bytes:
        """The block of that number; long reads bring the blocks after it too."""
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        offset = number * _BLOCK
        ahead = min(max(wanted, _BLOCK), wire.MAX_READ, self._size - offset)
        ahead = min(-(-ahead // _BLOCK) * _BLOCK, self._size - offset, wire.MAX_READ)
        body = wire.ask_read(self._sock, offset, ahead)
        if len(body) != ahead:
            raise wire.WireError("the source is shorter than it said")
        for start in range(0, len(body), _BLOCK):
            self._blocks[number + start // _BLOCK] = body[start : start + _BLOCK]
        while len(self._blocks) > _BLOCKS_KEPT:
            self._blocks.popitem(last=False)
        return body[:_BLOCK]


def serve(control_fd: int, fonts: tuple[str, ...] = ()) -> None:
    """Wait for jobs until the other end of the control socket closes.

    Each message is one byte and the job's socket; the answer is one byte and the new process's pidfd.

    Args:
        control_fd: the control socket.
        fonts: further folders of fonts, which the children may read.
    """
    from indexer.renditions import tasks

    tasks.preload(fonts)
    control = socket.socket(fileno=control_fd)
    gc.collect()
    gc.freeze()  # shared pages stay shared
    control.sendall(b"+")
    waiting = select.poll()  # `select` knows no descriptor above 1,023, and a busy box may hand over such a one
    waiting.register(control, select.POLLIN)
    children = 0
    while True:
        # While children run, look for their ends: a dead one that nobody takes away stays in the table of processes.
        while not waiting.poll(_BURY_SECONDS * 1000 if children else None):
            children -= _bury()
        message, fds, _, _ = socket.recv_fds(control, 1, 1)
        if not message or not fds:
            return
        children += 1 - _bury()
        pid = os.fork()
        if pid == 0:
            control.close()
            _work(fds[0], fonts)
        os.close(fds[0])
        pidfd = os.pidfd_open(pid)  # nobody else waits for the child, so the number is still its own
        control.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [pidfd]))])
        os.close(pidfd)


def _bury() -> int:
    """Take the dead children away; how many there were."""
    count = 0
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            count += 1
    return count


def _work(fd: int, fonts: tuple[str, ...]) -> NoReturn:
    """Do one job and end the process, whatever happens."""
    with contextlib.suppress(BaseException):
        sock = socket.socket(fileno=os.dup2(fd, 3) if fd != 3 else fd)
        os.closerange(4, 1 << 16)
        os.setsid()
        _job(sock, fonts)
    os._exit(0)


def _job(sock: socket.socket, fonts: tuple[str, ...]) -> None:
    from indexer.renditions import tasks

    job = wire.receive_json(sock, wire.MAX_JOB)
    try:
        held = confine(memory=job["memory"], cpu=job["cpu"], readable=fonts)
        if job["task"] == "layers":
            wire.send_json(sock, {"layers": held}, wire.RESULT)
            return
        values, pieces = tasks.run(job["task"], RemoteFile(sock, job["size"]), job["arguments"])
        for piece in pieces:
            wire.send_piece(sock, piece)
        wire.send_json(sock, values, wire.RESULT)
    except wire.WireError:
        return  # nobody listens any more
    except BaseException as error:  # noqa: BLE001 (whatever a parser throws ends here, in words)
        kind, reason = _in_words(error)
        wire.send_json(sock, {"kind": kind, "reason": reason[:500]}, wire.ERROR)


def _in_words(error: BaseException) -> tuple[str, str]:
    if isinstance(error, (MemoryError, RenditionLimitError)):
        return "limit", str(error) or "more memory than it may have"
    if isinstance(error, RecursionError):
        return "limit", "nested too deep"
    if isinstance(error, RenditionError):
        return "rendition", str(error)
    return "rendition", f"{type(error).__name__}: {error}"
