"""Pictures that a web page shows, found by their addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.roles import Figure, FileFact, infer_roles
from packager.figures import figures_of

if TYPE_CHECKING:
    from pathlib import Path

PICTURES = ("web/pic.PNG", "web/img/图 一.jpg", "other.gif", "web/unused.png")


def found(tmp_path: Path, page: str, encoding: str = "utf-8") -> dict[str, Figure]:
    path = tmp_path / "page.html"
    path.write_bytes(page.encode(encoding, "surrogatepass"))
    facts = [FileFact("web/page.html", "text/html", 1), *(FileFact(p, "image/png", 1) for p in PICTURES)]
    return figures_of(facts, {"web/page.html": path})


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ('<img src="pic.png">', {"web/pic.PNG": "pic.PNG"}),
        ("<p><IMG alt='x' SRC='./pic.png?a=1#b'></p>", {"web/pic.PNG": "pic.PNG"}),
        ('<img src="img/%E5%9B%BE%20%E4%B8%80.jpg">', {"web/img/图 一.jpg": "img/图 一.jpg"}),
        ('<img src="img/图 一.jpg">', {"web/img/图 一.jpg": "img/图 一.jpg"}),
        ('<img src="../other.gif">', {"other.gif": "../other.gif"}),
        ('<svg><image xlink:href="pic.png"/></svg>', {"web/pic.PNG": "pic.PNG"}),
        ('<img src="http://x/web/pic.png"><img src="//x/pic.png"><img src="/pic.png"><img src="../../pic.png">', {}),
        ("<a href='pic.png'>no picture</a> src=\"pic.png\"", {}),
        ('<img src="http://[">', {}),
    ],
)
def test_figures_of_addresses(tmp_path: Path, page: str, shown: dict[str, str]) -> None:
    assert {path: figure.address for path, figure in found(tmp_path, page).items()} == shown


def test_figures_of_a_page_in_gb18030(tmp_path: Path) -> None:
    assert list(found(tmp_path, '<p>学而时习之</p><img src="img/图 一.jpg">', "gb18030")) == ["web/img/图 一.jpg"]


def test_infer_roles_figures_are_no_pages_and_the_others_stay() -> None:
    facts = [FileFact("web/page.html", "text/html", 1), *(FileFact(p, "image/png", 1) for p in PICTURES)]
    plans = infer_roles(facts, "book", {"web/pic.PNG": Figure("web/page.html", "pic.PNG")})
    [figure] = [p for p in plans if p.role == "figure"]
    assert (figure.path, figure.of, figure.label) == ("web/pic.PNG", "web/page.html", "pic.PNG")
    assert {p.path for p in plans if p.role == "page"} == set(PICTURES) - {"web/pic.PNG"}


@given(st.text(alphabet="<img src=\"'=./%图%20 >http:", max_size=60))
def test_figures_of_any_text_never_raises(tmp_path_factory: pytest.TempPathFactory, page: str) -> None:
    found(tmp_path_factory.mktemp("page"), page)
