"""The ext4 partition of an image: made, filled and read back without mounting and without root.

`mke2fs` makes it empty, `debugfs` fills it file by file in our order. `mke2fs -d` was not taken: it copies owners,
modes, times and the order of the source's folders, so that two machines make two images, it knows no way to leave a
file out, and for hard links (the only cheap way to a tree of its own) it searches a list whose cost grows with the
square of the files (docs/adr/0018-disk-images.md).
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from packager.production import programs
from packager.production.errors import ImageError, ProgramError
from packager.production.geometry import BLOCK, INODE, Demand, common_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from packager.production.contents import Entry

FEATURES = (
    "none", "64bit", "dir_index", "dir_nlink", "ext_attr", "extent", "extra_isize", "filetype", "flex_bg",
    "huge_file", "large_file", "metadata_csum", "sparse_super",
)  # fmt: skip
"""No journal: a drive is only read. Checksums of everything that is not contents."""
LABEL = "SHUXIANG"
_BLOCK = 1 << 20
_BANNER = re.compile(rb"debugfs \d[^\n]*\n")
_FREE = re.compile(r"\s+Free blocks: (.*)")


@dataclass(frozen=True, slots=True)
class Ext4:
    """The ext4 partition in an image file.

    Attributes:
        image: the file. at, size: the partition's place in it, bytes.
        moment: seconds since 1970 that every time in it shows.
    """

    image: Path
    at: int
    size: int
    moment: int

    @property
    def _device(self) -> str:
        # Absolute, for debugfs is run elsewhere.
        return f"{self.image.absolute()}?offset={self.at}"

    def make(self, uuid: str, hash_seed: str, wanted: Demand) -> None:
        """Make it, empty.

        Raises:
            ProgramError: mke2fs is missing or refuses.
        """
        options = f"offset={self.at},hash_seed={hash_seed},root_owner=0:0,lazy_itable_init=0,nodiscard"
        arguments = [
            "-q", "-F", "-t", "ext4", "-b", str(BLOCK), "-I", str(INODE), "-N", str(wanted.inodes), "-m", "0",
            "-O", ",".join(FEATURES), "-L", LABEL, "-U", uuid, "-E", options, str(self.image), f"{self.size >> 10}k",
        ]  # fmt: skip
        programs.run("mke2fs", arguments, self.moment)

    def fill(self, root: Path, files: Iterable[Entry], each: Callable[[int], None]) -> None:
        """Copy files of the folder `root` into it, each with its folders, mode 0644, of root.

        Args:
            root: where the sources of `files` begin.
            files: everything of one folder in a row.
            each: called with the size of every file that was copied.

        Raises:
            ProgramError: debugfs is missing, or said that something went wrong.
        """
        sizes: dict[bytes, int] = {}
        with self._debugfs(_filling(files, root, sizes), root, write=True) as out:
            for line in out:
                if line.startswith(b"debugfs: write "):
                    each(sizes.pop(line.split(b" ", 3)[2], 0))

    def check(self) -> None:
        """Have e2fsck look at it, changing nothing.

        Raises:
            ProgramError: it found something.
        """
        programs.run("e2fsck", ["-fn", self._device], self.moment)

    def compare(self, files: Iterable[Entry], each: Callable[[int], None]) -> None:
        """Read every file out of it and compare it with its digest.

        Raises:
            ImageError: a file is missing or has other bytes.
            ProgramError: debugfs is missing.
        """
        waiting: deque[Entry] = deque()

        def asking() -> Iterator[str]:
            for entry in files:
                waiting.append(entry)
                yield f"cat /{entry.path}\n"

        with self._debugfs(asking(), None, write=False) as out:
            while line := out.readline():
                entry = waiting.popleft()
                if line != f"debugfs: cat /{entry.path}\n".encode() or not _same(out, entry):
                    raise ImageError("desk.image.damaged", f"{entry.path} was read back with other bytes")
                each(entry.size)
        if waiting:
            raise ImageError("desk.image.damaged", f"{waiting[0].path} was not read back")

    def free_ranges(self) -> Iterator[tuple[int, int]]:
        """Stretches that nothing uses, as (first, end) bytes from the partition's beginning, rising.

        Raises:
            ProgramError: dumpe2fs is missing or refuses.
        """
        for line in programs.run("dumpe2fs", [self._device], self.moment).splitlines():
            match = _FREE.match(line)
            for text in match[1].split(",") if match else ():
                first, _, last = text.strip().partition("-")
                if first:
                    yield int(first) * BLOCK, (int(last or first) + 1) * BLOCK

    @contextmanager
    def _debugfs(self, commands: Iterable[str], folder: Path | None, *, write: bool) -> Iterator[IO[bytes]]:
        """debugfs, fed with `commands` by a thread of its own; what it prints is read by the caller."""
        arguments = [programs.find("debugfs"), *(["-w"] if write else []), "-f", "-", self._device]
        with subprocess.Popen(
            arguments, env=programs.environment(self.moment), cwd=folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdin is not None  # noqa: S101 - PIPE was asked for
            assert process.stdout is not None  # noqa: S101
            assert process.stderr is not None  # noqa: S101
            said: list[bytes] = []
            faults: list[BaseException] = []
            threads = [
                threading.Thread(target=_feed, args=(process.stdin, commands, faults), daemon=True),
                threading.Thread(target=_listen, args=(process.stderr, said), daemon=True),
            ]
            for thread in threads:
                thread.start()
            try:
                yield process.stdout
            except BaseException:
                process.kill()
                raise
            finally:
                process.stdout.read()
                for thread in threads:
                    thread.join()
        if faults:
            raise faults[0]
        complaint = _BANNER.sub(b"", b"".join(said), count=1).decode("utf-8", "replace").strip()
        if complaint or process.returncode:
            raise ProgramError("desk.program.fault", f"debugfs: {complaint[:500]}", word="debugfs")


def _feed(stream: IO[bytes], commands: Iterable[str], faults: list[BaseException]) -> None:
    try:
        with stream:
            for command in commands:
                stream.write(command.encode())
    except BrokenPipeError:
        pass  # it ended early; its exit code and its words say why
    except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
        faults.append(error)


def _listen(stream: IO[bytes], said: list[bytes]) -> None:
    for line in stream:
        if len(said) < 100:
            said.append(line)


def _filling(files: Iterable[Entry], root: Path, sizes: dict[bytes, int]) -> Iterator[str]:
    """The commands that make folders and copy files."""
    branch: list[str] = []
    for entry in files:
        *parts, name = entry.path.split("/")
        if parts != branch:
            common = common_length(branch, parts)
            yield f"cd /{'/'.join(parts[:common])}\n"
            for part in parts[common:]:
                yield f"mkdir {part}\ncd {part}\n"
            branch = parts
        sizes[entry.source.encode()] = entry.size
        yield f"write {entry.source} {name}\n"
        if (root / entry.source).stat().st_mode & 0o7777 != 0o644:
            yield f"set_inode_field {name} mode 0100644\n"


def _same(out: IO[bytes], entry: Entry) -> bool:
    digest, left = hashlib.sha256(), entry.size
    while left and (block := out.read(min(left, _BLOCK))):
        digest.update(block)
        left -= len(block)
    return left == 0 and digest.hexdigest() == entry.sha256
