"""What each process of the box loads: a library that it does not need is memory of every box for ever."""

from __future__ import annotations

import subprocess
import sys

import pytest

HOSTILE = {"PIL", "pyvips", "pypdfium2", "soundfile", "pymediainfo", "fontTools"}
"""What takes hostile files apart belongs in the children of renditions alone."""
BUILDING = {"pypinyin", "reportlab", "markdown_it"}
NEVER = HOSTILE | BUILDING | {"multiprocessing", "unittest", "pytest"}

PROCESSES = {
    "appliance.cli, appliance.keeping, appliance.worker_keeping, appliance.grounding, appliance.service.asking, "
    "appliance.service.notify, appliance.service.watchdog, appliance.service.journal": NEVER
    | {"numpy", "sqlite3", "cryptography", "tuf", "flask", "ssl", "http", "email", "indexer", "packager"},
    "appliance.worker": NEVER | {"numpy", "whoosh", "sqlite_utils", "opencc", "flask", "jinja2", "waitress", "lxml"},
    "appliance.serving_process": NEVER | {"tuf", "securesystemslib", "cryptography", "urllib3", "watchdog"},
}


@pytest.mark.parametrize("modules", PROCESSES)
def test_process_loads_no_library_that_it_does_not_need(modules: str) -> None:
    code = f"import sys, {modules}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    assert "appliance" in loaded
    assert loaded & PROCESSES[modules] == set()


def test_titles_of_other_scripts_are_sorted_without_the_tables_of_chinese_sounds() -> None:
    code = (
        "import sys; from indexer.text.titles import title_sort; title_sort('Nature 12');"
        "before = 'pypinyin' in sys.modules;"
        "title_sort('重庆'); print(before, 'pypinyin' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False", "True"]
