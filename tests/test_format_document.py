"""docs/format.md says what the code holds: limits, patterns, codes, features, members and closed lists."""

from __future__ import annotations

import importlib
import pkgutil
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

import packager.format
from indexer import model, peaks, sections, truth_lines
from indexer.canonical import Canonical
from indexer.errors import IndexFormatError, RecordError
from indexer.renditions import tilepack
from packager.audit.findings import FAULTS, NOTES
from packager.format import errors
from packager.format.baginfo import BAGIT
from packager.format.layout import TRUTH_NAMES
from packager.format.release import FEATURES, Release
from packager.format.repository import MAX_SIZE
from provisioning.roles import ROLES, WITHDRAWALS
from tests.vectors.cases import CASES
from tests.vectors.records import BIG

DOCUMENT = (Path(__file__).parents[1] / "docs/format.md").read_text("utf-8")


def table(head: str) -> list[list[str]]:
    """The cells of the table with this first line, without their backquotes."""
    found = re.search(rf"^{re.escape(head)}\n\|[-|: ]+\|\n((?:\|.*\n?)*)", DOCUMENT, re.M)
    assert found, head
    rows = ([cell.strip() for cell in row.strip().strip("|").split(" | ")] for row in found[1].splitlines())
    return [[cell.strip("`") if cell.count("`") == 2 else cell for cell in row] for row in rows]


