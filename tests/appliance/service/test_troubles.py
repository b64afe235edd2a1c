"""What a process keeps of its warnings and errors: where and what kind, never what about."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from appliance.service.troubles import (
    MAX_BYTES,
    SERVING,
    TOLD,
    WORKER,
    keep_troubles,
    read_troubles,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OURS, STRANGE = logging.getLogger("appliance.web.trial"), logging.getLogger("waitress.trial")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    for handler in set(root.handlers) - set(before):
        root.removeHandler(handler)
        handler.close()


def fail(about: str) -> None:
    raise PermissionError(13, about)


def test_a_trouble_has_place_class_number_and_calls_but_no_values(tmp_path: Path) -> None:
    keep_troubles(tmp_path, SERVING)
    try:
        fail("红楼梦 of 192.168.1.77")
    except PermissionError as error:
        try:
            raise ValueError("张三 searched") from error
        except ValueError:
            OURS.exception("a page of %s broke off", "张三")
    (line,) = read_troubles(tmp_path, 10)
    assert line["process"] == SERVING
    assert line["level"] == "ERROR"
    assert line["said"] == "a page of %s broke off"
    assert [error["class"] for error in line["errors"]] == ["builtins.ValueError", "builtins.PermissionError"]
    assert [error["errno"] for error in line["errors"]] == [0, 13]
    assert line["errors"][1]["calls"][-1].endswith(" fail")
    written = (tmp_path / "troubles-serving.jsonl").read_text("utf-8")
    for secret in ("张三", "红楼梦", "192.168"):
        assert secret not in written


def test_of_strangers_not_even_the_words_are_kept_and_of_errors_as_values_only_the_class(tmp_path: Path) -> None:
    keep_troubles(tmp_path, WORKER)
    STRANGE.error("Exception while serving /resources/secret-of-a-reader")
    OURS.warning("%s: cannot be read: %s", "secret", OSError(5, "secret"))
    OURS.info("nothing to keep")
    first, second = read_troubles(tmp_path, 10)
    assert (first["said"], first["where"].partition(":")[0]) == ("", "waitress.trial")
    assert second["errors"] == [{"class": "builtins.OSError", "errno": 5}]
    assert "secret" not in (tmp_path / "troubles-worker.jsonl").read_text()


def test_what_is_told_on_purpose_is_kept_each_time(tmp_path: Path) -> None:
    keep_troubles(tmp_path, SERVING)
    for number in ("1111-2222", "3333-4444"):
        OURS.error("%s on %s", number, "x", extra={TOLD: {"number": number}})
        OURS.warning("again and again")
    assert [line["told"].get("number", "") for line in read_troubles(tmp_path, 10)] == ["1111-2222", "", "3333-4444"]


def test_files_stay_small_and_torn_lines_and_other_files_are_passed_over(tmp_path: Path) -> None:
    keep_troubles(tmp_path, SERVING)
    for number in range(1200):
        OURS.error("x", extra={TOLD: {"number": str(number)}})
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert max(sizes) <= MAX_BYTES
    with (tmp_path / "troubles-serving.jsonl").open("ab") as file:
        file.write(b'{"at": "2026\n[1]\n\xff\n')
    found = read_troubles(tmp_path, 5)
    assert [line["told"]["number"] for line in found] == [str(n) for n in range(1195, 1200)]
    assert json.dumps(found)


def test_a_disk_that_is_not_there_is_no_trouble(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep_troubles(tmp_path / "away", SERVING)
    OURS.error("x")
    (tmp_path / "away").mkdir()
    OURS.error("y")
    assert [line["said"] for line in read_troubles(tmp_path / "away", 10)] == ["y"]
    assert "Traceback" not in capsys.readouterr().err
