"""How files of the national desk reach the disk: whole or not at all, with their mode from the first byte on."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_TEMPORARY = ".tmp~"
"""Ends the name of a file that is not finished; what a crash leaves of one is written over by the next run."""
PUBLIC, PRIVATE = 0o644, 0o600


def write_file(path: Path, content: bytes, mode: int = PUBLIC, *, durable: bool = True) -> None:
    """Put `content` in the place of `path`: after a kill or a power cut there is the old file or the new one.

    Args:
        path: in a folder that exists.
        content: all bytes.
        mode: `PRIVATE` for what nobody else may read.
        durable: with False a power cut may leave the file torn or without bytes until `make_durable` returned; whoever
            reads it must see that. One by one, thousands of files would wait for the disk twice each.

    Raises:
        OSError: the disk is full or does not answer; an older file stays. It names `path`.
    """
    try:
        _write_file(path, content, mode, durable=durable)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def _write_file(path: Path, content: bytes, mode: int, *, durable: bool) -> None:
    temporary = path.with_name(path.name + _TEMPORARY)
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        _sync_folder(path.parent)


def make_durable(paths: Iterable[Path]) -> None:
    """Make files and their names durable that were written with `durable=False`.

    Raises:
        OSError: the disk does not answer.
    """
    folders = set()
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        folders.add(path.parent)
    for folder in folders:
        _sync_folder(folder)


def make_folder(path: Path, *, private: bool = False) -> None:
    """Make a folder with its parents, durably; one that is there stays as it is, but a private one is closed.

    Raises:
        OSError: it cannot be made.
    """
    if not path.is_dir():
        if path.parent != path:
            make_folder(path.parent)
        path.mkdir(mode=0o700 if private else 0o755, exist_ok=True)
        _sync_folder(path.parent)
    if private:
        path.chmod(0o700)


def read_bounded(path: Path, most: int) -> bytes:
    """The bytes of a plain file, one more than `most` at the most: who reads on sees that it is too large.

    Raises:
        OSError: it is not there, is no plain file, or the disk does not answer.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        with os.fdopen(descriptor, "rb") as file:
            return file.read(most + 1)
    except OSError as error:
        error.filename = str(path)  # for a folder it would be a number
        raise


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
