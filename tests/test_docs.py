"""What the documents say is what the tree holds: settings, commands, codes, addresses, targets, paths, decisions."""

from __future__ import annotations

import argparse
import functools
import importlib
import os
import pkgutil
import re
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest

import appliance
import appliance.cli
import indexer
import indexer.cli
import packager
import packager.cli
import provisioning
import provisioning.cli
from appliance.app import create_app
from appliance.clock import FixedClock
from appliance.settings import Settings, settings_from

ROOT = Path(__file__).resolve().parent.parent
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ROOMS = "appliance|benchmarks|docs|image|indexer|packager|provisioning|requirements|tests|tools"
SECTIONS = {
    "The box": "appliance",
    "Drives and trust": "packager.format",
    "Records, indexes and words": "indexer provisioning",
    "Building and signing (national side)": "packager",
}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(document: str, heading: str) -> str:
    """From a heading to the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    found = re.search(rf"^{re.escape(heading)}$\n(.*?)(?=^#{{1,{level}}} |\Z)", document, re.M | re.S)
    assert found, f"no section {heading!r}"
    return found.group(1)


def first_cells(table: str) -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", table, re.M))


# — settings and state —


def test_settings_are_documented_and_nothing_else():
    assert first_cells(section(text("docs/operations.md"), "## Settings")) == {f.name for f in fields(Settings)}


def test_settings_of_state_are_in_the_table_of_state(tmp_path):
    settings = settings_from({"data_folder": "d", "root_file": "r"}, base=tmp_path)
    names = [n for n in dir(Settings) if n.endswith(("_folder", "_file", "_path")) and n != "root_file"]
    paths = [path for name in names if isinstance(path := getattr(settings, name), Path)]
    state = {path.name for path in paths if path.parent == settings.data_folder}
    documented = {cell.split("/")[0] for cell in first_cells(section(text("docs/operations.md"), "## State"))}
    assert len(state) >= 9
    assert state <= documented


# — error codes —


def error_classes() -> dict[type[Exception], str]:
    """Every exception of ours that has a code of its own, with the package it belongs to."""
    found: dict[type[Exception], str] = {}
    for package in (appliance, indexer, packager, provisioning):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "errors" not in module.name.rsplit(".", 1)[-1]:
                continue
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, type) and issubclass(value, Exception) and "code" in vars(value):
                    room = value.__module__
                    if room.split(".")[0] in ROOMS.split("|"):
                        found[value] = "packager.format" if room.startswith("packager.format.") else room.split(".")[0]
    return found


@pytest.mark.parametrize("heading", SECTIONS)
def test_error_codes_are_documented_and_nothing_else(heading):
    rooms = SECTIONS[heading].split()
    codes = {kind.code for kind, room in error_classes().items() if room in rooms}  # type: ignore[attr-defined]
    assert first_cells(section(text("docs/operations.md"), f"### {heading}")) == codes


def test_error_codes_are_found_where_they_are_defined():
    """The walk above sees every module: the same count as a search of the source."""
    lines = [
        line
        for room in ("appliance", "indexer", "packager", "provisioning")
        for path in (ROOT / room).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.match(r'    code(: .+)? = "', line)
    ]
    assert len(lines) == len(error_classes())


# — command lines —


def leaves(parser: argparse.ArgumentParser, words: str) -> dict[str, argparse.ArgumentParser]:
    """Commands that do something, by their words."""
    branches = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not branches:
        return {words: parser}
    return {k: v for name, sub in branches[0].choices.items() for k, v in leaves(sub, f"{words} {name}").items()}


COMMANDS = {
    words: parser
    for program, module in (
        ("appliance", appliance.cli),
        ("packager", packager.cli),
        ("provisioning", provisioning.cli),
        ("indexer", indexer.cli),
    )
    for words, parser in leaves(module._parser(), program).items()
}


def test_commands_are_documented_and_nothing_else():
    commands = section(text("docs/operations.md"), "## Commands")
    assert set(re.findall(r"^### (.+)$", commands, re.M)) == set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_command_has_its_arguments_and_an_example_documented(words):
    documented = section(text("docs/operations.md"), f"### {words}")
    actions = [a for a in COMMANDS[words]._actions if not isinstance(a, argparse._HelpAction)]
    expected = {a.option_strings[0] if a.option_strings else a.dest.upper() for a in actions}
    assert {cell.split()[0] for cell in first_cells(documented)} == expected
    assert f"\n    {words} " in f"\n{documented}"


@pytest.mark.parametrize("words", COMMANDS)
def test_command_examples_can_be_parsed(words):
    lines = re.findall(rf"^    {words} (.*)$", section(text("docs/operations.md"), f"### {words}"), re.M)
    assert lines
    for line in lines:
        COMMANDS[words].parse_args(re.split(r" {2,}#|;", line)[0].split())


# — addresses for programs —


def test_addresses_for_programs_are_documented_and_nothing_else(tmp_path):
    settings = settings_from({"data_folder": "d", "root_file": "r"}, base=tmp_path)
    settings.data_folder.mkdir()
    app = create_app(settings, SimpleNamespace(clock=FixedClock()))  # type: ignore[arg-type]
    rules = {
        re.sub(r"<(?:\w+:)?(\w+)>", lambda m: "ITEM" if m[1] == "item_id" else "ID", rule.rule)
        for rule in app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] in {"api", "items"}
    }
    document = text("docs/api.md")
    named = {*re.findall(r"^## (?:[A-Z]+, )*[A-Z]+ (/\S+)$", document, re.M), *re.findall(r"`(/[^`\s]*)`", document)}
    assert {rule for rule in rules if rule not in named} == set()
    assert {address for address in named if address not in rules} == set()


# — make —


def test_make_targets_are_documented_and_nothing_else():
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.M))
    table = section(text("docs/operations.md"), "## From a checkout")
    assert {cell.removeprefix("make ") for cell in first_cells(table)} == targets
    for document in DOCS:
        used = re.findall(r"(?:`|^    )make ([a-z-]+)", document.read_text(encoding="utf-8"), re.M)
        assert set(used) <= targets, document.name


# — paths, modules, tests —


@functools.cache
def tree() -> tuple[frozenset[str], str]:
    """Names of all files of the tree, and the text of all tests."""
    names, tests = set(), []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [f for f in folders if not f.startswith(".") and f not in {"node_modules", "build", "dist"}]
        names |= set(files)
        if Path(folder).is_relative_to(ROOT / "tests"):
            tests += [(Path(folder) / f).read_text(encoding="utf-8") for f in files if f.endswith(".py")]
    return frozenset(names), "\n".join(tests)


def is_there(name: str) -> bool:
    """Whether `room/path` or `room.module.attribute` is in the tree."""
    if "/" in name:
        return any(ROOT.glob(name.rstrip("/"))) if "*" in name else (ROOT / name).exists()
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:end])
        module = path.with_name(path.name + ".py")
        if module.exists() or path.is_dir():
            source = module if module.exists() else path / "__init__.py"
            return end == len(parts) or (source.exists() and parts[end] in source.read_text(encoding="utf-8"))
    return False


def claims(document: str) -> set[str]:
    """Everything in code spans and code lines that names a place of the tree."""
    code = "\n".join([*re.findall(r"`([^`\n]+)`", document), *re.findall(r"^    .*$", document, re.M)])
    return {c.rstrip(".") for c in re.findall(rf"(?<![\w./-])(?:{ROOMS})(?:[./][\w*-]+)+/?", code)}


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_places_that_a_document_names_are_there(document):
    content = document.read_text(encoding="utf-8")
    assert {claim for claim in claims(content) if not is_there(claim)} == set()


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_files_and_tests_that_a_document_names_are_there(document):
    content = document.read_text(encoding="utf-8")
    names, tests = tree()
    files = set(re.findall(r"`([\w.-]+\.(?:py|js|sh|md))`", content))
    assert files - names == set()
    for named in re.findall(r"`(test_\w+)(…?)`", content):
        assert re.search(rf"def {named[0]}{'' if named[1] else r'[(]'}", tests), named


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_links_of_a_document_lead_somewhere(document):
    content = document.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([^)#\s:]*)(?:#([^)\s]+))?\)", content):
        path = document.parent / target if target else document
        assert path.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


# — decisions —


def test_decisions_are_numbered_in_a_row_and_in_the_index():
    folder = ROOT / "docs/adr"
    decisions = sorted(path.name for path in folder.glob("*.md") if path.name != "README.md")
    assert [name[:5] for name in decisions] == [f"{n:04}-" for n in range(1, len(decisions) + 1)]
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\d{4}-[^)]+)\)", index) == decisions
    for name in decisions:
        content = (folder / name).read_text(encoding="utf-8")
        title = content.split("\n", 1)[0]
        assert title.startswith(f"# {name[:4]}: ")
        assert "\nStatus: " in content
        assert title.split(": ", 1)[1] in index, f"the index calls {name} by another title"
