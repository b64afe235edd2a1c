"""A third edition for tests of updates: built, signed and published with a delta from the second."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from packager.build import build
from packager.delta.editions import edition_of
from packager.delta.listing import delta_folder
from packager.delta.making import make_delta
from packager.delta.signing import sign_deltas
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from packager.signing import sign_release
from tests.packager.editions import FILES, OPTIONS, write_source
from tests.simulator import DAY, passphrase


def with_third(
    published: tuple[Any, Path, Path], tree: tuple[Path, ...], folder: Path, sources: dict[str, Any]
) -> Path:
    """An origin below `folder` with three editions and a delta from each to the next; the work folder is beside it."""
    publisher, _, second = published
    ours, work = publisher.fork(folder / "publisher"), shutil.copytree(second, folder / "work")
    source = write_source(folder / "source", sources)
    release = build(source, work, replace(OPTIONS, edition="2026.12"), FILES).release
    sign_release(work, ours.keys, passphrase, FILES)
    make_delta(edition_of([second]), edition_of([work]), delta_folder(work, "national", 2, 3), FILES)
    sign_deltas(work, ours.keys, passphrase, release, DAY, FILES)
    origin: Path = shutil.copytree(tree[0], folder / "origin")
    publish(work, ours.keys, FolderSite(origin, FILES), DAY)
    return origin
