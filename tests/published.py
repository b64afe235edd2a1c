"""A publisher with two signed editions and the delta between them, for the tests of both sides."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from packager.build import build
from packager.delta.editions import edition_of
from packager.delta.listing import delta_folder
from packager.delta.making import make_delta
from packager.delta.signing import sign_deltas
from packager.signing import sign_release
from tests.packager.editions import FILES, NEW, OLD, OPTIONS, write_source
from tests.simulator import DAY, Publisher, passphrase


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A publisher with two signed releases and the delta between them: (keys, archive of the first, work folder)."""
    folder = tmp_path_factory.mktemp("publishing")
    publisher = Publisher(folder / "publisher")
    source, work = folder / "source", folder / "work"
    build(write_source(source, OLD), work, OPTIONS, FILES)
    sign_release(work, publisher.keys, passphrase, FILES)
    archive = shutil.copytree(work, folder / "archive")
    shutil.rmtree(source)
    release = build(write_source(source, NEW), work, replace(OPTIONS, edition="2026.11"), FILES).release
    sign_release(work, publisher.keys, passphrase, FILES)
    make_delta(edition_of([archive]), edition_of([work]), delta_folder(work, "national", 1, 2), FILES)
    sign_deltas(work, publisher.keys, passphrase, release, DAY, FILES)
    return publisher, archive, work