def value_of(name: str) -> Any:
    """What `package.module.CONSTANT` or `package.module.CONSTANT.key` holds."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            value = value[part] if isinstance(value, dict) else getattr(value, part)
        return value
    raise AssertionError(name)


LIMITS = table("| Limit | Value | Constant |")
PATTERNS = table("| Pattern | Matches the whole | Constant |")


@pytest.mark.parametrize("row", LIMITS, ids=lambda row: row[2])
def test_limit_is_the_one_in_the_code(row: list[str]) -> None:
    assert int(row[1].replace(",", "")) == value_of(row[2])


@pytest.mark.parametrize("row", PATTERNS, ids=lambda row: row[2])
def test_pattern_is_the_one_in_the_code(row: list[str]) -> None:
    assert value_of(row[2]).pattern == row[1] + r"\Z"


def test_every_limit_of_the_format_is_documented() -> None:
    modules = [
        importlib.import_module(f"packager.format.{m.name}") for m in pkgutil.iter_modules(packager.format.__path__)
    ]
    found = set()
    for module in (*modules, sections, peaks, tilepack):
        source = Path(str(module.__file__)).read_text("utf-8")
        for names in re.findall(r"^(MAX_\w+(?:, MAX_\w+)*)(?:: \w+)? = ", source, re.M):
            found |= {f"{module.__name__}.{name}" for name in names.split(", ")}
    found -= {"packager.format.repository.MAX_SIZE"}
    found |= {f"packager.format.repository.MAX_SIZE.{role}" for role in MAX_SIZE}
    assert len(found) > 30
    assert found - {row[2] for row in LIMITS} == set()
    assert value_of("indexer.truth_lines.MAX_LINE") == truth_lines.MAX_LINE


def test_refusals_are_the_errors_of_the_code_with_their_sentences() -> None:
    refusals = {row[0]: row[1] for row in table("| Code | Sentence | When | A reader MUST |")}
    found = {
        kind.code: kind.sentence
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.TrustError) and kind is not errors.TrustError
    }
    assert refusals == found


def test_errors_of_single_files_are_those_of_the_code() -> None:
    documented = {row[0] for row in table("| Code | When | A reader MUST |")}
    plain = {errors.FormatError, errors.LayoutError, errors.DigestError, errors.TooLargeError, errors.TrustError}
    assert documented == {kind.code for kind in (*plain, RecordError, IndexFormatError)}


def test_every_error_says_what_a_reader_must_do() -> None:
    for head in ("| Code | Sentence | When | A reader MUST |", "| Code | When | A reader MUST |"):
        assert all(len(row) == head.count("|") - 1 and row[-1] for row in table(head))


def test_findings_are_those_of_the_code() -> None:
    documented = {code: (kind, words) for code, kind, words in table("| Code | Kind | Found when |")}
    expected = {code: ("fault", words) for code, words in FAULTS.items()}
    assert documented == {**expected, **{code: ("note", words) for code, words in NOTES.items()}}


def test_features_are_those_of_the_code() -> None:
    assert {row[0] for row in table("| Feature | A reader |")} == FEATURES


def test_release_members_are_those_of_the_code() -> None:
    start = DOCUMENT.index("### 1.3 Release")
    rows = re.findall(r"^\| `(\w+)` \|", DOCUMENT[start : DOCUMENT.index("| Feature |", start)], re.M)
    assert sorted(rows) == sorted(f.name for f in fields(Release))


def test_golden_cases_are_those_of_the_tree() -> None:
    start = DOCUMENT.index("| File | Reads | More members |")
    rows = dict(
        re.findall(r"^\| `([\w-]+)` \| [^|]*\| (.*)\|$", DOCUMENT[start : DOCUMENT.index("## 5.", start)], re.M)
    )
    assert set(rows) == set(CASES)
    for name, cases in CASES.items():
        found = {member for case in cases for member in case} - {"name", "input", "base64", "expand", "ok", "code"}
        assert found == set(re.findall(r"`(\w+)`", rows[name])), name
    assert f"with {len(BIG)}\nbytes" in DOCUMENT


def test_truth_files_and_bagit_txt_are_those_of_the_code() -> None:
    assert sorted(row[0] for row in table("| File | Form | Bound |")) == list(TRUTH_NAMES)
    assert f"bagit.txt is these {len(BAGIT)} bytes" in DOCUMENT
    assert "BagIt-Version: 1.0 LF Tag-File-Character-Encoding: UTF-8 LF" in DOCUMENT


def test_roles_of_metadata_are_those_of_the_code() -> None:
    sizes = {"512 KiB": 512 << 10, "5 MB": 5_000_000, "2 MB": 2_000_000, "16 KiB": 16 << 10, "64 KiB": 64 << 10}
    rows = table("| Role | Keys | Must sign | Kept | Size at most |")
    assert [(row[0], int(row[1]), int(row[2]), sizes[row[4]]) for row in rows] == [
        (role.name, role.keys, role.threshold, MAX_SIZE[role.name]) for role in (*ROLES, WITHDRAWALS)
    ]


# — records —

SHAPES: dict[str, type[Canonical]] = {
    name: kind for name, kind in vars(model).items()
    if isinstance(kind, type) and issubclass(kind, Canonical) and kind is not Canonical
}  # fmt: skip


def members(name: str) -> list[list[str]]:
    head = r"[^\n]*\n\n\| Member \| Type \| Default \| Meaning \|\n\|[-|]+\|\n"
    found = re.search(rf"\({name}\){head}((?:\|.*\n)*)", DOCUMENT)
    assert found, name
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in found[1].splitlines()]


def words_of(hint: str) -> str:
    plain = {"str": "text", "int": "integer", "bool": "true or false", "int | None": "integer or null"}
    listed = re.fullmatch(r"tuple\[(\w+), \.\.\.\]", hint)
    if listed:
        return "list of texts" if listed[1] == "str" else f"list of {listed[1]}"
    return plain.get(hint, hint.replace(" | None", " or null"))


def default_of(field: Any) -> str:
    if field.default is MISSING:
        return "required" if field.default_factory is MISSING else "all at default"
    if isinstance(field.default, bool):
        return str(field.default).lower()
    return "null" if field.default is None else "empty" if field.default in ("", ()) else str(field.default)


@pytest.mark.parametrize("name", SHAPES)
def test_members_of_records_are_those_of_the_code(name: str) -> None:
    expected = [[f.name.rstrip("_"), words_of(str(f.type)), default_of(f)] for f in fields(SHAPES[name])]  # type: ignore[arg-type]
    assert [row[:3] for row in members(name)] == expected


def test_closed_lists_are_those_of_the_code() -> None:
    documented = {name: re.findall(r"[^\s`]+", values) for name, values in table("| List | Values |")}
    assert documented == {
        "type": [*model.TYPES], "level": [*model.LEVELS], "item role": [*model.ITEM_ROLES], "flag": [*model.ITEM_FLAGS],
        "scope": [*model.SCOPES], "certainty": [*model.CERTAINTIES], "audience": [*model.AUDIENCES],
        "creator role": [*model.CREATOR_ROLES],
    }  # fmt: skip
    assert [row[0] for row in table("| Flag | The packager found |")] == [*model.ITEM_FLAGS]
