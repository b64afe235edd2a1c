"""Names of classes from a source folder to a reader's page, through a signed drive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.box import Box, make_drive, make_keys, running

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(600)


def test_names_of_classes_come_with_the_drive(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "catalogue.csv").write_text(
        "id,title,classes\na,离骚,sibu:楚辞类\nb,文选,sibu:总集类\nc,史记,sibu:史部\n"
    )
    (source / "classes.csv").write_text(
        "scheme,code,name,parent\nsibu,,四部分类法,\nsibu,集部,集部,\nsibu,楚辞类,楚辞,集部\nsibu,总集类,总集,集部\n"
    )
    keys = make_keys(tmp_path / "keys")
    make_drive(source, tmp_path / "work", keys, tmp_path / "drive")
    with running(Box(tmp_path / "box", keys / "root.json", [tmp_path / "drive"])) as box:
        box.wait_resources(3)
        found = box.search("", tree="sibu:集部")
        assert {hit["title"] for hit in found["hits"]} == {"离骚", "文选"}
        assert {value["value"] for value in found["facets"]["tree"]} == {
            "sibu:集部", "sibu:楚辞类", "sibu:总集类", "sibu:史部",
        }  # fmt: skip
        page = box.get("/search?tree=sibu:%E9%9B%86%E9%83%A8").text
        assert "四部分类法" in page
        assert "楚辞" in page
