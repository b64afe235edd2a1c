"""A signed work folder and its image, made once for all tests of real drives."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from packager.format.files import RealFiles
from packager.production.errors import ProgramError
from packager.production.image import ImageOptions, make_image
from packager.production.programs import PACKAGES, find
from tests.simulator import Publisher

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packager.production.facts import ImageFacts

MIB = 1 << 20
SMALL = ImageOptions(ext4_at=36 * MIB, segment=MIB // 16, quiet=True)
SOURCES: Mapping[str, tuple[str, dict[str, bytes]]] = {
    "noise": ("乱码", {"noise.bin": bytes((n * n >> 7) & 0xFF for n in range(3 * MIB // 2))}),
    "zeros": ("零", {"zeros.bin": bytes(MIB), "empty.txt": b""}),
    "book": ("红楼梦", {"红楼梦.txt": "满纸荒唐言，一把辛酸泪。\n".encode()}),
}


def need_programs() -> None:
    """Skip when a program that makes file systems is missing."""
    try:
        for program in PACKAGES:
            find(program)
    except ProgramError as error:
        pytest.skip(f"{error}: install e2fsprogs and mtools")


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed work folder with files of several chunks, of zeros, and with none."""
    publisher = Publisher(tmp_path_factory.mktemp("publisher"))
    return publisher.release(1, sources=SOURCES, edition="2026.11", meta={"search/MAIN_1.seg": b"an accelerator"})


@pytest.fixture(scope="session")
def made(signed: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ImageFacts]:
    """The image of it, and its facts."""
    need_programs()
    image = tmp_path_factory.mktemp("image") / "drive.img"
    return image, make_image(signed, image, SMALL, RealFiles())


@pytest.fixture
def work(signed: Path, tmp_path: Path) -> Path:
    """A copy of the signed work folder that a test may spoil."""
    return shutil.copytree(signed, tmp_path / "work")
