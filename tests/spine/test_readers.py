"""One work of every kind that the real collection holds, read to its end in four ways: the table's test in short.

`tests/spine/test_reader_table.py` does the same with every resource.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.reading_room import watched
from tests.spine.openings import open_form
from tests.spine.terminals import TERMINALS, Terminal
from tests.spine.works import forms_of

if TYPE_CHECKING:
    from tests.box import Box
    from tests.spine.works import Form

pytestmark = [pytest.mark.timeout(600), pytest.mark.browser, pytest.mark.collection]


@pytest.fixture(scope="module")
def one_of_each(real: Box, rows: list[dict[str, str]]) -> list[Form]:
    """The first form of every kind."""
    found: dict[str, Form] = {}
    for row in rows:
        for form in forms_of(real, row["id"], without=found):
            found.setdefault(form.kind, form)
    return list(found.values())


@pytest.mark.parametrize("terminal", TERMINALS, ids=lambda t: t.name)
def test_collection_one_work_of_every_kind_is_read_to_its_end(
    real: Box, one_of_each: list[Form], terminal: Terminal, request: pytest.FixtureRequest
) -> None:
    assert one_of_each
    with terminal.sitting(request.getfixturevalue(terminal.browser), real.url) as context:
        for form in one_of_each:
            page, seen = watched(context, real.url)
            open_form(page, form, terminal)
            assert (seen.outside, seen.errors, seen.dialogs) == ([], [], 0), form.name
            page.close()
