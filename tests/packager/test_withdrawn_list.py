"""Two people withdraw resources and lift that again: the list, and what each signer refuses."""

from __future__ import annotations

import contextlib
import json
from datetime import date
from pathlib import Path

import pytest

from packager.authority import read_published
from packager.errors import NumberDiffersError, SigningError
from packager.request import Change, write_request
from packager.signing import approve, withdraw_resources
from packager.withdrawn_list import LIFT, WITHDRAW, with_parts, withdrawn_above
from tests.notices import delegate, notice
from tests.simulator import DAY, FastFiles, Publisher, passphrase

FILES = FastFiles()


@pytest.fixture
def national(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path / "national")


def test_with_parts_takes_everything_below_and_ends_in_a_ring() -> None:
    parents = {"s": "", "i": "s", "p": "i", "x": "", "a": "b", "b": "a"}
    assert with_parts(["s"], parents) == ["i", "p", "s"]
    assert with_parts(["i", "unheard-of"], parents) == ["i", "p", "unheard-of"]
    assert with_parts(["a"], parents) == ["a", "b"]


def test_withdrawn_above_is_the_nearest_and_ends_in_a_ring() -> None:
    parents = {"s": "", "i": "s", "p": "i", "a": "b", "b": "a"}
    assert withdrawn_above("p", parents, {"s", "i"}) == "i"
    assert withdrawn_above("p", parents, {"s", "p"}) == "s"
    assert withdrawn_above("s", parents, {"s"}) == ""
    assert withdrawn_above("a", parents, {"a"}) == ""


def withdrawn_in(publisher: Publisher) -> dict[str, dict[str, str]]:
    verified = read_published((publisher.keys / "tuf",), publisher.root).verified
    assert verified is not None
    lists = {name: json.loads(content) for name, content in verified.listed.items() if name.startswith("withdrawn/")}
    return {name: found["resources"] for name, found in lists.items()}


def test_withdraw_resources_adds_to_the_list_and_leaves_the_releases(national: Publisher, tmp_path: Path) -> None:
    work = national.release(1)
    box = national.box(tmp_path / "box")
    assert withdraw_resources(work, national.keys, passphrase, "national", ["b", "a"], DAY, FILES) == 2
    later = date(2027, 1, 2)
    withdraw_resources(work, national.keys, passphrase, "national", ["a", "c"], later, FILES)
    withdraw_resources(work, national.keys, passphrase, "children", ["d"], later, FILES)
    assert withdrawn_in(national) == {
        "withdrawn/children.json": {"d": "2027-01-02"},
        "withdrawn/national.json": {"a": "2026-11-22", "b": "2026-11-22", "c": "2027-01-02"},
    }
    trusted = box.offer(work / "tuf")
    assert trusted.withdrawn == {"a", "b", "c", "d"}
    assert [release.seq for release in trusted.releases] == [1]


@pytest.mark.parametrize("resources", [["a b"], ["../x"], [""], [f"r{n}" * 30 for n in range(20_000)]])
def test_withdraw_resources_with_bad_names_or_too_many_is_refused(national: Publisher, resources: list[str]) -> None:
    work = national.release(1)
    with pytest.raises(SigningError):
        withdraw_resources(work, national.keys, passphrase, "national", resources, DAY, FILES)
    assert withdrawn_in(national) == {}


@pytest.mark.parametrize(
    "contents",
    [
        {"withdrawn/national.json": '{"bundle":"national","resources":{"b":"2026-11-22"}}\n'},
        {"withdrawn/national.json": '{"bundle":"national","resources":{"a":"1999-01-01"}}\n'},
        {"withdrawn/national.json": "[]\n"},
        {},
        {"releases/national/1.json": '{"resources":{"a":"2026-11-22"}}\n'},
    ],
    ids=["one given back", "another day", "no list", "nothing", "a release"],
)
def test_approve_withdrawal_with_other_contents_is_refused(national: Publisher, contents: dict[str, str]) -> None:
    work = national.release(1)
    withdraw_resources(work, national.keys, passphrase, "national", ["a"], DAY, FILES)
    before = read_published((national.keys / "tuf",), national.root)
    write_request(work, before, Change(WITHDRAW, "national", 0, DAY.isoformat(), contents), FILES)
    with pytest.raises(NumberDiffersError):
        approve(work, national.keys, national.key("targets-1"), FILES)


@pytest.mark.parametrize(
    "contents",
    [
        {"withdrawn/national.json": '{"bundle":"national","lifted":{"c":2},"resources":{"a":"2026-11-22"}}\n'},
        {"withdrawn/national.json": '{"bundle":"national","lifted":{"b":1},"resources":{"a":"2026-11-22"}}\n'},
        {"withdrawn/national.json": '{"bundle":"national","lifted":{"b":3},"resources":{"a":"2026-11-22"}}\n'},
        {"withdrawn/national.json": '{"bundle":"national","resources":{"a":"2026-11-22"}}\n'},
        {"withdrawn/national.json": '{"bundle":"national","resources":{"a":"2026-11-22","b":"2026-11-22"}}\n'},
    ],
    ids=["another resource", "an older notice", "a notice to come", "the notice left out", "nothing"],
)
def test_approve_lifting_with_other_contents_is_refused(national: Publisher, contents: dict[str, str]) -> None:
    """`b` is withdrawn by two and by notice 2."""
    work = national.release(1)
    withdraw_resources(work, national.keys, passphrase, "national", ["a", "b"], DAY, FILES)
    delegate(national)
    notice(national, "b", publish=True)
    before = read_published((national.keys / "tuf",), national.root)
    good = '{"bundle":"national","lifted":{"b":2},"resources":{"a":"2026-11-22"}}\n'
    for contents_, wrong in ((contents, True), ({"withdrawn/national.json": good}, False)):
        write_request(work, before, Change(LIFT, "national", 0, DAY.isoformat(), contents_), FILES)
        with pytest.raises(NumberDiffersError) if wrong else contextlib.nullcontext():
            approve(work, national.keys, national.key("targets-1"), FILES)


def test_lifting_what_nothing_withdraws_is_refused(national: Publisher) -> None:
    work = national.release(1)
    withdraw_resources(work, national.keys, passphrase, "national", ["a"], DAY, FILES)
    for bundle, name in (("national", "b"), ("children", "a")):
        with pytest.raises(SigningError):
            withdraw_resources(work, national.keys, passphrase, bundle, [name], DAY, FILES, lift=True)
    assert withdrawn_in(national) == {"withdrawn/national.json": {"a": "2026-11-22"}}
