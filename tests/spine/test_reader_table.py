"""Every resource of the collection, opened and read to its end in four ways; the table of it is docs/reader-table.md.

Runs by name: `python -m pytest -m slow tests/spine/test_reader_table.py` with SHUXIANG_COLLECTION. The table is written
to the path that SHUXIANG_READER_TABLE names, pictures of every reader into the folder that SHUXIANG_PICTURES names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.reading_room import watched
from tests.spine.openings import open_form
from tests.spine.table import Table
from tests.spine.terminals import TERMINALS, Terminal
from tests.spine.works import forms_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

    from tests.box import Box
    from tests.spine.works import Form

pytestmark = [pytest.mark.timeout(3600), pytest.mark.browser, pytest.mark.collection, pytest.mark.slow]

PICTURES = Path(os.environ["SHUXIANG_PICTURES"]) if "SHUXIANG_PICTURES" in os.environ else None
WRITTEN = os.environ.get("SHUXIANG_READER_TABLE", "")


@pytest.fixture(scope="module")
def table(real: Box, rows: list[dict[str, str]]) -> Iterator[Table]:
    """The table, filled by the tests and written when it is whole."""
    filled = Table(TERMINALS, [form for row in rows for form in forms_of(real, row["id"])])
    yield filled
    if WRITTEN and filled.whole:
        Path(WRITTEN).write_text(filled.markdown(), encoding="utf-8")


def read(context: BrowserContext, base: str, form: Form, terminal: Terminal, table: Table) -> None:
    """Read one form and put down what was seen, or why it could not be read."""
    page, seen = watched(context, base)
    picture = PICTURES / f"{terminal.name}-{form.name}.png" if PICTURES else None
    try:
        outcome = open_form(page, form, terminal, picture)
        bad = [*seen.outside, *seen.errors, *(["a dialog"] if seen.dialogs else [])]
        table.seen[form.name, terminal.name] = "; ".join(bad) or outcome
    except Exception as error:  # noqa: BLE001 - every resource is tried, the faults are told together
        table.seen[form.name, terminal.name] = f"{type(error).__name__}: {error}"[:600]
        if picture:
            page.screenshot(path=str(picture.with_suffix(".fault.png")))
    finally:
        page.close()


@pytest.mark.parametrize("terminal", TERMINALS, ids=lambda t: t.name)
def test_every_resource_is_read_to_its_end(
    real: Box, table: Table, terminal: Terminal, request: pytest.FixtureRequest
) -> None:
    browser = request.getfixturevalue(terminal.browser)
    table.versions[terminal.name] = browser.version
    with terminal.sitting(browser, real.url) as context:
        for form in table.forms:
            read(context, real.url, form, terminal, table)
    assert [fault for fault in table.faults if f" at {terminal.name}: " in fault] == []
    assert table.forms
