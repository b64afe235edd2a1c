"""TUF's client workflow to the letter, for conformance tests: no admission, no floors, expiry by the machine's clock.

A box does not use it. It has the same parts as `packager.format.repository`: our bounds, our fetcher, python-tuf in a
scratch folder, and our own writer for what was proved, file by file, also when a later step is refused.
"""

from __future__ import annotations

import tempfile
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from tuf.ngclient import Updater

from packager.format.errors import ListChangedError
from packager.format.files import Files
from packager.format.repository import MAX_REPOSITORY, MAX_ROOTS, Fetcher, Read, open_updater


class Client:
    """Keeps trusted metadata in a folder, one file a role, under the names without versions."""

    def __init__(self, metadata: Path, read: Read, files: Files) -> None:
        """Use a folder that holds at least `root.json`.

        Args:
            metadata: the folder.
            read: gives `metadata/…` and `targets/…`.
            files: the writer.
        """
        self._metadata, self._read, self._files = metadata, read, files

    def refresh(self) -> None:
        """Bring the metadata of the four roles up to date.

        Raises:
            RepositoryError, DownloadError: something was refused or is missing; what was proved before it is kept.
            TrustError: as `repository.Read`.
            OSError: our own disk is full or does not answer.
        """
        self._with_updater(lambda updater, _scratch: updater.refresh())

    def download(self, name: str, folder: Path) -> None:
        """Bring metadata up to date, and a target, proved, into a folder. One that is there already is not read again.

        Args:
            name: of the target.
            folder: where it goes, under its quoted name.

        Raises:
            ListChangedError: no role lists it.
            RepositoryError, DownloadError, TrustError, OSError: as `refresh`.
        """
        path = folder / urllib.parse.quote(name, safe="")

        def work(updater: Updater, scratch: Path) -> None:
            info = updater.get_targetinfo(name)
            if info is None:
                raise ListChangedError("is in no list", path=name)
            if updater.find_cached_target(info, str(path)) is None:
                updater.download_target(info, str(scratch / "target"))
                self._files.make_dir(folder)
                self._files.write_atomic(path, (scratch / "target").read_bytes())

        self._with_updater(work)

    def _with_updater(self, work: Callable[[Updater, Path], None]) -> None:
        root = (self._metadata / "root.json").read_bytes()
        with tempfile.TemporaryDirectory(prefix="tuf-") as name:
            scratch = Path(name)
            for path in self._metadata.glob("*.json"):
                if path.name != "root.json":
                    (scratch / path.name).write_bytes(path.read_bytes())
            updater = open_updater(Fetcher(self._read, largest=MAX_REPOSITORY), root, scratch, MAX_ROOTS)
            try:
                work(updater, scratch)
            finally:
                self._keep(scratch)

    def _keep(self, scratch: Path) -> None:
        """Keep what was proved; roots first, as everything else follows from them."""
        for path in sorted(scratch.glob("*.json"), key=lambda path: (path.name != "root.json", path.name)):
            content, kept = path.read_bytes(), self._metadata / path.name
            if not kept.exists() or kept.read_bytes() != content:
                self._files.write_atomic(kept, content)
