"""A publisher with three editions and the way from each to the next, and a box that has the third by a stick."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from packager.build import build
from packager.delta.editions import edition_of
from packager.delta.listing import delta_folder
from packager.delta.making import make_delta
from packager.delta.signing import sign_deltas
from packager.drives import write_drive
from packager.format.files import RealFiles
from packager.publishing.publish import publish
from packager.publishing.sites import FolderSite
from packager.signing import sign_release
from tests.appliance.sync.test_updater import Box, live_is
from tests.packager.editions import NEW, OLD, OPTIONS, noise, write_source
from tests.simulator import DAY, Publisher, passphrase

FILES = RealFiles()
THIRD = {**NEW, "third": ("第三版才有的书", {"third.dat": noise(1_200_000, 33)})}


@pytest.fixture(scope="package")
def editions(tmp_path_factory):
    """(publisher, drive of the first edition, work folder of the third, stick with both deltas)."""
    folder = tmp_path_factory.mktemp("editions")
    publisher = Publisher(folder / "publisher")
    work, before = folder / "work", []
    for seq, rows in enumerate((OLD, NEW, THIRD), 1):
        source = folder / f"source-{seq}"
        options = replace(OPTIONS, edition=f"2026.1{seq}")
        release = build(write_source(source, rows), work, options, FILES).release
        sign_release(work, publisher.keys, passphrase, FILES)
        if before:
            make_delta(
                edition_of([before[-1]]), edition_of([work]), delta_folder(work, "national", seq - 1, seq), FILES
            )
            sign_deltas(work, publisher.keys, passphrase, release, DAY, FILES)
        before.append(shutil.copytree(work, folder / f"archive-{seq}"))
    publisher.withdraw("stays", into=work)
    write_drive(before[0], folder / "drive", FILES, quiet=True)
    publish(work, publisher.keys, FolderSite(folder / "stick", FILES), DAY, payload=False, lists=False)
    return publisher, folder / "drive", work, folder / "stick"


@pytest.fixture(scope="package")
def updated(editions, tmp_path_factory):
    """A box with the drive of the first edition that has the third by a stick; its worker has ended."""
    publisher, drive, _, stick = editions
    folder = tmp_path_factory.mktemp("updated")
    media = folder / "media"
    media.mkdir()
    box = Box(
        folder / "box",
        publisher,
        shutil.copytree(drive, folder / "drive"),
        drive_folders=(media,),
        update_apply="at-once",
    )
    box.until(live_is(1))
    shutil.copytree(stick, media / "usb")
    box.until(lambda h: any(d.message.key == "sync.stick.reading" for d in h.drives))
    box.updater.sticks.turn()
    box.until(live_is(3))
    box.close()
    return box
