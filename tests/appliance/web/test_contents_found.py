"""A hit in a line of the contents says which line, and leads to its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lxml.html
import pytest

from indexer.model import Access, ContentsEntry, item_id
from tests.appliance.web.holding import make_app, make_world, one

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

LINES = ("第一回 甄士隱夢幻識通靈", "第三回 <接外孫> 賈母惜孤女", "第四回 薄命女偏逢薄命郎")


def records():
    def contents(resource_id: str) -> tuple[ContentsEntry, ...]:
        own = item_id(resource_id, "part", "a.epub")
        return tuple(ContentsEntry(line, f"{own}#{n}" if n != 3 else "") for n, line in enumerate(LINES, 1))

    last = (ContentsEntry("补遗甲", f"{item_id('v', 'part', 'a.epub')}#7"),)
    return [
        one("h", "石头记", contents=contents("h")),
        one("p", "脂评本", contents=contents("p"), description="批语甚多，薄命之叹。"),
        one("s", "程乙本", contents=contents("s"), access=Access("none")),
        one("v", "抄本 卷一", parent="c", level="volume", seq=1, contents=last),
        one("c", "抄本", files=(), access=Access("none")),
    ]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder: Path = tmp_path_factory.mktemp("contents")
    with make_world(folder, records()) as world:
        yield make_app(world).test_client()


def whys(client: FlaskClient, query: str) -> dict[str, tuple[str, str, list[str], str]]:
    """Title → why, the line, what is marked in it, where it leads."""
    tree = lxml.html.document_fromstring(client.get("/search", query_string={"q": query}).text)
    found = {}
    for hit in tree.xpath("//article[contains(@class, 'hit')]"):
        (line,) = hit.xpath(".//p[@class='why']")
        why = "".join(b.text_content() for b in line.xpath("./b"))
        links = line.xpath("./a/@href")
        marks = [mark.text_content() for mark in line.xpath(".//mark")]
        rest = line.text_content().removeprefix(why)
        found[hit.xpath(".//h3")[0].text_content()] = (why.strip(), rest, marks, links[0] if links else "")
    return found


def test_the_line_is_shown_marked_and_leads_to_its_place(client: FlaskClient) -> None:
    found = whys(client, "贾母")
    why, line, marks, url = found["石头记"]
    assert (why, line, marks) == ("目录提到", LINES[1], ["賈母"])
    assert url == f"/read/h?item={item_id('h', 'part', 'a.epub')}&at=2"
    assert client.get(url).status_code == 200
    assert found["程乙本"][1:] == (LINES[1], ["賈母"], "")  # nobody may read it: no way to it


def test_the_line_with_most_of_what_was_asked_is_chosen(client: FlaskClient) -> None:
    assert whys(client, "薄命 偏逢")["石头记"][1:] == (LINES[2], ["薄命", "偏逢薄命"], "")
    assert whys(client, "识通灵")["石头记"][2] == ["識通靈"]


def test_a_description_that_holds_it_goes_first(client: FlaskClient) -> None:
    why, line, marks, _ = whys(client, "薄命")["脂评本"]
    assert (why, marks) == ("内容提要提到", ["薄命"])
    assert line.startswith("批语")


def test_of_a_collapsed_line_it_is_that_of_its_volume(client: FlaskClient) -> None:
    ((_, line, marks, url),) = whys(client, "补遗甲").values()
    assert (line, marks) == ("补遗甲", ["补遗甲"])
    assert url == f"/read/v?item={item_id('v', 'part', 'a.epub')}&at=7"
