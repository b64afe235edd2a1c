"""What a duplicating house gets, and the planner's words."""

from __future__ import annotations

import json
import subprocess

import pytest

from packager.cli import DONE, NOT_DONE, main
from packager.production.facts import read_facts
from packager.production.serials import following, spaced
from tests.packager.production.conftest import need_programs

FIRST = "SX2600000011"


@pytest.fixture(scope="module")
def package(signed, tmp_path_factory):
    need_programs()
    folder = tmp_path_factory.mktemp("factory")
    arguments = ["--lot", "40", "--aql", "4.0", "--serial", FIRST, "--sample", str(folder / "sample.txt")]
    assert main(["factory", str(signed), str(folder / "out"), *arguments]) == DONE
    return folder


def test_package_holds_what_the_house_needs_and_not_the_sample(package):
    names = {path.name for path in (package / "out").iterdir()}
    assert names == {
        "drive.img", "drive.img.json", "SHA256SUMS", "serials.csv", "labels.html", "sampling.json", "instructions.txt",
    }  # fmt: skip


def test_digest_is_checked_by_the_usual_program(package):
    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=package / "out", capture_output=True, check=True)
    assert done.stdout == b"drive.img: OK\n"


def test_sampling_is_told_and_drawn(package):
    plan = json.loads((package / "out/sampling.json").read_text("utf-8"))
    assert (plan["lot"], plan["check"], plan["accept"], plan["reject"], plan["code_letter"]) == (40, 13, 1, 2, "E")
    assert plan["image_sha256"] == read_facts(package / "out/drive.img").sha256
    drawn = (package / "sample.txt").read_text("ascii").split("\n")[:-1]
    assert len(drawn) == 13
    assert set(drawn) <= {spaced(serial) for serial in following(FIRST, 40)}
    text = (package / "out/instructions.txt").read_bytes().decode()
    assert "抽检 13 块" in text
    assert "不相符 1 块及以下整批接收，2 块及以上整批退回" in text
    assert plan["image_sha256"] in text


def test_every_number_has_its_label(package):
    page = (package / "out/labels.html").read_text("utf-8")
    for serial in following(FIRST, 40):
        assert page.count(f"<b>{spaced(serial)}</b>") == 1
    assert (package / "out/serials.csv").read_text("utf-8-sig").count("\n") == 41


def test_sample_inside_of_the_package_and_wrong_numbers_are_refused(signed, tmp_path, capsys):
    arguments = ["factory", str(signed), str(tmp_path / "out"), "--lot", "40"]
    assert main([*arguments, "--serial", FIRST, "--sample", str(tmp_path / "out/s.txt")]) == NOT_DONE
    assert "代制厂" in capsys.readouterr().err
    assert main([*arguments, "--serial", "SX2600000012"]) == NOT_DONE
    assert not (tmp_path / "out").exists()


def test_plan_command_tells_hours_days_and_shifts(capsys):
    arguments = ["plan", "--drives", "2900", "--bytes", "4TB", "--bays", "8", "--rate", "180"]
    assert main(arguments) == DONE
    said = capsys.readouterr().out
    assert "一轮 8 块，写入并读回复检 12.3 小时；共 370 轮" in said
    assert "1 个工位：上班 370 天" in said
    assert "19 个班" in said
    assert "若 8 个工位" in said
    assert main([*arguments, "--shift", "25"]) == NOT_DONE
