from __future__ import annotations

from pathlib import Path

import pytest

from indexer.cli import main
from tests.indexer.shelf import resource, write_truth

RECORDS = [resource("a1", "紅樓夢研究", readable=False), resource("a2", "山水", description="书中说到红楼梦的人")]


@pytest.fixture
def built(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    write_truth(tmp_path / "meta", RECORDS)
    assert main(["build", str(tmp_path / "meta"), str(tmp_path / "out")]) == 0
    told = capsys.readouterr().out
    assert "目录 2 条，文件 1 个" in told
    assert "索引 2 条" in told
    return tmp_path / "out"


def test_search_prints_hits_with_marks_and_facets(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", str(built), "红楼梦"]) == 0
    told = capsys.readouterr().out
    assert "共 2 条" in told
    assert "【紅樓夢】研究" in told
    assert "书中说到【红楼梦】的人" in told
    assert "类型：book 2" in told


def test_search_takes_filters_and_pages(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", str(built), "", "--type", "video", "--sort", "title", "--page", "2"]) == 0
    assert "共 0 条" in capsys.readouterr().out


def test_build_into_a_used_folder_says_so(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(built.parent / "meta"), str(built)]) == 1
    assert "未完成" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["search", "none", "x"], ["build", "none", "out"]])
def test_missing_folder_says_so(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    assert "未完成" in capsys.readouterr().err


def test_search_bad_page_says_which_value(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", str(built), "x", "--page", "0"]) == 1
    assert "page" in capsys.readouterr().err


def test_no_command_is_an_error() -> None:
    with pytest.raises(SystemExit):
        main([])
