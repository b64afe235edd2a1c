"""The W3C's tests of reading systems, all that the collection holds, in the real reader; their table is in the docs."""

from __future__ import annotations

import io
import os
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.appliance.web.holding import make_app, one
from tests.appliance.web.reading import EPUB, reading_world
from tests.browser.conftest import serving
from tests.browser.epub_table import CHECKS
from tests.browser.reading_room import DESKTOP, opened, watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TABLE = Path(__file__).parents[2] / "docs/epub-tests.md"
RESULTS = {"passes", "passes by eye", "fails", "does not apply"}
SOUND = "EPUB/audio/mobydick.mp4"
"""The sound of the overlay tests, which the collection's copies lack: a tone of the same length stands for it."""


def rows() -> dict[str, str]:
    """Test → result, as the docs say."""
    found = dict(re.findall(r"^\| ([\w-]+) \| [^|]* \| ([a-z ]+) \|", TABLE.read_text("utf-8"), re.MULTILINE))
    return {name: result for name, result in found.items() if name != "test"}


def tone(seconds: int) -> bytes:
    """A quiet tone as WAV."""
    samples = (b"\x78" * 20 + b"\x88" * 20) * (seconds * 200)
    header = b"RIFF" + (36 + len(samples)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little")
    header += bytes.fromhex("01000100401f0000401f000001000800") + b"data" + len(samples).to_bytes(4, "little")
    return header + samples


def with_sound(content: bytes) -> bytes:
    """The same book with a sound where its overlay asks for one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, old.read(entry))
        new.writestr(SOUND, tone(160))
    return out.getvalue()


def resource(name: str) -> str:
    """The test's id in the holding."""
    return "w3c." + re.sub("[-_]", ".", name)


@pytest.fixture(scope="module")
def tests(collection: Path) -> list[Path]:
    """The test books."""
    return sorted((collection / "epub-tests").glob("*.epub"))


@pytest.fixture(scope="module")
def address(tests: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A box that holds all of them."""
    made = []
    for path in tests:
        content = path.read_bytes()
        if path.stem.startswith("mol-") and "tts" not in path.stem:
            content = with_sound(content)
        made.append(one(resource(path.stem), path.stem, files=(("part", "a.epub", EPUB, content),), language=("en",)))
    with reading_world(tmp_path_factory.mktemp("w3c"), made) as world, serving(make_app(world)) as base:
        yield base


def test_table_names_every_test_and_nothing_else(tests: list[Path]) -> None:
    found = rows()
    assert set(found) == {path.stem for path in tests} == set(CHECKS)
    assert set(found.values()) <= RESULTS


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_reader_does_what_the_table_says(browser: Browser, address: str, name: str) -> None:
    context = browser.new_context(viewport=DESKTOP, base_url=address, locale="en-US")  # type: ignore[arg-type]
    context.set_default_timeout(20_000)
    try:
        page, seen = watched(context, address)
        opened(page, f"/read/{resource(name)}")
        page.wait_for_timeout(500)
        folder = os.environ.get("EPUB_TABLE_PICTURES")
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}.png"))
        CHECKS[name](page)
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}-after.png"))
        assert seen.errors == []
        assert seen.outside == []
        assert seen.dialogs == 0
    finally:
        context.close()
