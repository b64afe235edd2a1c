"""The table of docs/fuzzing.md: a run renews its own row and nothing else."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.report import Result, write_report

_MORE = "\n## What was found\n\n| target | fault | mended |\n|---|---|---|\n| `items` | a fault | a bound |\n"


def result(name: str, finding: str = "") -> Result:
    return Result(name, "2026-11-26", 600, 412, 9_000, 10, 20, 25, 5, 0.002, 77, 151, finding)


def test_write_report_renews_one_row_and_leaves_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "fuzzing.md"
    write_report(path, [result("items"), result("manifest")])
    path.write_text(path.read_text("utf-8") + "| `not-there-yet` | x |\n" + _MORE, "utf-8")
    before = path.read_text("utf-8")
    write_report(path, [result("manifest", "ValueError: a|b")])
    after = path.read_text("utf-8")
    manifest, changed = (
        next(line for line in text.splitlines() if line.startswith("| `manifest`")) for text in (before, after)
    )
    assert after == before.replace(manifest, changed)
    assert "| 600 | 412 | 9,000 | 10 |" in changed
    assert changed.endswith("| ValueError: a/b |")
    assert after.index("| `manifest`") < after.index("| `items`") < after.index("| `not-there-yet`")
